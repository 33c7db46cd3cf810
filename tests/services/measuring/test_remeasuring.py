"""Measuring again: a corrected reader makes new revisions where it sees something else, and only there."""

import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import psycopg
import pytest

from models.criteria.finding import LesionFinding, LesionRole, LesionState
from stream.measured_scan import KeySlice, MeasuredScan, TumourPresence
from stream.png import png
from stream.services.facts.identity_events import IdentityEvent, accept_identity
from stream.services.folding.reconcile import Reconciler
from stream.services.measuring.remeasuring import RemeasuredScan, remeasure, standing
from stream.storage.intake.measurements import CompleteScan
from tests.database import Database
from tests.services import accepted_facts as accepted_facts
from tests.services.arrivals import Arrivals, note, report
from tests.services.receipts import received

FILES = {name: received(report(name)).sha256 for name in ("s1", "s2", "s3")}


@pytest.fixture
def arrivals(database: Database) -> Arrivals:
    arrivals = Arrivals(database, {"s1/r": 10.0, "s2/r": 20.0, "s3/r": 30.0})
    arrivals.bring(report("s1"))
    arrivals.bring(report("s2"))
    arrivals.bring(report("s3", patient="PB"))
    return arrivals


def again(arrivals: Arrivals, patient: str | None = None, missing: str = "") -> list[RemeasuredScan]:
    """Measure what stands again, and fold what changed."""
    with ThreadPoolExecutor(1) as readers:
        revisions = standing(arrivals.worker, patient)
        done = remeasure(arrivals.worker, revisions, arrivals.read, lambda sha256: sha256 == missing, "", readers)
    arrivals.fold(*(one.scan_uid for one in done if one.what == "changed"))
    accepted_facts.assert_sound(arrivals.worker)
    return done


def test_where_the_values_come_out_the_same_nothing_changes(arrivals: Arrivals) -> None:
    before = accepted_facts.standing(arrivals.worker)
    assert [(one.scan_uid, one.what) for one in again(arrivals)] == [("s1", "same"), ("s2", "same"), ("s3", "same")]
    assert accepted_facts.standing(arrivals.worker) == before


def test_a_corrected_reader_makes_a_new_revision_that_equals_having_read_it_right_at_first(
    arrivals: Arrivals, database: Database
) -> None:
    arrivals.sizes[FILES["s1"]] = 12.5
    assert [(one.scan_uid, one.revision, one.what) for one in again(arrivals)] == [
        ("s1", 1, "changed"),
        ("s2", 1, "same"),
        ("s3", 1, "same"),
    ]
    query = "SELECT revision, completeness, final_at IS NOT NULL FROM core.revisions WHERE scan_uid = 's1' ORDER BY 1"
    assert arrivals.worker.execute(query).fetchall() == [(1, "single_sr", True), (2, "single_sr", True)]
    ended = "SELECT DISTINCT superseded_because FROM scanstream.risk_history WHERE superseded_at IS NOT NULL"
    # s1 and s2 are of one day: the second came late into the visit of the first
    assert set(arrivals.worker.execute(ended).fetchall()) == {("late",), ("revision",)}
    risks = (
        "SELECT scan_uid, endpoint, horizon_days, risk FROM core.forecasts WHERE superseded_by IS NULL ORDER BY 1, 2, 3"
    )
    here = arrivals.worker.execute(risks).fetchall()
    assert {one.what for one in again(arrivals)} == {"same"}
    database.empty()
    right = Arrivals(database, {"s1/r": 12.5, "s2/r": 20.0, "s3/r": 30.0})
    for one in (report("s1"), report("s2"), report("s3", patient="PB")):
        right.bring(one)
    assert right.worker.execute(risks).fetchall() == here


def test_where_only_findings_come_out_otherwise_they_are_a_new_revision(arrivals: Arrivals) -> None:
    measured = arrivals.read

    def corrected(scan: CompleteScan) -> MeasuredScan:
        marked = (LesionFinding("lesion-0", LesionState.MEASURED, role=LesionRole.TARGET, long_axis_mm=10.0),)
        return replace(measured(scan), findings=marked if scan.scan_uid == "s1" else ())

    arrivals.read = corrected
    assert [one.what for one in again(arrivals)] == ["changed", "same", "same"]
    query = "SELECT revision, lesions::text FROM core.findings WHERE scan_uid = 's1' ORDER BY 1"
    first, second = arrivals.worker.execute(query).fetchall()
    assert '"role"' not in first[1]
    assert '"role":"target"' in second[1]
    assert [one.what for one in again(arrivals)] == ["same", "same", "same"]


SHOWN = KeySlice("lesion-0", png(np.full((2, 3), 7, np.uint8)), 3, 2, 0.5, "axial", 4, 9, 80.0, "s1/i")


def shows(arrivals: Arrivals, *shown: KeySlice) -> None:
    """Have the files of s1 show these key slices from now on."""
    read = type(arrivals).read.__get__(arrivals)
    arrivals.read = lambda scan: replace(read(scan), key_slices=shown if scan.scan_uid == "s1" else ())


def key_slices(arrivals: Arrivals) -> list[tuple[int, bytes]]:
    return arrivals.worker.execute("SELECT revision, png FROM scanstream.key_slice ORDER BY 1").fetchall()


def test_where_only_a_key_slice_comes_out_otherwise_it_is_of_a_new_revision(arrivals: Arrivals) -> None:
    shows(arrivals, SHOWN)
    assert [one.what for one in again(arrivals)] == ["changed", "same", "same"]
    other = SHOWN._replace(png=png(np.full((2, 3), 8, np.uint8)))
    shows(arrivals, other)
    assert [one.what for one in again(arrivals)] == ["changed", "same", "same"]
    assert key_slices(arrivals) == [(2, SHOWN.png), (3, other.png)]
    shows(arrivals)
    assert [one.what for one in again(arrivals)] == ["changed", "same", "same"]
    assert [revision for revision, _ in key_slices(arrivals)] == [2, 3]


def test_a_key_slice_goes_where_its_scan_goes(arrivals: Arrivals) -> None:
    shows(arrivals, SHOWN)
    again(arrivals)
    accept_identity(arrivals.worker, IdentityEvent("merge", "merge", "PA", "PB", None, "someone"))
    accepted_facts.apply_identity(arrivals.worker, Reconciler(arrivals.worker, accepted_facts.forecasters()))
    whose = "SELECT patient_id, scan_uid, lesion_label, longest_diameter_mm FROM scanstream.key_slice"
    assert arrivals.worker.execute(whose).fetchall() == [("PB", "s1", "Nodule", 10.0)]


def test_the_same_pixels_packed_by_another_library_are_the_same_key_slice(arrivals: Arrivals) -> None:
    shows(arrivals, SHOWN)
    again(arrivals)
    file, start = SHOWN.png, SHOWN.png.index(b"IDAT")
    packed = zlib.compress(zlib.decompress(file[start + 4 : -16]), level=0)
    chunk = struct.pack(">I", len(packed)) + b"IDAT" + packed + struct.pack(">I", zlib.crc32(b"IDAT" + packed))
    assert chunk not in file
    shows(arrivals, SHOWN._replace(png=file[: start - 4] + chunk + file[-12:]))
    assert [one.what for one in again(arrivals)] == ["same", "same", "same"]


SEEN = TumourPresence("series", "slices", "w" * 64, 8, 0.9, 0.8, 0.95, (0.1, 0.9, 0.4), 2, "s1/i")


def looks_like(arrivals: Arrivals, seen: TumourPresence | None) -> None:
    """Have a model say this of s1 from now on."""
    read = type(arrivals).read.__get__(arrivals)
    arrivals.read = lambda scan: replace(read(scan), presence=seen if scan.scan_uid == "s1" else None)


def presence(arrivals: Arrivals, view: str = "tumour_presence") -> list[tuple[object, ...]]:
    query = (
        f"SELECT patient_id, scan_uid, revision, risk, risk_low, risk_high, slices, slice_number FROM scanstream.{view}"
    )
    return arrivals.worker.execute(query).fetchall()


def test_what_new_weights_say_of_slices_is_a_new_revision_and_the_only_one_that_stands(arrivals: Arrivals) -> None:
    assert presence(arrivals) == []
    looks_like(arrivals, SEEN)
    assert [one.what for one in again(arrivals)] == ["changed", "same", "same"]
    assert presence(arrivals) == [("PA", "s1", 2, 0.9, 0.8, 0.95, [0.1, 0.9, 0.4], 2)]
    before = arrivals.worker.execute("SELECT now()::text").fetchone()
    looks_like(arrivals, SEEN._replace(weights_version="v" * 64, probability=0.7))
    assert [one.what for one in again(arrivals)] == ["changed", "same", "same"]
    assert presence(arrivals) == [("PA", "s1", 3, 0.7, 0.8, 0.95, [0.1, 0.9, 0.4], 2)]
    assert before and presence(arrivals, f"tumour_presence_as_of('{before[0]}')")[0][2:4] == (2, 0.9)
    looks_like(arrivals, None)
    assert [one.what for one in again(arrivals)] == ["changed", "same", "same"]
    assert presence(arrivals) == []


def test_a_map_of_a_slice_that_comes_out_otherwise_is_a_new_revision_unless_it_is_only_rounded(
    arrivals: Arrivals,
) -> None:
    grey = np.full((4, 4), 100, np.uint8)
    seen = SEEN._replace(**dict.fromkeys(("picture", "occlusion", "gradient"), png(grey)), gates=((0.5, 0.4, 0.3),) * 4)
    looks_like(arrivals, seen)
    assert [one.what for one in again(arrivals)] == ["changed", "same", "same"]
    looks_like(arrivals, seen._replace(occlusion=png(grey + 1), gates=((0.5, 0.4 + 1e-7, 0.3),) * 4))
    assert [one.what for one in again(arrivals)] == ["same", "same", "same"]
    looks_like(arrivals, seen._replace(occlusion=png(grey + 5)))
    assert [one.what for one in again(arrivals)] == ["changed", "same", "same"]
    looks_like(arrivals, seen._replace(picture=None))
    assert [one.what for one in again(arrivals)] == ["changed", "same", "same"]


def test_what_another_processor_rounds_otherwise_is_the_same_and_what_it_says_otherwise_is_not(
    arrivals: Arrivals,
) -> None:
    looks_like(arrivals, SEEN)
    again(arrivals)
    looks_like(arrivals, SEEN._replace(probability=0.9 + 1e-6, slices=(0.1, 0.9 - 1e-6, 0.4)))
    assert [one.what for one in again(arrivals)] == ["same", "same", "same"]
    for other in (SEEN._replace(high=0.96), SEEN._replace(slices=(0.1, 0.9)), SEEN._replace(slices=(0.1, 0.9, 0.5))):
        looks_like(arrivals, other)
        assert [one.what for one in again(arrivals)] == ["changed", "same", "same"]


def test_what_is_said_of_slices_goes_where_its_scan_goes(arrivals: Arrivals) -> None:
    looks_like(arrivals, SEEN)
    again(arrivals)
    accept_identity(arrivals.worker, IdentityEvent("merge", "merge", "PA", "PB", None, "someone"))
    accepted_facts.apply_identity(arrivals.worker, Reconciler(arrivals.worker, accepted_facts.forecasters()))
    assert [row[:2] for row in presence(arrivals)] == [("PB", "s1")]


def test_a_scan_that_is_rejected_takes_what_was_said_of_its_slices_along(arrivals: Arrivals) -> None:
    looks_like(arrivals, SEEN)
    again(arrivals)
    arrivals.bring(note("s1", "n", "s1/r"))
    assert presence(arrivals) == []


def test_what_an_older_version_measured_without_findings_is_a_new_revision(
    arrivals: Arrivals, database: Database
) -> None:
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        superuser.execute("DELETE FROM core.findings WHERE scan_uid = 's2'")
    assert [one.what for one in again(arrivals)] == ["same", "changed", "same"]
    assert [one.what for one in again(arrivals)] == ["same", "same", "same"]


def test_a_new_revision_of_the_same_instances_is_not_made_again_by_assembling(arrivals: Arrivals) -> None:
    arrivals.sizes[FILES["s1"]] = 12.5
    again(arrivals)
    before = arrivals.statuses()
    arrivals.follow(["s1"])
    assert arrivals.statuses() == before
    arrivals.bring(report("s1", "late"))
    assert arrivals.statuses()[:3] == [("s1", 1, "superseded"), ("s1", 2, "superseded"), ("s1", 3, "applied")]


def test_what_cannot_be_measured_again_is_named_and_stays_as_it_was(arrivals: Arrivals) -> None:
    before = accepted_facts.standing(arrivals.worker)
    arrivals.sizes[FILES["s2"]] = -1.0
    first, second, third = again(arrivals, missing=FILES["s1"])
    assert first == RemeasuredScan("s1", 1, "failed", f"missing from the archive: {FILES['s1']}")
    assert second == RemeasuredScan("s2", 1, "failed", "bad_value: A size is negative.")
    assert third.what == "same"
    assert accepted_facts.standing(arrivals.worker) == before


def test_only_what_stands_is_measured_and_of_one_patient_only_his(arrivals: Arrivals) -> None:
    arrivals.bring(note("s2", "n", "s2/r"))
    accepted_facts.fold_each(arrivals.worker, [accepted_facts.lung("PA", "imported", 0, 20.0)])
    assert standing(arrivals.worker, None) == [("s1", 1), ("s3", 1)]
    assert [one.scan_uid for one in again(arrivals, "PB")] == ["s3"]

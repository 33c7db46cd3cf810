"""What arrives after the fact: a visit, a treatment, a few more slices."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset

from stream.simulated.segmentation import make_seg
from stream.simulated.synthetic import SyntheticLesion, make_series, make_sr, save
from tests.journey.service import SETTLE_SECONDS, Service
from tests.journey.topics import bring_fact
from tests.waiting import wait_until

DAYS = ("20240108", "20240401", "20240624")
DIAMETERS_MM = (42.0, 30.0, 34.0)
STANDING = """SELECT endpoint, horizon_kind, horizon_days, risk, risk_low, risk_high, acquired_at, weights_version
FROM scanstream.risk_history WHERE scan_uid = %s AND superseded_at IS NULL ORDER BY 1, 2, 3"""
ENDED = """SELECT endpoint, horizon_kind, horizon_days, risk, risk_low, risk_high, acquired_at, weights_version
FROM scanstream.risk_history WHERE scan_uid = %s AND superseded_because = %s ORDER BY 1, 2, 3"""
AS_OF = """SELECT endpoint, horizon_kind, horizon_days, risk, risk_low, risk_high, acquired_at, weights_version
FROM scanstream.risk_as_of(%s) WHERE patient_id = %s ORDER BY 1, 2, 3"""


def visits(mrn: str, diameters_mm: Sequence[float] = DIAMETERS_MM) -> list[Dataset]:
    """Three reports of one lung lesion, half a year in all."""
    return [
        make_sr([SyntheticLesion({"longest_diameter": (mm, "mm")})], PatientID=mrn, StudyDate=day)
        for day, mm in zip(DAYS, diameters_mm, strict=True)
    ]


def send(service: Service, folder: Path, *datasets: Dataset) -> None:
    """Send and wait until it counts."""
    paths = [save(dataset, folder / f"{dataset.SOPInstanceUID}.dcm") for dataset in datasets]
    assert service.store(paths) == len(paths)
    service.settle()


@dataclass(frozen=True)
class Late:
    """A patient whose second visit came last; the forecasts of the third visit before it came."""

    mrn: str
    scans: list[str]
    before: list[tuple]
    before_at: object


@pytest.fixture(scope="module")
def late(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Late:
    folder = tmp_path_factory.mktemp("late")
    first, second, third = visits("late")
    send(service, folder, first, third)
    before = service.ask(STANDING, [service.scan(third.StudyInstanceUID)])
    ((before_at,),) = service.ask("SELECT clock_timestamp()")
    send(service, folder, second)
    return Late("late", [service.scan(one.StudyInstanceUID) for one in (first, second, third)], before, before_at)


def test_a_late_scan_supersedes_the_forecasts_after_it_and_leaves_those_before(service: Service, late: Late) -> None:
    assert late.before
    assert service.ask(ENDED, [late.scans[2], "late"]) == late.before
    assert service.ask(STANDING, [late.scans[2]]) != late.before
    assert service.ask(ENDED, [late.scans[0], "late"]) == []


def test_the_result_is_to_the_last_bit_that_of_scans_in_order(service: Service, late: Late, tmp_path: Path) -> None:
    in_order = visits("in-order")
    for visit in in_order:
        send(service, tmp_path, visit)
    scans = [service.scan(visit.StudyInstanceUID) for visit in in_order]
    assert [service.ask(STANDING, [scan]) for scan in scans] == [service.ask(STANDING, [scan]) for scan in late.scans]


def test_what_was_known_before_the_late_scan_can_still_be_asked(service: Service, late: Late) -> None:
    patient = service.patient(late.mrn)
    assert service.ask(AS_OF, [late.before_at, patient]) == late.before
    now = service.ask(AS_OF.replace("%s", "clock_timestamp()", 1), [patient])
    assert now == service.ask(STANDING, [late.scans[2]])
    days = "SELECT DISTINCT day FROM scanstream.{} WHERE patient_id = %s ORDER BY 1"
    assert service.ask(days.format("trajectory"), [patient]) == [(0,), (84,), (168,)]
    assert service.ask(days.format("trajectory_as_of(%s)"), [late.before_at, patient]) == [(0,), (168,)]


def test_a_late_scan_by_which_the_next_one_is_a_progression_leaves_sizes_and_no_risk(
    service: Service, tmp_path: Path
) -> None:
    first, second, third = visits("unmasked", (42.0, 24.0, 34.0))
    send(service, tmp_path, first, third)
    before = [service.ask(STANDING, [service.scan(visit.StudyInstanceUID)]) for visit in (first, third)]
    assert all(before)
    send(service, tmp_path, second)
    scans = [service.scan(visit.StudyInstanceUID) for visit in (first, second, third)]
    assert [service.ask(STANDING, [scan]) for scan in scans] == [[], [], []]
    assert service.ask(ENDED, [scans[0], "occurred"]) == before[0]
    assert service.ask(ENDED, [scans[2], "late"]) == before[1]
    verdicts = "SELECT category FROM scanstream.response WHERE scan_uid = %s AND superseded_at IS NULL"
    assert [service.ask(verdicts, [scan]) for scan in scans] == [[(None,)], [("PR",)], [("PD",)]]
    sizes = "SELECT DISTINCT scan_uid FROM scanstream.size_forecast WHERE patient_id = %s AND superseded_at IS NULL"
    assert {scan for (scan,) in service.ask(sizes, [service.patient("unmasked")])} == set(scans)


@dataclass(frozen=True)
class Treated:
    """A patient whose treatment was told after the scans, and the forecasts from before."""

    patient_id: str
    scans: list[str]
    before: list[list[tuple]]
    fact: dict


@pytest.fixture(scope="module")
def treated(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Treated:
    scans = visits("treated")
    send(service, tmp_path_factory.mktemp("treated"), *scans)
    scan_uids = [service.scan(one.StudyInstanceUID) for one in scans]
    before = [service.ask(STANDING, [scan_uid]) for scan_uid in scan_uids]
    patient_id = service.patient("treated")
    fact = {"name": "atezolizumab", "kind": "drug", "start_at": "2024-01-15", "end_at": None}
    bring_fact(service.settings, patient_id, "treatment", fact)
    wait_until(lambda: service.ask(ENDED, [scan_uids[2], "treatment"]) != [], SETTLE_SECONDS)
    return Treated(patient_id, scan_uids, before, fact)


def test_a_treatment_by_message_folds_the_scans_after_its_start_again(service: Service, treated: Treated) -> None:
    query = "SELECT name, kind, start_at::date::text, end_at FROM scanstream.treatments WHERE patient_id = %s"
    assert service.ask(query, [treated.patient_id]) == [("atezolizumab", "drug", "2024-01-15", None)]
    assert service.ask(STANDING, [treated.scans[0]]) == treated.before[0]
    for scan_uid, before in zip(treated.scans[1:], treated.before[1:], strict=True):
        assert service.ask(ENDED, [scan_uid, "treatment"]) == before
        assert len(service.ask(STANDING, [scan_uid])) == len(before)


def test_the_same_treatment_told_again_changes_nothing(service: Service, treated: Treated) -> None:
    folds = "SELECT count(*) FROM core.folds WHERE patient_id = %s"
    before = service.ask(folds, [treated.patient_id], role="worker")
    bring_fact(service.settings, treated.patient_id, "treatment", treated.fact)
    bring_fact(service.settings, treated.patient_id, "treatment", {**treated.fact, "end_at": "2024-05-01"})
    ended = "SELECT revision FROM scanstream.treatments WHERE patient_id = %s AND end_at IS NOT NULL"
    wait_until(lambda: service.ask(ended, [treated.patient_id]) != [], SETTLE_SECONDS)
    # the changed end is the second revision, and its fold the only one: the same message before it made none
    assert service.ask(ended, [treated.patient_id]) == [(2,)]
    wait_until(lambda: service.ask(folds, [treated.patient_id], role="worker") != before, SETTLE_SECONDS)
    assert service.ask(folds, [treated.patient_id], role="worker") == [(before[0][0] + 1,)]


@pytest.fixture(scope="module")
def brain(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Scan of which three slices came first, and the last two and the segmentation after the association's end."""
    folder = tmp_path_factory.mktemp("slices")
    slices = make_series(np.zeros((5, 8, 8)), PatientID="slow")
    send(service, folder, *slices[:3])
    send(service, folder, *slices[3:], make_seg([np.ones((5, 8, 8))], slices))
    yield service.scan(slices[0].StudyInstanceUID)


def test_slices_after_the_end_of_the_association_make_a_second_revision(service: Service, brain: str) -> None:
    query = """SELECT revision, status, instances, modality, completeness, provisional FROM scanstream.scan_status
    WHERE scan_uid = %s ORDER BY 1"""
    assert service.ask(query, [brain]) == [
        (1, "superseded", 3, ["MR"], "association_end", True),
        (2, "applied", 6, ["MR", "SEG"], "references", False),
    ]


def test_only_the_second_revision_stands_on_the_timeline(service: Service, brain: str) -> None:
    query = "SELECT revision, value FROM scanstream.trajectory WHERE scan_uid = %s AND measurement = 'volume'"
    assert service.ask(query, [brain]) == [(2, pytest.approx(5 * 8 * 8 / 1000))]


def test_the_timelines_of_all_these_equal_the_reference_fold(
    service: Service, late: Late, treated: Treated, brain: str
) -> None:
    assert service.verify()["I5"] > 0


def test_the_command_line_tells_the_new_risks(service: Service, late: Late) -> None:
    told = json.loads(service.command("risk", late.mrn, "--json").stdout)
    standing = service.ask(STANDING, [late.scans[2]])
    assert sorted(row["risk"] for row in told) == sorted(row[3] for row in standing)

"""What an encoder says along a patient's scans: weights that see it and weights that do not, and another encoder."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from models.features import FEATURE_NAMES, MEASUREMENTS, encoded_by
from models.serving.forecaster import Forecaster, load_forecaster
from stream.measured_scan import MeasuredScan, SeriesEmbedding
from stream.services import leading
from stream.services.facts.clinical import ImportedVisit
from stream.services.facts.rejections import Rejection, accept_rejections
from stream.services.folding.reconcile import Reconciler
from stream.services.measuring.remeasuring import remeasure, standing
from stream.services.verify.measured_again import CURE, measured_again
from stream.storage.database import Connection
from stream.storage.folding import active_weights
from stream.storage.intake.measurements import CompleteScan
from stream.storage.reading import views
from tests.database import Database
from tests.other_weights import ENCODER, encoded_weights
from tests.services.accepted_facts import accept, assert_sound, day, forecasters, lung
from tests.services.arrivals import Arrivals, report
from tests.services.test_explaining import assert_as_it_stands, explained

OTHER = "f" * 64
CT, PET = (0.2, 0.4, 0.6, 0.8), (0.9, 0.1, 0.5, 0.3)
STATES = """SELECT s.scan_uid, s.state FROM core.states s WHERE s.weights_version = %s AND s.superseded_by IS NULL
ORDER BY s.scan_uid"""


@pytest.fixture(scope="module")
def seeing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of weights that see what ENCODER says."""
    folder = tmp_path_factory.mktemp("seeing")
    encoded_weights(folder)
    return folder


@pytest.fixture
def held(seeing: Path) -> list[Forecaster]:
    """The weights in service, those that see embeddings last."""
    return [*forecasters(), load_forecaster(seeing, "cpu")]


@pytest.fixture
def worker(database: Database, held: Sequence[Forecaster]) -> Connection:
    connection = database.connect()
    leading.put_in_service(connection, held[-1].card, "Ada", None)
    leading.promote(connection, held[-1].weights_version, "Ada", None)
    return connection


def read(modality: str, said: tuple[float, ...], encoder: str = ENCODER) -> SeriesEmbedding:
    """A series that was read."""
    return SeriesEmbedding(modality, "encoder", encoder, "series", 24, said)


def encoded(visit: ImportedVisit, *series: SeriesEmbedding, sized: bool = True) -> ImportedVisit:
    """The visit with series that were read; not `sized`: nobody measured anything."""
    measured = replace(visit.measured, encoded=series)
    return replace(visit, measured=measured if sized else replace(measured, measurements=(), findings=()))


TIMELINE = [
    encoded(lung("PL", "a", 0, 30.0), read("CT", CT)),
    lung("PL", "b", 42, 31.0),
    encoded(lung("PL", "c", 84, 29.0), read("CT", PET), read("PT", CT), sized=False),
]


def fold(connection: Connection, held: Sequence[Forecaster], *visits: ImportedVisit) -> None:
    for visit in visits:
        accept(connection, visit)
        Reconciler(connection, held).patients([visit.received_as])


def states(connection: Connection, forecaster: Forecaster) -> dict[str, bytes]:
    return dict(connection.execute(STATES, [forecaster.weights_version]).fetchall())


def test_late_scans_with_and_without_series_equal_the_reference_fold(
    worker: Connection, held: Sequence[Forecaster]
) -> None:
    fold(worker, held, TIMELINE[2], TIMELINE[0], TIMELINE[1])
    rows = worker.execute("SELECT scan_uid, feature_version FROM core.features ORDER BY 1, 2").fetchall()
    own = encoded_by(ENCODER)
    assert rows == [
        ("PL/a", own),
        ("PL/a", MEASUREMENTS),
        ("PL/b", MEASUREMENTS),
        ("PL/c", own),
        ("PL/c", MEASUREMENTS),
    ]
    assert states(worker, held[-1]).keys() == {"PL/a", "PL/b", "PL/c"}, "a series alone is a step, too"
    assert_sound(worker, held)


def test_embeddings_move_the_states_of_those_who_see_them_and_of_nobody_else(
    worker: Connection, held: Sequence[Forecaster]
) -> None:
    blind = next(one for one in held if one.card.model == "progression")
    fold(worker, held, *TIMELINE[:2])
    for one in TIMELINE[:2]:
        fold(worker, held, encoded(replace(one, scan_uid=f"{one.scan_uid} unseen", received_as="PM")))
    of_blind, of_seeing = states(worker, blind), states(worker, held[-1])
    for one in TIMELINE[:2]:
        assert of_blind[one.scan_uid] == of_blind[f"{one.scan_uid} unseen"]
        assert of_seeing[one.scan_uid] != of_seeing[f"{one.scan_uid} unseen"]


def test_a_correction_and_a_rejection_replay_from_there(worker: Connection, held: Sequence[Forecaster]) -> None:
    fold(worker, held, *TIMELINE)
    before = states(worker, held[-1])
    fold(worker, held, encoded(TIMELINE[1], read("MR", CT)))
    after = states(worker, held[-1])
    assert after["PL/a"] == before["PL/a"] and after["PL/b"] != before["PL/b"] and after["PL/c"] != before["PL/c"]
    with worker.transaction():
        accept_rejections(worker, [Rejection("PL/b", None, "quality", "someone")], day(90))
    Reconciler(worker, held).patients(["PL"])
    assert states(worker, held[-1]).keys() == {"PL/a", "PL/c"}
    assert_sound(worker, held)


def test_a_visit_of_two_scans_is_seen_with_the_series_of_both(
    database: Database, worker: Connection, held: Sequence[Forecaster], seeing: Path
) -> None:
    first = encoded(lung("PV", "ct", 0, 30.0), read("CT", CT), sized=False)
    fold(worker, held, first, encoded(lung("PV", "pet", 0.2, 30.0), read("PT", PET)), lung("PV", "report", 0.3, 30.0))
    (row,) = views.timepoints(database.connect("reader"), "PV")
    assert tuple(row.x[f"ct_encoded_{n}"] for n in range(1, 5)) == CT
    assert tuple(row.x[f"pet_encoded_{n}"] for n in range(1, 5)) == PET
    assert row.x["mr_encoded_1"] is None and row.x.keys() == set(FEATURE_NAMES)
    assert_sound(worker, held)
    assert_as_it_stands(database, "PV", seeing)


def test_numbers_of_another_encoder_are_as_if_there_were_none(worker: Connection, held: Sequence[Forecaster]) -> None:
    fold(worker, held, *TIMELINE[:2])
    theirs = encoded(lung("PO", "a", 0, 30.0), read("CT", CT, OTHER)), lung("PO", "b", 42, 31.0)
    plain = lung("PP", "a", 0, 30.0), lung("PP", "b", 42, 31.0)
    fold(worker, held, *theirs, *plain)
    stand = states(worker, held[-1])
    assert [stand[f"PO/{name}"] for name in "ab"] == [stand[f"PP/{name}"] for name in "ab"]
    assert stand["PO/a"] != stand["PL/a"]
    alone = encoded(lung("PQ", "a", 0, 30.0), read("CT", CT, OTHER), sized=False)
    fold(worker, held, alone)
    assert "PQ/a" not in states(worker, held[-1])
    assert active_weights.lacking(worker, held[-1].weights_version) == []
    assert_sound(worker, held)


def test_an_explanation_tells_the_pixels_as_one_finding(
    database: Database, worker: Connection, held: Sequence[Forecaster], seeing: Path
) -> None:
    fold(worker, held, *TIMELINE)
    assert_as_it_stands(database, "PL", seeing)
    found = next(one for one in explained(database, "PL", seeing) if one.endpoint == "death")
    told = [part.words for part in found.moved[0].parts if part.kind == "finding"]
    assert told == ["pixels of CT, PT, as an encoder read them"]


@pytest.fixture
def arrivals(database: Database, held: Sequence[Forecaster]) -> Arrivals:
    """Two scans, measured before there was an encoder."""
    arrivals = Arrivals(database)
    for scan in ("s1", "s2"):
        arrivals.bring(report(scan))
    leading.put_in_service(arrivals.worker, held[-1].card, "Ada", None)
    return arrivals


def reader(arrivals: Arrivals, *series: SeriesEmbedding) -> Callable[[CompleteScan], MeasuredScan]:
    """An encoder reads `series` in s2, and in s1 nothing."""
    return lambda scan: replace(arrivals.read(scan), encoded=series if scan.scan_uid == "s2" else ())


def again(arrivals: Arrivals, held: Sequence[Forecaster], *series: SeriesEmbedding) -> list[tuple[str, str]]:
    with ThreadPoolExecutor(1) as readers:
        scans = standing(arrivals.worker, None)
        done = remeasure(arrivals.worker, scans, reader(arrivals, *series), lambda _: False, "", readers)
    Reconciler(arrivals.worker, held).scans([one.scan_uid for one in done])
    return [(one.scan_uid, one.what) for one in done]


def test_scans_from_before_are_read_by_a_replay_and_the_view_tells_what_was_masked(
    arrivals: Arrivals, held: Sequence[Forecaster], database: Database
) -> None:
    masked = SeriesEmbedding("PT", "encoder", ENCODER, masked_because="no_suv")
    assert again(arrivals, held, read("CT", CT), masked) == [("s1", "same"), ("s2", "changed")]
    assert again(arrivals, held, read("CT", CT), masked) == [("s1", "same"), ("s2", "same")]
    query = "SELECT scan_uid, revision, modality, feature_version, embedding, masked_because FROM "
    rows = database.connect("reader").execute(query + "scanstream.scan_embedding ORDER BY 1, 3").fetchall()
    own = encoded_by(ENCODER)
    assert rows == [("s2", 2, "CT", own, [*CT], None), ("s2", 2, "PT", own, None, "no_suv")]
    assert_sound(arrivals.worker, held)


def test_verify_reads_series_again_as_nearly_as_another_machine_would(
    arrivals: Arrivals, held: Sequence[Forecaster]
) -> None:
    again(arrivals, held, read("CT", CT))
    elsewhere = read("CT", tuple(value + 2e-6 for value in CT))
    wrong = read("CT", tuple(value + 0.01 for value in CT))
    assert measured_again(arrivals.worker, reader(arrivals, elsewhere), "").failed == 0
    assert again(arrivals, held, elsewhere) == [("s1", "same"), ("s2", "same")]
    for said in ((wrong,), (), (read("CT", CT, OTHER),), (read("CT", CT), read("MR", CT))):
        assert measured_again(arrivals.worker, reader(arrivals, *said), "").first == [f"scan s2 revision 2: {CURE}"]

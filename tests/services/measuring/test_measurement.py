"""From a complete scan to what the models see, or to the reason why not."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from models.criteria.finding import LesionFinding, LesionRole, LesionState, from_json
from models.measurement import Measurement
from stream.errors import SetAside
from stream.measured_scan import MeasuredScan, Unused
from stream.services.accepting.received_files import accept
from stream.services.assembling import assembly
from stream.services.facts.clinical import accept_clinical
from stream.services.folding.reconcile import Reconciler
from stream.services.measuring import measurement
from stream.storage.database import Connection
from stream.storage.intake.measurements import CompleteScan
from stream.vocabulary import ReasonCode
from tests.database import Database
from tests.services.accepted_facts import assert_sound, day, fold_each, forecasters, standing
from tests.services.assembling.test_assembly import RULES
from tests.services.receipts import described, moments_later, received

NODULE = MeasuredScan((Measurement("longest_diameter", 14.0, "SR", "lesion", "Nodule", "lung"),), "lung", None)
Measures = Callable[[str, MeasuredScan | SetAside], list[CompleteScan]]


@pytest.fixture
def worker(database: Database) -> Connection:
    return database.connect()


@pytest.fixture
def measures(database: Database) -> Iterator[Measures]:
    """`measures(scan, what its files say)`: receive, assemble and measure one scan."""
    with ThreadPoolExecutor(1) as readers:

        def measure(scan: str, result: MeasuredScan | SetAside, assume_disease: str = "") -> list[CompleteScan]:
            accept(database.connect("gateway"), [received(described(scan, "r", kind="sr", modality="SR"))])
            worker = database.connect()
            complete = assembly.gather(worker, [scan], RULES, moments_later(5))
            scans = measurement.waiting(worker, [(each.scan_uid, each.revision) for each in complete])
            return measurement.measure(worker, scans, lambda _: _read(result), assume_disease, readers)

        yield measure


def _read(result: MeasuredScan | SetAside) -> MeasuredScan:
    if isinstance(result, SetAside):
        raise result
    return result


def status(worker: Connection) -> list[tuple]:
    return worker.execute("SELECT scan_uid, status, reason_code, reason FROM scanstream.scan_status").fetchall()


def test_what_was_measured_waits_for_its_timeline_and_then_stands(worker: Connection, measures: Measures) -> None:
    (scan,) = measures("s1", NODULE)
    assert (scan.scan_uid, scan.revision, scan.received_as) == ("s1", 1, "PA")
    assert status(worker) == [("s1", "waiting", None, None)]
    Reconciler(worker, forecasters()).scans(["s1"])
    assert status(worker) == [("s1", "applied", None, None)]
    assert_sound(worker)


def test_a_report_of_lesions_is_shown_with_their_sum(worker: Connection, measures: Measures) -> None:
    second = Measurement("longest_diameter", 20.0, "SR", "other", "Nodule 2", "lung")
    measures("s1", MeasuredScan((*NODULE.measurements, second), "lung", None))
    Reconciler(worker, forecasters()).scans(["s1"])
    rows = worker.execute("SELECT measurement, value, unit, lesion_uid FROM scanstream.trajectory").fetchall()
    assert ("sum_of_diameters", 34.0, "mm", None) in rows
    assert len(rows) == 3


FINDINGS = "SELECT scan_uid, revision, lesions, stated_sum_mm, time_point FROM core.findings"


def test_what_a_scan_says_of_lesions_is_kept_in_an_order_that_no_file_decides(
    worker: Connection, measures: Measures
) -> None:
    gone = LesionFinding("b", LesionState.GONE, "T2", role=LesionRole.NON_TARGET, long_axis_mm=0.0)
    nodule = LesionFinding("a", LesionState.MEASURED, "Nodule", "lung", long_axis_mm=14.0, split_from="c")
    total = Measurement("sum_of_diameters", 34.0, "SR")
    stated = replace(NODULE, measurements=(*NODULE.measurements, total), findings=(gone, nodule), time_point="W8")
    measures("s1", stated)
    measures("s2", NODULE)
    ((*key, lesions, stated_sum, time_point), second) = worker.execute(f"{FINDINGS} ORDER BY scan_uid").fetchall()
    assert (key, stated_sum, time_point) == (["s1", 1], 34.0, "W8")
    assert [from_json(one) for one in lesions] == [nodule, gone]
    assert second[:2] == ("s2", 1)
    assert [from_json(one).state for one in second[2]] == [LesionState.MEASURED], (
        "by its values, where nobody said more"
    )
    assert_sound(worker)


@pytest.mark.parametrize("code", list(ReasonCode))
def test_what_cannot_be_measured_is_set_aside_with_its_reason(
    worker: Connection, measures: Measures, code: str
) -> None:
    assert measures("s1", SetAside(code, "Look at the third slice.")) == []
    assert status(worker) == [("s1", "set_aside", code, "Look at the third slice.")]
    shown = worker.execute("SELECT scan_uid, revision, patient_id, reason_code, decision FROM scanstream.set_aside")
    assert shown.fetchall() == [("s1", 1, "PA", code, None)]


def test_a_scan_that_is_set_aside_never_stands(worker: Connection, measures: Measures) -> None:
    measures("s1", SetAside("bad_value", "A size of -3 mm."))
    assert Reconciler(worker, forecasters()).scans(["s1"]) == []
    assert worker.execute("SELECT count(*) FROM core.placements").fetchone() == (0,)


def test_a_scan_without_measurements_stands_with_the_reason(worker: Connection, measures: Measures) -> None:
    measures("s1", MeasuredScan((), "lung", "kind not measured yet"))
    Reconciler(worker, forecasters()).scans(["s1"])
    assert status(worker) == [("s1", "applied", None, "kind not measured yet")]


def test_what_a_scan_holds_and_is_not_used_is_shown_once_each_in_an_order_that_no_file_decides(
    worker: Connection, measures: Measures
) -> None:
    organ = Unused("seg", "SCT:10200004", "Liver", "an organ, not a lesion")
    entropy = Unused("sr", "IBSI:TLU2", "Intensity entropy", "a measurement that is not known here")
    measures("s1", replace(NODULE, unused=(entropy, organ, entropy)))
    query = "SELECT scan_uid, revision, patient_id, object_kind, code, meaning, reason FROM scanstream.unused"
    assert set(worker.execute(query)) == {("s1", 1, "PA", *organ), ("s1", 1, "PA", *entropy)}
    numbers = "SELECT number, object_kind FROM core.unused ORDER BY number"
    assert worker.execute(numbers).fetchall() == [(1, "seg"), (2, "sr")]
    Reconciler(worker, forecasters()).scans(["s1"])
    assert_sound(worker)


def test_clinical_facts_decide_the_same_before_a_scan_is_measured_and_after(
    database: Database, measures: Measures
) -> None:
    told, found = ("PA", {"disease": "lung"}), MeasuredScan(NODULE.measurements, None, None)
    accept_clinical(database.connect(), [told], day(0))
    measures("s1", found)
    fold_each(database.connect(), []).scans(["s1"])
    told_first = standing(database.connect())
    assert told_first["forecasts"]
    database.empty()
    measures("s1", found)
    fold_each(database.connect(), []).scans(["s1"])
    fold_each(database.connect(), [told])
    assert standing(database.connect()) == told_first
    assert_sound(database.connect())


def test_a_bell_rung_again_measures_nothing_again(worker: Connection, measures: Measures) -> None:
    measures("s1", NODULE)
    assert measurement.waiting(worker, [("s1", 1), ("s1", 2), ("unknown", 1)]) == []


@pytest.mark.parametrize(
    ("hint", "assumed", "disease"), [("lung", "brain", "lung"), (None, "brain", "brain"), (None, "", "unknown")]
)
def test_a_scans_own_disease_is_what_it_tells_itself(
    worker: Connection, measures: Measures, hint: str | None, assumed: str, disease: str
) -> None:
    """Clinical facts join when it is folded: what was known when it was measured decides nothing."""
    accept_clinical(worker, [("PA", {"disease": "bladder"})], day(0))
    measures("s1", MeasuredScan(NODULE.measurements, hint, None), assumed)
    assert worker.execute("SELECT disease FROM core.features").fetchall() == [(disease,)]

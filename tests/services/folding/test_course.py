"""Visits, verdicts and open questions stand like states: right after every change of the past, and never of a part."""

from dataclasses import replace
from typing import Any

from models.criteria.finding import LesionFinding, LesionRole, LesionState
from models.measurement import Measurement
from stream.measured_scan import MeasuredScan
from stream.services.facts.clinical import ImportedVisit, Outcome, accept_outcomes
from stream.services.facts.rejections import Rejection, accept_rejections
from stream.services.folding.reconcile import Reconciler
from stream.storage.database import Connection
from tests.database import Database
from tests.services.accepted_facts import Fact, assert_sound, breast, day, drug, fold_each, forecasters, lung

RESPONDS_THEN_PROGRESSES: list[Fact] = [
    lung("PA", "a", 0, 50.0),
    lung("PA", "b", 60, 30.0),
    lung("PA", "c", 120, 40.0),
]
TWO_LINES: list[Fact] = [drug("PA", "pembrolizumab", 1), drug("PA", "docetaxel", 125)]


def verdicts(connection: Connection) -> list[tuple[Any, ...]]:
    """line, scan, category, sum and nadir, as they stand."""
    query = """SELECT line, split_part(scan_uid, '/', 2), category, sum_of_diameters, nadir_sum
    FROM scanstream.response WHERE superseded_at IS NULL ORDER BY line, acquired_at"""
    return connection.execute(query).fetchall()


def progression(connection: Connection) -> list[tuple[Any, ...]]:
    """line, status and deciding scan of the question of progression, as they stand."""
    query = """SELECT line, status, split_part(scan_uid, '/', 2) FROM scanstream.endpoint_status
    WHERE endpoint = 'progression' AND superseded_at IS NULL ORDER BY line"""
    return connection.execute(query).fetchall()


def at_risk(connection: Connection) -> list[tuple[Any, ...]]:
    """line and scan of the current risk of progression within 180 days."""
    query = """SELECT line, split_part(scan_uid, '/', 2) FROM scanstream.current_risk
    WHERE endpoint = 'progression' AND horizon_days = 180"""
    return connection.execute(query).fetchall()


def said(patient: str, name: str, on_day: float, *findings: LesionFinding, hour: float = 0.0) -> ImportedVisit:
    """A scan that says this of lesions."""
    measured = MeasuredScan((), "lung", None, findings=findings)
    return ImportedVisit(f"{patient}/{name}", patient, day(on_day + hour / 24), "lung", measured)


def target(name: str, size_mm: float | None) -> LesionFinding:
    """A target with its size; None: not evaluated."""
    state = LesionState.NOT_EVALUATED if size_mm is None else LesionState.MEASURED
    return LesionFinding(name, state, name, "lung", role=LesionRole.TARGET, long_axis_mm=size_mm)


def test_who_has_progressed_has_a_verdict_and_no_risk_of_it(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, RESPONDS_THEN_PROGRESSES[:2])
    assert at_risk(connection) == [(1, "b")]
    fold_each(connection, RESPONDS_THEN_PROGRESSES[2:])
    assert verdicts(connection) == [(1, "a", None, 50, None), (1, "b", "PR", 30, 50), (1, "c", "PD", 40, 30)]
    assert progression(connection) == [(1, "occurred", "c")]
    assert at_risk(connection) == []
    ended = connection.execute("SELECT DISTINCT superseded_because FROM scanstream.risk_history").fetchall()
    assert ended == [("occurred",)]
    assert_sound(connection)


def test_a_new_line_opens_the_question_again_from_its_own_baseline(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, [*RESPONDS_THEN_PROGRESSES, *TWO_LINES, lung("PA", "d", 180, 38.0)])
    assert verdicts(connection)[2:] == [(1, "c", "PD", 40, 30), (2, "c", None, 40, None), (2, "d", "SD", 38, 40)]
    assert progression(connection) == [(1, "occurred", "c"), (2, "open", None)]
    assert at_risk(connection) == [(2, "d")]
    assert_sound(connection)


def test_the_forecasts_come_back_with_a_correction_that_takes_the_event_back(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, RESPONDS_THEN_PROGRESSES[:2])
    before = connection.execute("SELECT scan_uid, risk FROM scanstream.current_risk ORDER BY 1, 2").fetchall()
    reconciler = fold_each(connection, RESPONDS_THEN_PROGRESSES[2:])
    accept_rejections(connection, [Rejection("PA/c", None, "quality", "someone")], day(130))
    reconciler.patients(["PA"])
    assert progression(connection) == [(1, "open", None)]
    assert connection.execute("SELECT scan_uid, risk FROM scanstream.current_risk ORDER BY 1, 2").fetchall() == before
    assert_sound(connection)


def test_a_verdict_comes_to_the_same_in_whatever_order_the_visits_came(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, [*reversed(TWO_LINES), *reversed(RESPONDS_THEN_PROGRESSES)])
    late = verdicts(connection), progression(connection)
    database.empty()
    connection = database.connect()
    fold_each(connection, [*RESPONDS_THEN_PROGRESSES, *TWO_LINES])
    assert (verdicts(connection), progression(connection)) == late


def test_scans_of_one_day_are_one_visit_with_one_step(database: Database) -> None:
    connection = database.connect()
    baseline = said("PA", "a", 0, target("L1", 30.0), target("L2", 20.0))
    chest, abdomen = said("PA", "chest", 60, target("L1", 20.0)), said("PA", "abdomen", 60, target("L2", 12.0), hour=2)
    fold_each(connection, [baseline, abdomen, chest])
    assert verdicts(connection) == [(1, "a", None, 50, None), (1, "abdomen", "PR", 32, 50)]
    stepped = connection.execute("SELECT DISTINCT scan_uid FROM core.states WHERE superseded_by IS NULL ORDER BY 1")
    assert stepped.fetchall() == [("PA/a",), ("PA/abdomen",)]
    joined = "SELECT scans FROM scanstream.visit WHERE visit_id = 'PA/abdomen' AND superseded_at IS NULL"
    assert connection.execute(joined).fetchall() == [(["PA/chest", "PA/abdomen"],)]
    assert_sound(connection)


def test_a_target_that_was_not_evaluated_leaves_no_part_of_a_sum_to_anybody(database: Database) -> None:
    connection = database.connect()
    baseline = said("PA", "a", 0, target("L1", 30.0), target("L2", 30.0))
    fold_each(connection, [baseline, said("PA", "b", 60, target("L1", 20.0), target("L2", None))])
    assert verdicts(connection)[1] == (1, "b", "NE", None, 60)
    sums = "SELECT scan_uid FROM scanstream.trajectory WHERE measurement = 'sum_of_diameters' AND scan_uid = 'PA/b'"
    assert connection.execute(sums).fetchall() == []
    (seen,) = connection.execute("SELECT x FROM scanstream.timepoint WHERE scan_uid = 'PA/b'").fetchone()
    assert seen["sum_of_diameters"] is None
    assert_sound(connection)


def test_a_death_that_was_entered_closes_what_is_asked_and_its_withdrawal_opens_it(database: Database) -> None:
    connection = database.connect()
    reconciler: Reconciler = fold_each(connection, RESPONDS_THEN_PROGRESSES[:2])
    death = Outcome("PA", "death", day(90), True)
    accept_outcomes(connection, [death], day(91))
    reconciler.patients(["PA"])
    assert progression(connection) == [(1, "closed", None)]
    assert at_risk(connection) == []
    accept_outcomes(connection, [replace(death, withdrawn=True)], day(92))
    reconciler.patients(["PA"])
    assert at_risk(connection) == [(1, "b")]
    assert_sound(connection, forecasters())


def test_the_current_risk_is_of_the_new_line_though_a_scan_without_lesions_lies_after_its_baseline(
    database: Database,
) -> None:
    """Seen by a random program: that scan belongs to the line before."""
    connection = database.connect()
    nothing = MeasuredScan((Measurement("background_parenchymal_enhancement", 9.0, "SR"),), "breast", None)
    later = ImportedVisit("PA/c", "PA", day(61), "breast", nothing)
    visits = [breast("PA", "a", 0, 9.0, 41.0), breast("PA", "b", 60, 8.0, 38.0), later]
    fold_each(connection, [drug("PA", "paclitaxel", 1), *visits, replace(drug("PA", "doxorubicin", 70), line=2)])
    query = "SELECT DISTINCT line, scan_uid FROM scanstream.current_risk WHERE endpoint = 'pcr'"
    assert connection.execute(query).fetchall() == [(2, "PA/b")]
    assert_sound(connection)

"""Lesions over time on the one routine: right after merges of records and words of people, and taken back with them."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from models.criteria.finding import LesionFinding, LesionState, NamedBy
from stream.measured_scan import MeasuredScan
from stream.services.facts.clinical import ImportedVisit
from stream.services.facts.identity_events import IdentityEvent, accept_identity
from stream.services.facts.lesion_facts import LesionFact, accept_lesion_fact, is_folded, why_refused
from stream.services.folding.reconcile import Reconciler
from stream.storage.database import Connection
from stream.vocabulary import LesionRelation
from tests.database import Database
from tests.services.accepted_facts import apply_identity, assert_sound, day, fold_each

SAME, DIFFERENT = LesionRelation.SAME, LesionRelation.DIFFERENT


def scan(patient: str, name: str, on_day: float, lesions: Iterable[tuple[str, str, float]]) -> ImportedVisit:
    """A scan of lung cancer whose report names (uid, label, mm); a uid that begins with the patient is a label's."""
    findings = tuple(
        LesionFinding(uid, LesionState.MEASURED, label, "lung", long_axis_mm=mm,
                      named_by=NamedBy.LABEL if uid.startswith(patient) else None)
        for uid, label, mm in lesions)  # fmt: skip
    measured = MeasuredScan((), "lung", None, findings=findings)
    return ImportedVisit(f"{patient}/{name}", patient, day(on_day), "lung", measured)


def verdicts(connection: Connection) -> list[tuple[Any, ...]]:
    """Scan, category, sum, number of new lesions, as they stand."""
    query = """SELECT split_part(scan_uid, '/', 2), category, sum_of_diameters, new_lesions FROM scanstream.response
    WHERE superseded_at IS NULL ORDER BY acquired_at"""
    return connection.execute(query).fetchall()


def say(connection: Connection, reconciler: Reconciler, *words: Any, withdrawn: bool = False) -> bool:
    """Somebody says it of PA, and the timeline is folded; whether it was accepted."""
    fact = LesionFact("PA", *words, withdrawn=withdrawn)
    with connection.transaction():
        accepted = accept_lesion_fact(connection, fact, "dr", "seen beside each other", dt.datetime.now(dt.UTC))
    reconciler.patients(["PA"])
    assert is_folded(connection, fact)
    return accepted


def test_two_records_of_one_patient_name_a_lesion_by_its_label_and_it_is_not_a_new_one(database: Database) -> None:
    connection = database.connect()
    before = scan("PA", "a", 0, [("PA-1", "Target 1", 40.0)])
    reconciler = fold_each(connection, [before, scan("PB", "b", 60, [("PB-1", "target 1", 25.0)])])
    accept_identity(connection, IdentityEvent("merge", "merge", "PB", "PA", None, "someone"))
    apply_identity(connection, reconciler)
    assert verdicts(connection) == [("a", None, 40.0, 0), ("b", "PR", 25.0, 0)]
    assert_sound(connection)


def test_what_a_person_says_of_two_lesions_counts_until_it_is_taken_back(database: Database) -> None:
    connection = database.connect()
    scans = [scan("PA", "a", 0, [("A", "1", 40.0)]), scan("PA", "b", 60, [("B", "1", 25.0)])]
    reconciler = fold_each(connection, scans)
    as_named = [("a", None, 40.0, 0), ("b", "PD", None, 1)]
    assert verdicts(connection) == as_named
    perhaps = "SELECT lesion_uid FROM scanstream.lesion WHERE perhaps = 'A' AND superseded_at IS NULL"
    assert connection.execute(perhaps).fetchall() == [("B",)]
    assert say(connection, reconciler, SAME, "B", "A")
    assert verdicts(connection) == [("a", None, 40.0, 0), ("b", "PR", 25.0, 0)]
    assert_sound(connection)
    assert not say(connection, reconciler, SAME, "B", "A")
    assert say(connection, reconciler, SAME, "B", "A", withdrawn=True)
    assert verdicts(connection) == as_named
    ended = "SELECT DISTINCT superseded_because FROM scanstream.response WHERE superseded_at IS NOT NULL"
    assert ("linked",) in connection.execute(ended).fetchall()
    log = connection.execute("SELECT who, what FROM core.audit WHERE what LIKE '%%lesion' ORDER BY seq").fetchall()
    assert log == [("dr", "lesion"), ("dr", "withdraw lesion")]
    assert_sound(connection)


def test_a_link_of_two_lesions_that_one_scan_names_is_refused(database: Database) -> None:
    connection = database.connect()
    reconciler = fold_each(connection, [scan("PA", "a", 0, [("A", "1", 40.0), ("B", "2", 20.0)])])
    assert "two lesions" in (why_refused(connection, LesionFact("PA", SAME, "A", "B")) or "")
    assert say(connection, reconciler, DIFFERENT, "A", "B")
    assert why_refused(connection, LesionFact("PA", SAME, "A", "C")) is None


def test_a_target_that_a_person_takes_out_leaves_the_sum(database: Database) -> None:
    connection = database.connect()
    lesions = [("A", "1", 40.0), ("B", "2", 20.0)]
    reconciler = fold_each(connection, [scan("PA", "a", 0, lesions), scan("PA", "b", 60, lesions)])
    assert [total for _, _, total, _ in verdicts(connection)] == [60.0, 60.0]
    say(connection, reconciler, LesionRelation.NON_TARGET, "B")
    assert [total for _, _, total, _ in verdicts(connection)] == [40.0, 40.0]
    roles = "SELECT DISTINCT lesion_uid, role FROM scanstream.lesion WHERE superseded_at IS NULL ORDER BY 1"
    assert connection.execute(roles).fetchall() == [("A", "target"), ("B", "non_target")]
    assert_sound(connection)


def test_a_split_and_a_merge_that_a_person_tells_make_no_new_lesion_and_no_missing_one(database: Database) -> None:
    connection = database.connect()
    scans = [
        scan("PA", "a", 0, [("A", "1", 40.0), ("C", "3", 20.0)]),
        scan("PA", "b", 60, [("A", "1", 15.0), ("B", "2", 9.0)]),
    ]
    reconciler = fold_each(connection, scans)
    say(connection, reconciler, LesionRelation.FRAGMENT, "B", "A")
    say(connection, reconciler, LesionRelation.MERGED, "C", "A", day(60).date())
    assert verdicts(connection) == [("a", None, 60.0, 0), ("b", "PR", 24.0, 0)]
    assert_sound(connection)

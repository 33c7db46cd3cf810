"""Rejection notes and replacing reports: what they take back does not count, whichever came first."""

import datetime as dt
from collections.abc import Callable, Sequence
from itertools import permutations

import pytest

from stream.services.accepting.arrivals import DescribedInstance
from stream.services.assembling.withdrawals import in_force
from stream.services.facts.identity_events import IdentityEvent, accept_identity
from stream.services.facts.rejections import Rejection, accept_rejections
from stream.services.folding.reconcile import Reconciler
from stream.services.verify.acceptance import ends
from stream.storage.database import Connection
from stream.storage.intake.withdrawals import Withdrawal
from tests.database import Database
from tests.services.accepted_facts import apply_identity, assert_sound, forecasters
from tests.services.arrivals import Arrivals, note, report
from tests.services.receipts import day, moments_later

BEFORE, AFTER = report("s0"), report("s2")
"""Visits around the one that is rejected: what is after it feels it."""


@pytest.fixture
def arrivals(database: Database) -> Arrivals:
    return Arrivals(database, {"s0/r": 10.0, "s1/r": 30.0, "s1/q": 25.0, "s2/r": 20.0})


def counting(connection: Connection) -> list[tuple[str, tuple[str, ...]]]:
    """Scans that stand, with the instances that count."""
    query = """SELECT p.id, array_agg(i.instance_uid ORDER BY i.instance_uid) FROM core.placements p
    JOIN core.revision_instances i ON i.scan_uid = p.id AND i.revision = p.revision WHERE p.ended_by IS NULL
    GROUP BY 1 ORDER BY 1"""
    return [(scan, tuple(uids)) for scan, uids in connection.execute(query).fetchall()]


def sound(arrivals: Arrivals) -> None:
    """The invariants hold, and nothing is left without an end."""
    assert_sound(arrivals.worker)
    assert ends(arrivals.worker, dt.datetime.now(dt.UTC)).first == []


def risks(arrivals: Arrivals) -> list[tuple]:
    """What stands of risks; a note of the same day belongs to the visit, whose rows stand under its last scan."""
    query = """SELECT patient_id, endpoint, horizon_days, risk, at FROM core.forecasts WHERE superseded_by IS NULL
    ORDER BY 1, 2, 3, 5"""
    return arrivals.worker.execute(query).fetchall()


def test_a_note_takes_a_whole_scan_down_and_what_is_forecast_is_as_without_it(
    arrivals: Arrivals, database: Database
) -> None:
    arrivals.bring(BEFORE)
    arrivals.bring(AFTER)
    without = risks(arrivals)
    arrivals.bring(report("s1"))
    assert ("s1", 1, "applied") in arrivals.statuses()
    arrivals.bring(note("notes", "n", "s1/r"))
    assert ("s1", 1, "rejected") in arrivals.statuses()
    assert risks(arrivals) == without
    log = database.connect("auditor").execute("SELECT who, what, subject, why FROM core.audit").fetchall()
    assert log == [("PACS", "reject", "s1 revision 1", "quality: instance notes/n")]
    sound(arrivals)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_note_counts_whichever_of_them_comes_first(arrivals: Arrivals, order: Sequence[int]) -> None:
    files = [report("s1"), report("s2"), note("s2", "n", "s1/r", because="safety")]
    for number in order:
        arrivals.bring(files[number])
    assert counting(arrivals.worker) == [("s2", ("s2/n", "s2/r"))]
    assert {status for scan, _, status in arrivals.statuses() if scan == "s1"} == {"rejected"}
    sound(arrivals)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_of_a_scan_that_is_rejected_in_part_the_rest_counts(arrivals: Arrivals, order: Sequence[int]) -> None:
    files = [report("s1"), report("s1", "q"), note("s1", "n", "s1/r")]
    for number in order:
        arrivals.bring(files[number])
    assert counting(arrivals.worker) == [("s1", ("s1/n", "s1/q"))]
    *lower, (_, _, highest) = arrivals.statuses()
    assert highest == "applied"
    assert {status for _, _, status in lower} <= {"rejected", "superseded"}
    sound(arrivals)


def test_what_was_rejected_does_not_stand_because_the_rest_cannot_be_measured(database: Database) -> None:
    arrivals = Arrivals(database, {"s1/q": -3.0})
    arrivals.bring(report("s1"))
    arrivals.bring(report("s1", "q"))
    arrivals.bring(note("notes", "n", "s1/r"))
    assert arrivals.statuses()[-3:] == [("s1", 1, "rejected"), ("s1", 2, "set_aside"), ("s1", 3, "set_aside")]
    assert [scan for scan, _ in counting(arrivals.worker)] == ["notes"]


def test_a_note_that_comes_twice_or_is_gathered_again_changes_nothing(arrivals: Arrivals) -> None:
    arrivals.bring(report("s1"))
    arrivals.bring(note("notes", "n", "s1/r"))
    arrivals.bring(note("notes", "n", "s1/r"))
    arrivals.follow(["notes", "s1"])
    assert arrivals.worker.execute("SELECT count(*) FROM core.rejections").fetchone() == (1,)
    assert arrivals.statuses() == [("notes", 1, "applied"), ("s1", 1, "rejected")]


def test_a_note_that_is_rejected_by_another_note_has_no_effect_any_more(arrivals: Arrivals) -> None:
    arrivals.bring(report("s1"))
    before = risks(arrivals)
    arrivals.bring(note("notes", "n", "s1/r"))
    arrivals.bring(note("undo", "n", "notes/n"))
    assert ("s1", 1, "applied") in arrivals.statuses()
    assert risks(arrivals) == before
    arrivals.bring(note("undo again", "n", "undo/n"))
    assert ("s1", 1, "rejected") in arrivals.statuses()
    sound(arrivals)


def test_the_undo_of_a_note_does_not_undo_what_a_person_rejected(arrivals: Arrivals) -> None:
    arrivals.bring(report("s1"))
    person = Rejection("s1", 1, "other", "anna")
    accept_rejections(arrivals.worker, [person], arrivals.now())
    arrivals.bring(note("notes", "n", "s1/r"))
    arrivals.bring(note("undo", "n", "notes/n"))
    assert ("s1", 1, "rejected") in arrivals.statuses()


@pytest.mark.parametrize("files", [["s1/r"], ["s1/r", "s1/q"]])
def test_a_person_who_lets_a_scan_count_again_has_the_last_word(arrivals: Arrivals, files: list[str]) -> None:
    arrivals.bring(report("s1"), report("s1", "q"))
    arrivals.bring(note("notes", "n", *files))
    accept_rejections(arrivals.worker, [Rejection("s1", None, "other", "anna", withdrawn=True)], arrivals.now())
    arrivals.follow(["s1"])
    Reconciler(arrivals.worker, forecasters()).scans(["s1"])
    arrivals.follow(["notes"])
    assert ("s1", ("s1/q", "s1/r")) in counting(arrivals.worker)
    sound(arrivals)


def test_a_report_that_replaces_another_in_its_study_stands_alone(arrivals: Arrivals) -> None:
    arrivals.bring(report("s1"))
    arrivals.bring(report("s1", "q", withdraws=("s1/r",), withdraws_because="replaced"))
    assert arrivals.statuses() == [("s1", 1, "retracted"), ("s1", 2, "applied")]
    query = "SELECT value FROM scanstream.trajectory WHERE measurement = 'longest_diameter'"
    assert arrivals.worker.execute(query).fetchall() == [(25.0,)]
    sound(arrivals)


@pytest.mark.parametrize("turn", [list, reversed])
def test_a_report_that_replaces_the_only_one_of_another_study_retracts_it(
    arrivals: Arrivals, turn: Callable[[list[DescribedInstance]], Sequence[DescribedInstance]]
) -> None:
    for file in turn([report("s1"), report("s2", withdraws=("s1/r",), withdraws_because="replaced")]):
        arrivals.bring(file)
    assert arrivals.statuses() == [("s1", 1, "retracted"), ("s2", 1, "applied")]
    sound(arrivals)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_follow_up_that_names_the_report_of_an_earlier_exam_takes_nothing_back(
    arrivals: Arrivals, order: Sequence[int]
) -> None:
    baseline = report("s1")
    corrected = report("s1", "q", withdraws=("s1/r",), withdraws_because="replaced")
    follow_up = report("s2", acquired_at=day(56), withdraws=("s1/q",), withdraws_because="replaced")
    for number in order:
        arrivals.bring([baseline, corrected, follow_up][number])
    assert counting(arrivals.worker) == [("s1", ("s1/q",)), ("s2", ("s2/r",))]
    sound(arrivals)


def test_the_third_report_of_a_chain_does_not_bring_the_first_one_back(arrivals: Arrivals) -> None:
    arrivals.bring(report("s1"))
    arrivals.bring(report("s1", "q", withdraws=("s1/r",), withdraws_because="replaced"))
    arrivals.bring(report("s1", "third", withdraws=("s1/q",), withdraws_because="replaced"))
    assert counting(arrivals.worker) == [("s1", ("s1/third",))]


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("study", ["s1", "s2"])
def test_of_reports_that_replace_each_other_none_is_taken_back(
    arrivals: Arrivals, order: Sequence[int], study: str
) -> None:
    one = report("s1", withdraws=(f"{study}/third",), withdraws_because="replaced")
    two = report("s1", "q", withdraws=("s1/r",), withdraws_because="replaced")
    three = report(study, "third", withdraws=("s1/q",), withdraws_because="replaced")
    for number in order:
        arrivals.bring([one, two, three][number])
    assert {uid for _, uids in counting(arrivals.worker) for uid in uids} == {"s1/r", "s1/q", f"{study}/third"}
    sound(arrivals)


def test_a_report_that_replaced_another_and_is_rejected_lets_it_count_again(arrivals: Arrivals) -> None:
    arrivals.bring(report("s1"))
    arrivals.bring(report("s1", "q", withdraws=("s1/r",), withdraws_because="replaced"))
    arrivals.bring(note("notes", "n", "s1/q"))
    assert ("s1", ("s1/r",)) in counting(arrivals.worker)
    sound(arrivals)


@pytest.mark.parametrize("because", ["quality", "replaced"])
def test_nobody_takes_back_what_belongs_to_another_patient(arrivals: Arrivals, because: str) -> None:
    arrivals.bring(report("s1"))
    arrivals.bring(note("notes", "n", "s1/r", because=because, patient="PB"))
    assert arrivals.statuses() == [("s1", 1, "applied")]
    shown = arrivals.worker.execute("SELECT reason_code, scan_uid, patient_id FROM scanstream.set_aside").fetchall()
    assert shown == [("patient_conflict", "notes", "PB")]


def test_a_note_that_came_before_an_instance_of_another_patient_is_shown_and_has_no_effect(arrivals: Arrivals) -> None:
    arrivals.bring(note("notes", "n", "s1/r", patient="PB"))
    arrivals.bring(report("s1"))
    assert ("s1", 1, "applied") in arrivals.statuses()
    shown = arrivals.worker.execute("SELECT reason_code, scan_uid, patient_id FROM scanstream.set_aside").fetchall()
    assert shown == [("patient_conflict", "notes", "PB")]
    sound(arrivals)


def test_of_patients_who_were_found_to_be_one_either_record_may_reject(arrivals: Arrivals) -> None:
    arrivals.bring(report("s1"))
    accept_identity(arrivals.worker, IdentityEvent("e1", "merge", "PB", "PA", None, "anna"))
    apply_identity(arrivals.worker, Reconciler(arrivals.worker, forecasters()))
    arrivals.bring(note("notes", "n", "s1/r", patient="PB"))
    assert ("s1", 1, "rejected") in arrivals.statuses()
    sound(arrivals)


def withdrawal(by: str, takes: str, minute: int = 0, because: str = "quality") -> Withdrawal:
    return Withdrawal(by, takes, because, "PACS", moments_later(60 * minute))


@pytest.mark.parametrize(
    ("withdrawals", "taken"),
    [
        ([withdrawal("n", "i")], {"i"}),
        ([withdrawal("n", "i"), withdrawal("m", "n")], {"n"}),
        ([withdrawal("n", "i"), withdrawal("m", "n"), withdrawal("o", "m")], {"i", "m"}),
        ([withdrawal("n", "n")], set()),
        ([withdrawal("n", "m"), withdrawal("m", "n"), withdrawal("n", "i")], set()),
        ([withdrawal("n", "i"), withdrawal("m", "n", because="replaced")], {"i", "n"}),
        ([withdrawal("r", "q", because="replaced"), withdrawal("q", "r", because="replaced")], set()),
    ],
)
def test_a_note_has_force_unless_one_that_has_force_rejects_it(withdrawals: list[Withdrawal], taken: set[str]) -> None:
    assert {each.takes for each in in_force(withdrawals)} == taken

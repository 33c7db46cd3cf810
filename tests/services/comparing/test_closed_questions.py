"""Patients whose questions were closed before anybody forecast them are judged like all others: they have events."""

from dataclasses import replace

from stream.services.facts.clinical import Outcome, accept_outcomes
from stream.services.folding.reconcile import Reconciler
from stream.timeline.entries import RULES
from tests.services.accepted_facts import accept, assert_sound, day, drug, lung
from tests.services.both_weights import PATIENTS, Both

LATE = [f"L{number:02}" for number in range(15)]
"""Patients of whom visits and outcomes come at once."""


def tell(both: Both, *outcomes: Outcome) -> None:
    accept_outcomes(both.connection, outcomes, day(1000))


def fold(both: Both, afresh: bool = False) -> None:
    weights = [one.weights_version for one in both.held] if afresh else []
    Reconciler(both.connection, both.held).timelines([*PATIENTS, *LATE], weights)


def come_at_once(both: Both) -> None:
    """Fifteen patients with two visits before their progression and one after it; the others are followed without."""
    for patient in LATE:
        accept(both.connection, *(lung(patient, name, on, 30.0) for name, on in (("a", 0), ("b", 60), ("c", 120))))
    tell(both, *(Outcome(patient, "progression", day(100), True) for patient in LATE))
    tell(both, *(Outcome(patient, "progression", day(900), False) for patient in PATIENTS))
    fold(both)


def judged(both: Both) -> tuple[int, int, int]:
    """Patients, those with a progression, and visits, of the risk within 180 days."""
    question = ("progression", "days", 180)
    found = next(one.judged for one in both.compared().questions if one.question == question)
    return found.patients, found.with_event, found.visits


def test_events_that_came_with_their_patients_are_counted(both: Both) -> None:
    come_at_once(both)
    assert judged(both) == (45, 15, 90)
    assert_sound(both.connection, both.held)


def test_each_visit_counts_once_however_often_it_is_computed(both: Both) -> None:
    come_at_once(both)
    fold(both, afresh=True)
    accept(both.connection, *(lung(patient, "before", -30, 30.0) for patient in LATE))
    fold(both)
    assert judged(both) == (45, 15, 105)


def test_new_rules_of_verdicts_make_no_forecast_a_second_time(both: Both) -> None:
    """What a criterion says anew of a closed question changes no risk that was told before."""
    come_at_once(both)
    told = both.connection.execute("SELECT count(*) FROM core.forecasts").fetchone()
    both.do("UPDATE core.visits SET rules = %s", RULES - 1)
    fold(both)
    assert both.connection.execute("SELECT count(*) FROM core.forecasts").fetchone() == told
    now = both.connection.execute(
        "SELECT DISTINCT rules FROM core.visits WHERE superseded_by IS NULL AND patient_id = 'L00'"
    )
    assert now.fetchall() == [(RULES,)]


def test_where_every_question_is_closed_it_is_judged_all_the_same(both: Both) -> None:
    tell(both, *(Outcome(patient, "progression", day(100), True) for patient in PATIENTS))
    fold(both, afresh=True)
    assert judged(both) == (30, 30, 60)
    (responses,) = both.compared().responses
    assert (responses.shifts.both, responses.judged["SD"].visits) == ((), 30)
    assert "\n  outcomes: 30 patients, 30 with the event, 60 visits before it" in str(both.compared())


def test_forecasts_of_a_line_that_another_followed_are_judged(both: Both) -> None:
    for patient in LATE:
        accept(both.connection, drug(patient, "first", -1), replace(drug(patient, "second", 70), line=2))
    come_at_once(both)
    ended = "SELECT DISTINCT superseded_because FROM core.forecasts WHERE superseded_by IS NOT NULL"
    assert set(both.connection.execute(ended).fetchall()) == {("treatment",), ("occurred",)}
    assert judged(both) == (45, 15, 90)

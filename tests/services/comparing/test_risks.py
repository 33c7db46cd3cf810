"""What would change if other weights led: risks, and what holds for every kind of forecast."""

import datetime as dt

import pytest

from stream.errors import AnswerIsNo, WrongUse
from stream.services import leading
from stream.services.comparing.comparison import Comparison, compare, leading_beside
from stream.services.comparing.risks import RiskComparison
from stream.services.facts.clinical import Outcome, accept_outcomes
from stream.storage.database import Connection
from tests.services.accepted_facts import day, lung
from tests.services.both_weights import OLD, PATIENTS, RESPONSE, SIZES_MM, Both


def tell(connection: Connection, *outcomes: Outcome) -> None:
    accept_outcomes(connection, outcomes, dt.datetime.now(dt.UTC))


def within(found: Comparison, horizon_days: int) -> RiskComparison:
    return next(one for one in found.questions if one.question == ("progression", "days", horizon_days))


def test_the_shift_is_that_of_each_patients_current_risk(both: Both) -> None:
    query = """SELECT patient_id, risk FROM scanstream.risk_history WHERE weights_version = %s AND horizon_days = 180
    AND acquired_at = %s"""
    old_risks, new_risks = (
        dict(both.connection.execute(query, [version, day(60)]).fetchall()) for version in (OLD, both.new)
    )
    found = within(both.compared(), 180)
    shifts = {patient: new_risks[patient] - old_risks[patient] for patient in PATIENTS}
    assert found.shifts.to_json() == {"patients": 30, "only_new": 0, "only_old": 0}
    assert found.shifts.largest[0][0] == max(shifts, key=lambda patient: abs(shifts[patient]))
    assert all((old_risks[who], new_risks[who]) == (old, new) for who, old, new in found.shifts.largest)
    assert found.quantiles["5 %"] <= found.quantiles["50 %"] <= found.quantiles["95 %"]
    assert min(shifts.values()) <= found.quantiles["50 %"] <= max(shifts.values())


def test_patients_whom_only_one_of_them_covers_are_counted_apart(both: Both) -> None:
    both.do("UPDATE core.forecasts SET tip = false WHERE patient_id = 'P03' AND weights_version = %s", both.new)
    assert within(both.compared(), 90).shifts.to_json() == {"patients": 29, "only_new": 0, "only_old": 1}


def test_without_events_nothing_is_said_of_what_is_better(both: Both) -> None:
    for one in both.compared().questions:
        assert (one.judged.patients, one.judged.with_event, one.judged.measures) == (30, 0, ())


def test_a_progression_that_a_verdict_says_is_an_outcome_too(both: Both) -> None:
    """Nobody entered anything: half of the patients grow by more than a fifth, the others stay as they were."""
    both.arrive(*(lung(one, "c", 120, (2.0 if one >= "P15" else 1.1) * size) for one, size in SIZES_MM.items()))
    judged = within(both.compared(), 180).judged
    assert (judged.patients, judged.with_event, judged.visits) == (30, 15, 60)
    [coming] = [one.judged for one in both.compared().questions if one.question.horizon_kind == "next_visit"]
    assert (coming.patients, coming.with_event, coming.visits) == (30, 15, 60)


def test_outcomes_are_judged_from_the_visits_before_them(both: Both) -> None:
    """Fifteen patients progress between their visits and horizons, fifteen are followed without event."""
    tell(both.connection, *(Outcome(one, "progression", day(100), True) for one in PATIENTS[15:]))
    tell(both.connection, *(Outcome(one, "progression", day(900), False) for one in PATIENTS[:15]))
    judged = within(both.compared(), 180).judged
    assert (judged.patients, judged.with_event, judged.visits) == (30, 15, 60)
    assert [one.measure for one in judged.measures] == ["AUC", "observed/expected"]
    tell(both.connection, *(Outcome(one, "progression", day(30), True) for one in PATIENTS[15:]))
    assert within(both.compared(), 180).judged.visits == 45
    tell(both.connection, *(Outcome(one, "progression", None, True) for one in PATIENTS[15:]))
    assert within(both.compared(), 180).judged.patients == 15
    tell(both.connection, *(Outcome(one, "progression", day(100), True, withdrawn=True) for one in PATIENTS))
    assert within(both.compared(), 180).judged.with_event == 0


def test_forecasts_that_ended_as_the_event_came_are_judged_all_the_same(both: Both) -> None:
    """An outcome settles the question and ends its forecasts: just these can be judged by it."""
    tell(both.connection, *(Outcome(one, "progression", day(100), True) for one in PATIENTS[15:]))
    tell(both.connection, *(Outcome(one, "progression", day(900), False) for one in PATIENTS[:15]))
    both.arrive()
    because = "SELECT count(*) FROM core.forecasts WHERE superseded_because = 'occurred'"
    assert both.connection.execute(because).fetchone()[0] > 0
    judged = within(both.compared(), 180).judged
    assert (judged.patients, judged.with_event, judged.visits) == (30, 15, 60)


def test_of_two_records_of_one_patient_the_first_event_counts(both: Both) -> None:
    both.do("INSERT INTO core.aliases (patient_id, into_patient_id, seq, row_sha256) VALUES ('P', 'P00', 1, '')")
    tell(both.connection, Outcome("P00", "progression", day(900), False), Outcome("P", "progression", day(70), True))
    judged = within(both.compared(), 90).judged
    assert (judged.patients, judged.with_event, judged.visits) == (30, 1, 31)


def test_without_a_second_name_it_is_compared_with_what_leads(both: Both) -> None:
    assert leading_beside(both.connection, both.new) == OLD
    leading.promote(both.connection, both.new, "Ada", None)
    assert leading_beside(both.connection, OLD) == both.new
    with pytest.raises(WrongUse, match="lead themselves"):
        leading_beside(both.connection, both.new)


def test_weights_that_forecast_nothing_in_common_are_not_compared(both: Both) -> None:
    with pytest.raises(AnswerIsNo, match="nothing to compare"):
        compare(both.connection, both.new, RESPONSE)


def test_any_kind_of_forecast_that_both_make_is_enough(both: Both) -> None:
    """Forecasts of the new weights go away kind by kind; only when the last one went is there nothing to compare."""
    both.do("UPDATE core.forecasts SET tip = false, superseded_by = 0 WHERE weights_version = %s", both.new)
    assert len(both.compared().sizes[0].shifts.both) == 30
    both.do("UPDATE core.size_forecasts SET superseded_by = 0 WHERE weights_version = %s", both.new)
    found = both.compared()
    assert (len(found.sizes[0].shifts.both), len(found.responses[0].shifts.both)) == (0, 30)
    both.do("UPDATE core.response_probabilities SET superseded_by = 0 WHERE weights_version = %s", both.new)
    with pytest.raises(AnswerIsNo, match="nothing to compare"):
        both.compared()


def test_scripts_find_the_same_names_as_ever_and_two_kinds_more(both: Both) -> None:
    found = both.compared().to_json()
    assert list(found) == ["questions", "sizes", "responses"]
    [question, *_], [size, *_], [response] = found.values()
    counts = ["patients", "only_new", "only_old", "shift", "largest"]
    assert list(question) == ["endpoint", "horizon_kind", "horizon_days", *counts, "outcomes"]
    assert list(question["largest"][0]) == ["patient_id", "old", "new"]
    assert question["outcomes"] == {"patients": 30, "with_event": 0, "visits": 30, "measures": []}
    assert list(size) == ["measurement", "unit", "horizon_days", *counts, "measured"]
    assert list(response) == ["criterion", *counts, "followed"]
    assert list(response["shift"]) == list(response["followed"]) == ["CR", "PR", "SD", "PD"]


def test_people_read_whom_it_is_about_and_by_how_much(both: Both) -> None:
    query = """UPDATE core.forecasts SET risk = %s, risk_low = 0, risk_high = 1
    WHERE patient_id = 'P07' AND weights_version = %s"""
    both.do(query, 0.5, OLD)
    both.do(query, 1.0, both.new)
    said = str(both.compared())
    assert "progression within 90 days: 30 patients with both, 0 with the new only, 0 with the old only\n" in said
    assert "\n  P07  0.500 → 1.000  (+0.500)\n" in said
    assert "\n\nsum of diameters in 42 days: 30 patients with both" in said
    assert "\n\nbest response by RECIST 1.1: 30 patients with both" in said

"""The second line from three starts: what each of them sees, and that the truth is RECIST's."""

from collections.abc import Sequence

import numpy as np
import pytest

from models.card import NEXT_VISIT
from models.forecast import Forecast, RiskForecast, of_kind
from models.judging.second_lines import (
    CARRIED,
    FRESH,
    HIDDEN,
    QUESTIONS,
    JudgedLine,
    judged_lines,
    open_visits,
    risks,
    states,
    table,
)
from models.serving.forecaster import Forecaster
from models.simulation.lines import FollowedPatient, lines_of
from models.simulation.patients import simulate
from models.simulation.second_lines import first_lines, second_lines
from models.tables.records import PatientRecord, VisitRecord
from models.training.crossvalidation import forecast
from tests.models.timelines import features_of

NOTHING = JudgedLine(np.empty(0), np.empty(0), progressed=False)


@pytest.fixture(scope="module")
def patients() -> tuple[FollowedPatient, ...]:
    return second_lines(first_lines(simulate(50)), 0.75)


@pytest.fixture(scope="module")
def lines(patients: tuple[FollowedPatient, ...]) -> tuple[list[JudgedLine], list[JudgedLine]]:
    return judged_lines(patients)


@pytest.fixture(scope="module")
def by_start(progression: Forecaster, lines: tuple[list[JudgedLine], list[JudgedLine]]) -> dict[str, np.ndarray]:
    first, second = lines
    return risks(progression, [each.before_last() for each in first], second)


def of_records(forecaster: Forecaster, lines: Sequence[JudgedLine]) -> list[np.ndarray]:
    """Risks (V, questions) of days and sums as patients of any table are forecast."""
    seen = [
        [VisitRecord(day, str(day), features_of(sum_of_diameters=size)) for day, size in zip(*each[:2], strict=True)]
        for each in lines
    ]
    forecasts = forecast(forecaster, [PatientRecord("P", "lung", tuple(each), {}, (), {}) for each in seen])
    return [np.array([asked(of_visit) for of_visit in of_patient]) for of_patient in forecasts]


def asked(forecasts: Sequence[Forecast]) -> list[float]:
    by_horizon = {(each.horizon_kind, each.horizon_days): each.risk for each in of_kind(RiskForecast, forecasts)}
    return [by_horizon[each.horizon_kind, each.horizon_days] for each in QUESTIONS]


def test_fresh_forgets_the_first_line_and_carried_goes_on_after_it(
    progression: Forecaster, lines: tuple[list[JudgedLine], list[JudgedLine]], by_start: dict[str, np.ndarray]
) -> None:
    before, after = ([each.before_last() for each in of_line] for of_line in lines)
    whole = [
        JudgedLine(np.append(one.days, other.days), np.append(one.sums_mm, other.sums_mm), progressed=False)
        for one, other in zip(before, after, strict=True)
    ]
    on = [found[len(past.days) :] for found, past in zip(of_records(progression, whole), before, strict=True)]
    np.testing.assert_array_equal(by_start[FRESH], np.concatenate(of_records(progression, after)))
    np.testing.assert_array_equal(by_start[CARRIED], np.concatenate(on))


def test_a_hidden_state_goes_on_with_a_history_that_counts_anew(
    progression: Forecaster, lines: tuple[list[JudgedLine], list[JudgedLine]]
) -> None:
    cells = len(progression.card.state_layout["cells"])
    at = states(progression, [each.before_last() for each in lines[0]])
    np.testing.assert_array_equal(at[HIDDEN][:, :-cells], at[CARRIED][:, :-cells])
    np.testing.assert_array_equal(at[HIDDEN][:, -cells:], at[FRESH][:, -cells:])
    assert at[CARRIED][:, -cells:].any(1).all()
    assert at[HIDDEN].any(1).all()


def test_starts_differ_on_second_lines_and_agree_where_nothing_was_before(
    progression: Forecaster, lines: tuple[list[JudgedLine], list[JudgedLine]], by_start: dict[str, np.ndarray]
) -> None:
    for one, other in ((FRESH, HIDDEN), (FRESH, CARRIED), (HIDDEN, CARRIED)):
        assert (np.abs(by_start[one] - by_start[other]).max(1) > 1e-4).mean() > 0.9
    firsts = risks(progression, [NOTHING] * len(lines[0]), lines[0])
    np.testing.assert_array_equal(firsts[FRESH], firsts[HIDDEN])
    np.testing.assert_array_equal(firsts[FRESH], firsts[CARRIED])


def test_the_truth_is_the_verdict_of_recist(
    patients: tuple[FollowedPatient, ...], lines: tuple[list[JudgedLine], list[JudgedLine]]
) -> None:
    second = [lines_of(each.visits, each.treatments)[1].verdicts for each in patients]
    seen = [[v for v in each if v.sum_of_diameters is not None or v.category == "PD"] for each in second]
    verdicts = [
        [(float(v.scan_uid), v.category) for v in of_line]
        for of_line, (baseline, *later) in zip(seen, second, strict=True)
        if baseline.sum_of_diameters is not None and later
    ]
    rows = open_visits(lines[1])
    at_next = rows.weights(QUESTIONS[0], np.ones(len(rows.patient))).case > 0
    assert QUESTIONS[0].horizon_kind == NEXT_VISIT
    assert 0 < at_next.sum() < len(at_next)
    for n, (patient, number) in enumerate(zip(rows.patient, rows.number, strict=True)):
        of_line = verdicts[patient]
        assert "PD" not in [category for _, category in of_line[: number + 1]]
        days = [day for day, category in of_line if category == "PD"]
        assert rows.event[n] == bool(days)
        assert at_next[n] == (of_line[number + 1][1] == "PD")
        assert rows.time_days[n] == (days or [of_line[-1][0]])[0] - of_line[number][0]
        assert rows.gap_days[n] == of_line[number + 1][0] - of_line[number][0]


def test_the_table_has_a_line_for_each_place_and_start(
    lines: tuple[list[JudgedLine], list[JudgedLine]], by_start: dict[str, np.ndarray]
) -> None:
    rows = open_visits(lines[1])
    head, _, *body = table(rows, by_start)
    assert len(body) == (len(QUESTIONS) + 4) * 3
    assert {line.count("|") for line in (head, *body)} == {head.count("|")}
    assert all((line.endswith("|  |  |")) == (f"| {FRESH} |" in line) for line in body)
    assert body[0].startswith(f"| at the next visit | {len(rows.patient)} | ")

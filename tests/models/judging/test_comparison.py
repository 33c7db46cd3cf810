"""Two sets of weights judged on the same visits."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from models.judging.comparison import (
    FEWEST,
    FEWEST_FOR_SLOPE,
    FollowedVisits,
    MeasuredSizes,
    judge_both,
    judge_sizes,
    shift_quantiles,
)
from models.judging.intervals import QUANTILES
from models.statistics.calibration import calibration_slope
from models.statistics.metrics import known

HORIZON = 180


def followed(patients: int, seed: int = 1) -> FollowedVisits:
    """Patients with two visits each, whose true risk the first column knows; the second is noise. No censoring."""
    random = np.random.default_rng(seed)
    true = np.repeat(random.uniform(0.05, 0.95, patients), 2)
    event = np.repeat(random.random(patients), 2) < true
    days = np.where(event, random.uniform(1, HORIZON, 2 * patients), 400.0)
    risks = np.stack([true, random.uniform(0.05, 0.95, 2 * patients)], axis=1)
    return FollowedVisits(np.repeat(np.arange(patients), 2), risks, days, event)


def sized(patients: int) -> MeasuredSizes:
    """Patients with two visits each, of sizes around 50 mm; quantiles 2 mm apart, of the old weights 5 mm too high."""
    random = np.random.default_rng(2)
    quantiles = 50.0 + 2.0 * np.arange(-3, 4)
    both = np.broadcast_to([quantiles, quantiles + 5.0], (2 * patients, 2, 7))
    return MeasuredSizes(np.repeat(np.arange(patients), 2), both, random.normal(50.0, 3.0, 2 * patients))


def test_weights_that_know_the_risk_are_told_from_weights_that_do_not() -> None:
    judged = judge_both(followed(400), HORIZON)
    measures = {one.measure: one for one in judged.measures}
    assert list(measures) == ["AUC", "observed/expected", "calibration slope"]
    assert measures["AUC"].new.low > 0.7 > 0.6 > measures["AUC"].old.high
    assert measures["AUC"].difference.low > 0.1
    assert measures["observed/expected"].new.low < 1.0 < measures["observed/expected"].new.high
    assert measures["calibration slope"].new.low < 1.0 < measures["calibration slope"].new.high
    assert measures["calibration slope"].old.high < 0.5
    assert (judged.patients, judged.visits) == (400, 800)


def test_of_few_outcomes_no_measure_is_given() -> None:
    rows = followed(3 * FEWEST)
    few = rows.event & (rows.patient < FEWEST)
    judged = judge_both(rows._replace(event=few, time_days=np.where(few, 30.0, 400.0)), HORIZON)
    assert judged.with_event < FEWEST
    assert judged.measures == ()
    some = rows.patient < FEWEST
    enough = judge_both(rows._replace(event=some, time_days=np.where(some, 30.0, 400.0)), HORIZON)
    assert [one.measure for one in enough.measures] == ["AUC", "observed/expected"]
    assert FEWEST < FEWEST_FOR_SLOPE


def test_follow_up_that_ends_before_the_horizon_counts_neither_way() -> None:
    """A third is lost on day 60: they say nothing, and those who stay stand for them."""
    rows = followed(300)
    lost = (rows.patient % 3 == 0) & (rows.time_days > 60)
    judged = judge_both(
        rows._replace(time_days=np.where(lost, 60.0, rows.time_days), event=rows.event & ~lost), HORIZON
    )
    measures = {one.measure: one for one in judged.measures}
    assert measures["observed/expected"].new.low < 1.0 < measures["observed/expected"].new.high
    assert judged.patients == 300


def test_an_outcome_without_a_horizon_needs_no_day() -> None:
    rows = followed(200)
    assert judge_both(rows._replace(time_days=np.full(400, np.nan)), None).measures[0].new.low > 0.7


@pytest.mark.parametrize("stretch", [0.5, 1.0, 2.0])
def test_the_slope_is_that_of_a_logistic_regression(stretch: float) -> None:
    rows = followed(500)
    logit = stretch * np.log(rows.risks[:, 0] / (1 - rows.risks[:, 0]))
    risk = 1 / (1 + np.exp(-logit))
    expected = LogisticRegression(C=1e9, tol=1e-8, max_iter=1000).fit(logit[:, None], rows.event).coef_[0, 0]
    assert calibration_slope(risk, known(rows.event, np.ones(1000))) == pytest.approx(expected, rel=1e-3)


def test_there_is_no_slope_where_the_risk_never_errs_or_nothing_happened() -> None:
    event = np.array([False] * 5 + [True] * 5)
    assert np.isnan(calibration_slope(np.linspace(0.1, 0.9, 10), known(event, np.ones(10))))
    assert np.isnan(calibration_slope(np.linspace(0.1, 0.9, 10), known(event & False, np.ones(10))))


def test_errors_of_sizes_are_means_over_visits_and_intervals_are_over_patients() -> None:
    rows = sized(200)
    judged = judge_sizes(rows)
    measures = {one.measure: one for one in judged.measures}
    assert (judged.patients, judged.visits) == (200, 400)
    for at, side in enumerate(("new", "old")):
        off = rows.size[:, None] - rows.quantiles[:, at]
        loss = np.where(off > 0, QUANTILES * off, (QUANTILES - 1) * off)
        within = (rows.size >= rows.quantiles[:, at, 1]) & (rows.size <= rows.quantiles[:, at, 5])
        assert getattr(measures["mean absolute error"], side).value == pytest.approx(np.abs(off[:, 3]).mean())
        assert getattr(measures["pinball loss"], side).value == pytest.approx(loss.mean())
        assert getattr(measures["80 % interval holds"], side).value == pytest.approx(within.mean())
    error = measures["mean absolute error"]
    by_patient = np.abs(rows.size - 50.0).reshape(-1, 2).mean(1)
    width = 2 * 1.96 * by_patient.std() / np.sqrt(200)
    assert error.new.high - error.new.low == pytest.approx(width, rel=0.25)
    assert error.difference.value == pytest.approx(error.new.value - error.old.value)
    assert error.difference.high < 0 < measures["80 % interval holds"].difference.low


def test_visits_of_one_patient_are_drawn_together() -> None:
    """The same size a hundred times of each patient tells no more than once."""
    once = sized(30)
    often = MeasuredSizes(*(np.repeat(each, 100, axis=0) for each in once))
    for one, many in zip(judge_sizes(once).measures, judge_sizes(often).measures, strict=True):
        assert np.array(many[1:]) == pytest.approx(np.array(one[1:]))


def test_of_few_patients_no_error_is_given() -> None:
    few, enough = judge_sizes(sized(FEWEST - 1)), judge_sizes(sized(FEWEST))
    assert (few.patients, few.visits, few.measures) == (9, 18, ())
    assert len(enough.measures) == 3


def test_quantiles_of_shifts_are_named() -> None:
    assert shift_quantiles(np.array([])) == {}
    assert shift_quantiles(np.linspace(-1, 1, 101)) == pytest.approx(
        {"5 %": -0.9, "25 %": -0.5, "50 %": 0.0, "75 %": 0.5, "95 %": 0.9}
    )

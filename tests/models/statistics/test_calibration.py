"""Calibration: whether risks mean what they say."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve as theirs
from sklearn.linear_model import LogisticRegression

from models.statistics.calibration import (
    calibration_curve,
    calibration_intercept,
    calibration_slope,
    observed_over_expected,
)
from models.statistics.metrics import known


def outcomes(n: int = 4000, shift: float = 0.0, stretch: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Risks that are wrong by `shift` and `stretch` on the logit, and what followed."""
    random = np.random.default_rng(4)
    logit = random.normal(-1.5, 1.0, n)
    event = random.random(n) < 1 / (1 + np.exp(-logit))
    return 1 / (1 + np.exp(-(shift + stretch * logit))), event


def test_right_risks_have_slope_one_intercept_nought_and_observed_as_expected() -> None:
    risk, event = outcomes()
    weights = known(event, np.ones(len(event)))
    assert calibration_slope(risk, weights) == pytest.approx(1.0, abs=0.1)
    assert calibration_intercept(risk, weights) == pytest.approx(0.0, abs=0.1)
    assert observed_over_expected(risk, weights) == pytest.approx(1.0, abs=0.06)


def test_risks_too_high_have_a_negative_intercept_and_less_observed_than_expected() -> None:
    risk, event = outcomes(shift=0.7)
    weights = known(event, np.ones(len(event)))
    assert calibration_intercept(risk, weights) == pytest.approx(-0.7, abs=0.1)
    assert observed_over_expected(risk, weights) < 0.75


def test_risks_too_extreme_have_a_slope_below_one() -> None:
    risk, event = outcomes(stretch=2.0)
    assert calibration_slope(risk, known(event, np.ones(len(event)))) == pytest.approx(0.5, abs=0.05)


def test_slope_and_intercept_weigh_rows_like_a_logistic_regression() -> None:
    risk, event = outcomes(n=600, shift=0.3, stretch=1.4)
    count = np.random.default_rng(2).integers(0, 3, len(event)).astype(float)
    logit = np.log(risk / (1 - risk))[:, None]
    fitted = LogisticRegression(C=1e9, tol=1e-9, max_iter=2000).fit(logit, event, sample_weight=count)
    assert calibration_slope(risk, known(event, count)) == pytest.approx(fitted.coef_[0, 0], rel=1e-3)
    drawn = known(event, count)
    shifted = 1 / (1 + np.exp(-(logit[:, 0] + calibration_intercept(risk, drawn))))
    assert (count * shifted).sum() == pytest.approx(drawn.case.sum(), rel=1e-6)


def test_the_curve_equals_scikit_learns_and_counts_every_row() -> None:
    risk, event = outcomes(n=1000)
    groups = calibration_curve(np.arange(1000), risk, known(event, np.ones(1000)), seed=1)
    observed, expected = theirs(event, risk, n_bins=10, strategy="quantile")
    assert [group.observed.value for group in groups] == pytest.approx(observed)
    assert [group.expected for group in groups] == pytest.approx(expected)
    assert sum(group.rows for group in groups) == 1000
    assert sum(group.cases for group in groups) == event.sum()
    assert all(group.observed.low <= group.observed.value <= group.observed.high for group in groups)


def test_one_risk_for_all_is_one_group() -> None:
    [group] = calibration_curve(np.arange(4), np.full(4, 0.3), known(np.array([1, 0, 0, 0]) > 0, np.ones(4)), seed=1)
    assert (group.rows, group.expected, group.observed.value) == (4, pytest.approx(0.3), 0.25)

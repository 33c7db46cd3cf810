"""Whether risks mean what they say: observed by expected, slope and intercept, the curve with its counts."""

from typing import NamedTuple

import numpy as np

from models.statistics.metrics import CaseControlWeights, Estimate, estimate, over_patients
from models.statistics.regression import coefficients

GROUPS = 10


class RiskGroup(NamedTuple):
    """Rows of similar risk: how many, the mean risk, the share with the event."""

    rows: int
    cases: int
    expected: float
    observed: Estimate


def observed_over_expected(risk: np.ndarray, weights: CaseControlWeights) -> float:
    """Calibration in the large: weighted share of cases by mean risk; 1 is right, below 1 too high a risk."""
    expected = (weights.drawn * risk).sum()
    return float(weights.case.sum() / expected) if expected > 0 else np.nan


def calibration_slope(risk: np.ndarray, weights: CaseControlWeights) -> float:
    """Slope of a logistic regression on the logit of the risk: 1 is right, below 1 risks are too extreme.

    NaN where there are no cases or no controls, or the risk tells them apart without fault.
    """
    columns = np.stack([np.ones(len(risk)), _logit(risk)], axis=1)
    return float(coefficients(columns, weights, np.array([0.0, 1.0]))[1])


def calibration_intercept(risk: np.ndarray, weights: CaseControlWeights) -> float:
    """Intercept of a logistic regression with the logit of the risk as offset: 0 is right, below 0 too high a risk."""
    return float(coefficients(np.ones((len(risk), 1)), weights, np.zeros(1), given=_logit(risk))[0])


def calibration_curve(patient: np.ndarray, risk: np.ndarray, weights: CaseControlWeights, seed: int) -> list[RiskGroup]:
    """Expected and observed by tenths of `risk` (R,), lowest first; intervals over `patient` (R,), groups fixed."""
    edges = np.unique(np.quantile(risk, np.linspace(0, 1, GROUPS + 1)[1:-1]))
    group = np.searchsorted(edges, risk, side="right")
    groups = len(edges) + 1

    def observed(count: np.ndarray) -> np.ndarray:
        cases, controls = (
            np.bincount(group, each * count, minlength=groups) for each in (weights.case, weights.control)
        )
        share: np.ndarray = np.divide(cases, cases + controls, out=np.full(groups, np.nan), where=cases + controls > 0)
        return share

    values = over_patients(patient, observed, seed)
    rows, cases = np.bincount(group, minlength=groups), np.bincount(group, weights.case > 0, minlength=groups)
    expected = np.bincount(group, risk, minlength=groups)
    return [
        RiskGroup(int(rows[g]), int(cases[g]), float(expected[g] / rows[g]), estimate(values[:, g]))
        for g in range(groups)
        if rows[g]
    ]


def _logit(risk: np.ndarray) -> np.ndarray:
    inner = np.clip(risk, 1e-6, 1 - 1e-6)
    log_odds: np.ndarray = np.log(inner / (1 - inner))
    return log_odds

"""Whether risks mean what they say: observed by expected, slope and intercept, the curve with its counts."""

from typing import NamedTuple

import numpy as np

from models.metrics import Estimate, Weights, estimate, over_patients

NEWTON_STEPS, LARGEST_CONDITION = 50, 1e12
GROUPS = 10


class Group(NamedTuple):
    """Rows of similar risk: how many, the mean risk, the share with the event."""

    rows: int
    cases: int
    expected: float
    observed: Estimate


def observed_over_expected(risk: np.ndarray, weights: Weights) -> float:
    """Calibration in the large: weighted share of cases by mean risk; 1 is right, below 1 too high a risk."""
    expected = (weights.count * risk).sum()
    return float(weights.case.sum() / expected) if expected > 0 else np.nan


def calibration_slope(risk: np.ndarray, weights: Weights) -> float:
    """Slope of a logistic regression on the logit of the risk: 1 is right, below 1 risks are too extreme.

    NaN where there are no cases or no controls, or the risk tells them apart without fault.
    """
    columns = np.stack([np.ones(len(risk)), _logit(risk)], axis=1)
    found = _newton(columns, np.zeros(len(risk)), np.array([0.0, 1.0]), weights)
    return float(found[1])


def calibration_intercept(risk: np.ndarray, weights: Weights) -> float:
    """Intercept of a logistic regression with the logit of the risk as offset: 0 is right, below 0 too high a risk."""
    return float(_newton(np.ones((len(risk), 1)), _logit(risk), np.zeros(1), weights)[0])


def calibration_curve(patient: np.ndarray, risk: np.ndarray, weights: Weights, seed: int) -> list[Group]:
    """Expected and observed by tenths of the risk, lowest first; intervals over patients, groups held fixed."""
    edges = np.unique(np.quantile(risk, np.linspace(0, 1, GROUPS + 1)[1:-1]))
    group = np.searchsorted(edges, risk, side="right")
    groups = len(edges) + 1

    def observed(count: np.ndarray) -> np.ndarray:
        cases, controls = (
            np.bincount(group, each * count, minlength=groups) for each in (weights.case, weights.control)
        )
        return np.divide(cases, cases + controls, out=np.full(groups, np.nan), where=cases + controls > 0)

    values = over_patients(patient, observed, seed)
    rows, cases = np.bincount(group, minlength=groups), np.bincount(group, weights.case > 0, minlength=groups)
    expected = np.bincount(group, risk, minlength=groups)
    return [
        Group(int(rows[g]), int(cases[g]), float(expected[g] / rows[g]), estimate(values[:, g]))
        for g in range(groups)
        if rows[g]
    ]


def _logit(risk: np.ndarray) -> np.ndarray:
    inner = np.clip(risk, 1e-6, 1 - 1e-6)
    return np.log(inner / (1 - inner))


def _newton(columns: np.ndarray, offset: np.ndarray, at: np.ndarray, weights: Weights) -> np.ndarray:
    """Coefficients of a weighted logistic regression, from `at`; NaN where Newton's method finds none."""
    each, none = weights.case + weights.control, np.full(len(at), np.nan)
    if not weights.case.any() or not weights.control.any():
        return none
    for _ in range(NEWTON_STEPS):
        expected = 1 / (1 + np.exp(-np.clip(offset + columns @ at, -30, 30)))
        curvature = columns.T @ (columns * (each * expected * (1 - expected))[:, None])
        if np.linalg.cond(curvature) > LARGEST_CONDITION:
            return none
        change = np.linalg.solve(curvature, columns.T @ (weights.case - each * expected))
        at = at + change
        if np.abs(change).max() < 1e-9:
            return at
    return none

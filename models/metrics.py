"""How good risks are: AUC, Brier score and calibration, weighted for censoring, with intervals over patients.

A row is a landmark (a visit). For a horizon t a row is a case with weight 1/G(T) if the event came by t, a control
with weight 1/G(t) if it had not come by t, and nothing if follow-up ended before; G is the Kaplan-Meier estimate of
staying uncensored (Graf et al. 1999 for the Brier score, Uno et al. 2007 for the cumulative/dynamic AUC).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

RESAMPLES = 200
# Beyond this few are left to stand for the others: heavier weights would let single visits decide.
SMALLEST_G = 0.01
NEWTON_STEPS, LARGEST_CONDITION = 50, 1e12


class Weights(NamedTuple):
    """Weight of each row as case and as control, both (R,); `count`: how often the row was drawn."""

    case: np.ndarray
    control: np.ndarray
    count: np.ndarray


class Estimate(NamedTuple):
    """A value with its 95 % interval; NaN where it cannot be had."""

    value: float
    low: float
    high: float


def censored(time_days: np.ndarray, event: np.ndarray, horizon_days: float, count: np.ndarray) -> Weights:
    """Inverse-probability-of-censoring weights at a horizon of follow-up (R,) ending with or without an event."""
    uncensored = censoring_survival(time_days, event, count)
    case = event & (time_days <= horizon_days)
    control = time_days > horizon_days
    return Weights(
        case * count / np.maximum(uncensored(time_days), SMALLEST_G),
        control * count / np.maximum(uncensored(np.full(1, horizon_days)), SMALLEST_G),
        count,
    )


def known(event: np.ndarray, count: np.ndarray) -> Weights:
    """Weights where the outcome of every row is known."""
    return Weights(event * count, ~event * count, count)


def censoring_survival(
    time_days: np.ndarray, event: np.ndarray, count: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """Kaplan-Meier estimate of P(not censored by t); at equal times events go before censorings."""
    times, place = np.unique(time_days, return_inverse=True)
    events = np.bincount(place, weights=event * count, minlength=len(times))
    leaving = np.bincount(place, weights=count, minlength=len(times))
    at_risk = leaving[::-1].cumsum()[::-1] - events
    lost = np.divide(leaving - events, at_risk, out=np.zeros_like(at_risk), where=at_risk > 0)
    survival = np.concatenate([[1.0], np.cumprod(1.0 - lost)])
    return lambda at: survival[np.searchsorted(times, at, side="right")]


def auc(risk: np.ndarray, weights: Weights) -> float:
    """P(a case has the higher risk than a control), ties count half."""
    order = np.argsort(risk, kind="stable")
    scores, below = risk[order], np.concatenate([[0.0], np.cumsum(weights.control[order])])
    lower = below[np.searchsorted(scores, risk, side="left")]
    upto = below[np.searchsorted(scores, risk, side="right")]
    pairs = weights.case.sum() * weights.control.sum()
    return float((weights.case * (lower + upto)).sum() / (2 * pairs)) if pairs > 0 else np.nan


def brier(risk: np.ndarray, weights: Weights) -> float:
    """Mean squared error of the risk."""
    rows = weights.count.sum()
    errors = weights.case * (1.0 - risk) ** 2 + weights.control * risk**2
    return float(errors.sum() / rows) if rows > 0 else np.nan


def observed_over_expected(risk: np.ndarray, weights: Weights) -> float:
    """Calibration in the large: weighted share of cases by mean risk; 1 is right, below 1 too high a risk."""
    expected = (weights.count * risk).sum()
    return float(weights.case.sum() / expected) if expected > 0 else np.nan


def calibration_slope(risk: np.ndarray, weights: Weights) -> float:
    """Slope of a logistic regression on the logit of the risk: 1 is right, below 1 risks are too extreme.

    Found by Newton's method; NaN where there are no cases or no controls, or the risk tells them apart without fault.
    """
    inner = np.clip(risk, 1e-6, 1 - 1e-6)
    columns = np.stack([np.ones(len(risk)), np.log(inner / (1 - inner))], axis=1)
    each, at = weights.case + weights.control, np.array([0.0, 1.0])
    if not weights.case.any() or not weights.control.any():
        return np.nan
    for _ in range(NEWTON_STEPS):
        expected = 1 / (1 + np.exp(-np.clip(columns @ at, -30, 30)))
        curvature = columns.T @ (columns * (each * expected * (1 - expected))[:, None])
        if np.linalg.cond(curvature) > LARGEST_CONDITION:
            return np.nan
        change = np.linalg.solve(curvature, columns.T @ (weights.case - each * expected))
        at = at + change
        if np.abs(change).max() < 1e-9:
            return float(at[1])
    return np.nan


def over_patients(patient: np.ndarray, measure: Callable[[np.ndarray], np.ndarray], seed: int) -> np.ndarray:
    """`measure(count)` (M,) for the rows as they are and for resamples of the patients: (1 + RESAMPLES, M).

    `patient` (R,) numbers the patient of each row; `count` (R,) says how often the row was drawn.
    """
    random = np.random.default_rng(seed)
    patients = int(patient.max()) + 1
    drawn = [np.bincount(random.integers(patients, size=patients), minlength=patients) for _ in range(RESAMPLES)]
    return np.array([measure(count[patient].astype(float)) for count in [np.ones(patients), *drawn]])


def estimate(values: np.ndarray) -> Estimate:
    """First of `values` (1 + resamples,) with the central 95 % of the others."""
    others = values[1:][np.isfinite(values[1:])]
    if not np.isfinite(values[0]) or not len(others):
        return Estimate(np.nan, np.nan, np.nan)
    low, high = np.quantile(others, [0.025, 0.975])
    return Estimate(float(values[0]), float(low), float(high))

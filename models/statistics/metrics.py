"""How good risks are: discrimination, error and what a threshold does, weighted for censoring, over patients.

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


class CaseControlWeights(NamedTuple):
    """Weight of each row as case and as control, both (R,); `drawn`: how often the row was drawn."""

    case: np.ndarray
    control: np.ndarray
    drawn: np.ndarray


class Estimate(NamedTuple):
    """A value with its 95 % interval; NaN where it cannot be had."""

    value: float
    low: float
    high: float

    def to_json(self) -> list[float] | None:
        """[value, low, high], None where it cannot be had."""
        return [round(value, 4) for value in self] if np.isfinite(self.value) else None


def censored(time_days: np.ndarray, event: np.ndarray, horizon_days: float, count: np.ndarray) -> CaseControlWeights:
    """Inverse-probability-of-censoring weights at a horizon of follow-up (R,) ending with or without an event."""
    uncensored = censoring_survival(time_days, event, count)
    case = event & (time_days <= horizon_days)
    control = time_days > horizon_days
    return CaseControlWeights(
        case * count / np.maximum(uncensored(time_days), SMALLEST_G),
        control * count / np.maximum(uncensored(np.full(1, horizon_days)), SMALLEST_G),
        count,
    )


def known(event: np.ndarray, count: np.ndarray) -> CaseControlWeights:
    """Weights where the outcome of every row is known."""
    return CaseControlWeights(event * count, ~event * count, count)


def censoring_survival(
    time_days: np.ndarray, event: np.ndarray, count: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """Kaplan-Meier estimate of P(not censored by t); at equal times events go before censorings."""
    times, place = np.unique(time_days, return_inverse=True)
    events = np.bincount(place, weights=event * count, minlength=len(times))
    leaving = np.bincount(place, weights=count, minlength=len(times))
    at_risk = leaving[::-1].cumsum()[::-1] - events
    lost = np.divide(leaving - events, at_risk, out=np.zeros(len(at_risk)), where=at_risk > 0)
    survival = np.concatenate([[1.0], np.cumprod(1.0 - lost)])
    return lambda at: survival[np.searchsorted(times, at, side="right")]


def auc(risk: np.ndarray, weights: CaseControlWeights) -> float:
    """Area under the ROC curve, P(a case has the higher risk than a control), ties count half.

    With weights of a horizon it is the cumulative/dynamic AUC there.
    """
    order = np.argsort(risk, kind="stable")
    scores, below = risk[order], np.concatenate([[0.0], np.cumsum(weights.control[order])])
    lower = below[np.searchsorted(scores, risk, side="left")]
    upto = below[np.searchsorted(scores, risk, side="right")]
    pairs = weights.case.sum() * weights.control.sum()
    return float((weights.case * (lower + upto)).sum() / (2 * pairs)) if pairs > 0 else np.nan


def precision_recall_area(risk: np.ndarray, weights: CaseControlWeights) -> float:
    """Average precision: precision at each threshold weighted by the recall gained there."""
    order = np.argsort(-risk, kind="stable")
    last_of_ties = np.append(np.diff(risk[order]) != 0, True)
    hits = np.cumsum(weights.case[order])[last_of_ties]
    flagged = hits + np.cumsum(weights.control[order])[last_of_ties]
    if not len(hits) or hits[-1] <= 0:
        return np.nan
    precision = np.divide(hits, flagged, out=np.zeros_like(hits), where=flagged > 0)
    return float((np.diff(hits, prepend=0.0) * precision).sum() / hits[-1])


def uno_c(
    risk: np.ndarray, time_days: np.ndarray, event: np.ndarray, horizon_days: float
) -> Callable[[np.ndarray], float]:
    """Uno's C up to a horizon (Stat Med 2011;30:1105-1117), as a function of how often each row was drawn (R,).

    Of two rows of which one had its event by the horizon and before the other's follow-up ended, the share in which
    that one had the higher risk; ties of risk count half.
    """
    cases = np.flatnonzero(event & (time_days < horizon_days))
    before = time_days[cases, None] < time_days
    pairs = (before | ((time_days[cases, None] == time_days) & ~event)).astype(np.float32)
    ahead = risk[cases, None] - risk
    concordant = pairs * np.where(np.abs(ahead) <= 1e-8, 0.5, ahead > 0).astype(np.float32)

    def measure(count: np.ndarray) -> float:
        uncensored = np.maximum(censoring_survival(time_days, event, count)(time_days[cases]), SMALLEST_G)
        each = count[cases] / uncensored**2
        comparable = each @ (pairs @ count)
        return float(each @ (concordant @ count) / comparable) if comparable > 0 else np.nan

    return measure


def brier(risk: np.ndarray, weights: CaseControlWeights) -> float:
    """Mean squared error of the risk."""
    rows = weights.drawn.sum()
    errors = weights.case * (1.0 - risk) ** 2 + weights.control * risk**2
    return float(errors.sum() / rows) if rows > 0 else np.nan


class ThresholdCounts(NamedTuple):
    """Weighted rows by what a threshold says and what followed."""

    true_positive: float
    false_positive: float
    false_negative: float
    true_negative: float

    @classmethod
    def at(cls, risk: np.ndarray, weights: CaseControlWeights, threshold: float) -> "ThresholdCounts":
        """Rows whose risk reaches the threshold are flagged."""
        flag = risk >= threshold
        sums = (weights.case[flag], weights.control[flag], weights.case[~flag], weights.control[~flag])
        return cls(*(float(each.sum()) for each in sums))

    @property
    def accuracy(self) -> float:
        """Share of rows of which the threshold says what followed."""
        return _share(self.true_positive + self.true_negative, sum(self))

    @property
    def precision(self) -> float:
        """Share of the flagged with the event."""
        return _share(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float:
        """Share of those with the event that are flagged."""
        return _share(self.true_positive, self.true_positive + self.false_negative)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        twice = 2 * self.true_positive
        return _share(twice, twice + self.false_positive + self.false_negative)

    def net_benefit(self, threshold: float) -> float:
        """True positives less false positives at the odds of the threshold, per row (Vickers & Elkin 2006)."""
        odds = threshold / (1 - threshold)
        return _share(self.true_positive - odds * self.false_positive, sum(self))


def over_patients(patient: np.ndarray, measure: Callable[[np.ndarray], np.ndarray | float], seed: int) -> np.ndarray:
    """`measure(count)` (M,) for the rows as they are and for resamples of the patients: (1 + RESAMPLES, M).

    Of a measure that is one number, (1 + RESAMPLES,). `patient` (R,) numbers the patient of each row; `count` (R,) says
    how often the row was drawn.
    """
    random = np.random.default_rng(seed)
    _, patient = np.unique(patient, return_inverse=True)
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


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else np.nan

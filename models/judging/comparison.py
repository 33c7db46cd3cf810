"""Two sets of weights beside each other: how their forecasts differ, and which are nearer to what followed.

Risks are judged as in judge.py: rows are visits at which the outcome was still to come, weighted for censoring at
the horizon. Sizes are judged where one was measured near the day they were forecast for. Intervals are over patients.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from models.judging.intervals import absolute_error, holds, pinball
from models.statistics.calibration import calibration_slope, observed_over_expected
from models.statistics.metrics import CaseControlWeights, Estimate, auc, censored, estimate, known, over_patients

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
FEWEST, FEWEST_FOR_SLOPE = 10, 50
"""Patients with the event and as many without it, or with a size measured: fewer would tell of chance, not weights."""
RESAMPLING_SEED = 20261123


class FollowedVisits(NamedTuple):
    """R visits of which it is known what followed.

    `patient` (R,) numbers patients from 0; `risks` (R, 2): of the new weights and of those they are compared with;
    `time_days` (R,) to the event or to the end of follow-up, NaN where the day is not known; `event` (R,) bool.
    """

    patient: np.ndarray
    risks: np.ndarray
    time_days: np.ndarray
    event: np.ndarray


class MeasuredSizes(NamedTuple):
    """R sizes that were measured near a day for which both weights had forecast them, in one unit.

    `patient` (R,) numbers patients from 0; `quantiles` (R, 2, 7): intervals.QUANTILES of the new weights and of
    those they are compared with; `size` (R,) measured.
    """

    patient: np.ndarray
    quantiles: np.ndarray
    size: np.ndarray


class MeasurePair(NamedTuple):
    """One measure of both: `new`, `old`, and new minus old."""

    measure: str
    new: Estimate
    old: Estimate
    difference: Estimate

    def to_json(self) -> dict[str, Any]:
        """Plain values; estimates as [value, low, high], None where one cannot be had."""
        parts = {"new": self.new, "old": self.old, "new_minus_old": self.difference}
        return {"measure": self.measure, **{name: part.to_json() for name, part in parts.items()}}

    def __str__(self) -> str:
        parts = {"new": self.new, "old": self.old, "difference": self.difference}
        return f"{self.measure:19}" + "".join(
            f"  {name} {part.value:.3f} [{part.low:.3f}, {part.high:.3f}]" for name, part in parts.items()
        )


class RiskMeasures(NamedTuple):
    """Patients of whom it is known what followed, those of them with the event; no measures where there are too few."""

    patients: int
    with_event: int
    visits: int
    measures: tuple[MeasurePair, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**self._asdict(), "measures": [pair.to_json() for pair in self.measures]}


class SizeMeasures(NamedTuple):
    """Patients and visits of whom a size was measured near a day it was forecast for; no measures where too few."""

    patients: int
    visits: int
    measures: tuple[MeasurePair, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**self._asdict(), "measures": [pair.to_json() for pair in self.measures]}


def shift_quantiles(shifts: np.ndarray) -> dict[str, float]:
    """QUANTILES of shifts (P,), by name; none of nobody's."""
    if not len(shifts):
        return {}
    values = np.quantile(shifts, QUANTILES)
    return {f"{100 * at:g} %": float(value) for at, value in zip(QUANTILES, values, strict=True)}


def judge_both(rows: FollowedVisits, horizon_days: int | None) -> RiskMeasures:
    """Discrimination and calibration of both at a horizon; None: the outcome has no horizon and is known."""
    ones = np.ones(len(rows.event))
    at_once = _weights(rows, horizon_days, ones) if len(ones) else CaseControlWeights(ones, ones, ones)
    cases, controls = (_patients(rows, weight > 0) for weight in (at_once.case, at_once.control))
    enough = min(len(cases), len(controls))
    names = ["AUC", "observed/expected"] if enough >= FEWEST else []
    names += ["calibration slope"] if enough >= FEWEST_FOR_SLOPE else []
    measures = _measured(rows, horizon_days, names) if names else ()
    return RiskMeasures(len(np.unique(rows.patient)), len(cases), len(rows.event), measures)


def judge_sizes(rows: MeasuredSizes) -> SizeMeasures:
    """Errors of both and whether their intervals hold: means over the visits, errors in the unit of the sizes."""
    patients, visits = len(np.unique(rows.patient)), len(rows.size)
    if patients < FEWEST:
        return SizeMeasures(patients, visits, ())
    both = rows.quantiles.swapaxes(0, 1)
    each = np.array([[of(quantiles, rows.size) for quantiles in both] for of in SIZE_MEASURES.values()])  # (M, 2, R)
    measures = _beside(rows.patient, list(SIZE_MEASURES), lambda count: each @ count / count.sum())
    return SizeMeasures(patients, visits, measures)


MEASURES = {"AUC": auc, "observed/expected": observed_over_expected, "calibration slope": calibration_slope}
SIZE_MEASURES = {"mean absolute error": absolute_error, "pinball loss": pinball, "80 % interval holds": holds}


def _measured(rows: FollowedVisits, horizon_days: int | None, names: Sequence[str]) -> tuple[MeasurePair, ...]:
    def measure(count: np.ndarray) -> np.ndarray:
        weights = _weights(rows, horizon_days, count)
        return np.array([[MEASURES[name](risk, weights) for risk in rows.risks.T] for name in names])

    return _beside(rows.patient, names, measure)


def _beside(
    patient: np.ndarray, names: Sequence[str], measure: Callable[[np.ndarray], np.ndarray]
) -> tuple[MeasurePair, ...]:
    """The measures (M, 2) of both that `measure` takes of rows drawn `count` (R,) times; both are drawn alike."""
    values = over_patients(patient, measure, RESAMPLING_SEED)
    new, old = values[:, :, 0], values[:, :, 1]
    return tuple(
        MeasurePair(name, estimate(new[:, at]), estimate(old[:, at]), estimate(new[:, at] - old[:, at]))
        for at, name in enumerate(names)
    )


def _weights(rows: FollowedVisits, horizon_days: int | None, count: np.ndarray) -> CaseControlWeights:
    if horizon_days is None:
        return known(rows.event, count)
    return censored(rows.time_days, rows.event, horizon_days, count)


def _patients(rows: FollowedVisits, chosen: np.ndarray) -> np.ndarray:
    return np.unique(rows.patient[chosen])

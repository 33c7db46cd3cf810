"""Two sets of weights beside each other: how their risks differ, and which are nearer to what followed.

Judged as in models.judge: rows are visits at which the outcome was still to come, weighted for censoring at the
horizon, with intervals over patients.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from models.calibration import calibration_slope, observed_over_expected
from models.metrics import Estimate, Weights, auc, censored, estimate, known, over_patients

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
FEWEST, FEWEST_FOR_SLOPE = 10, 50
"""Patients with the event, and as many without it: below, a figure would say more about chance than about weights."""
RESAMPLING_SEED = 20261123


class Followed(NamedTuple):
    """R visits of which it is known what followed.

    `patient` (R,) numbers patients from 0; `risks` (R, 2): of the new weights and of those they are compared with;
    `time_days` (R,) to the event or to the end of follow-up, NaN where the day is not known; `event` (R,) bool.
    """

    patient: np.ndarray
    risks: np.ndarray
    time_days: np.ndarray
    event: np.ndarray


class Compared(NamedTuple):
    """One measure of both: `new`, `old`, and new minus old."""

    measure: str
    new: Estimate
    old: Estimate
    difference: Estimate

    def to_json(self) -> dict[str, Any]:
        """Plain values; estimates as [value, low, high], None where one cannot be had."""
        parts = {"new": self.new, "old": self.old, "new_minus_old": self.difference}
        return {"measure": self.measure, **{name: one.to_json() for name, one in parts.items()}}

    def __str__(self) -> str:
        parts = {"new": self.new, "old": self.old, "difference": self.difference}
        return f"{self.measure:18}" + "".join(
            f"  {name} {one.value:.3f} [{one.low:.3f}, {one.high:.3f}]" for name, one in parts.items()
        )


class Judged(NamedTuple):
    """Patients of whom it is known what followed, those of them with the event; no measures where there are too few."""

    patients: int
    with_event: int
    visits: int
    measures: tuple[Compared, ...]


def shift_quantiles(shifts: np.ndarray) -> dict[str, float]:
    """QUANTILES of risk shifts (P,), by name."""
    values = np.quantile(shifts, QUANTILES)
    return {f"{100 * at:g} %": float(value) for at, value in zip(QUANTILES, values, strict=True)}


def judge_both(rows: Followed, horizon_days: int | None) -> Judged:
    """Discrimination and calibration of both at a horizon; None: the outcome has no horizon and is known."""
    ones = np.ones(len(rows.event))
    at_once = _weights(rows, horizon_days, ones) if len(ones) else Weights(ones, ones, ones)
    cases, controls = (_patients(rows, weight > 0) for weight in (at_once.case, at_once.control))
    enough = min(len(cases), len(controls))
    names = ["AUC", "observed/expected"] if enough >= FEWEST else []
    names += ["calibration slope"] if enough >= FEWEST_FOR_SLOPE else []
    measures = _measured(rows, horizon_days, names) if names else ()
    return Judged(len(np.unique(rows.patient)), len(cases), len(rows.event), measures)


MEASURES = {"AUC": auc, "observed/expected": observed_over_expected, "calibration slope": calibration_slope}


def _measured(rows: Followed, horizon_days: int | None, names: Sequence[str]) -> tuple[Compared, ...]:
    def measure(count: np.ndarray) -> np.ndarray:
        weights = _weights(rows, horizon_days, count)
        return np.array([MEASURES[name](risk, weights) for name in names for risk in rows.risks.T])

    values = over_patients(rows.patient, measure, RESAMPLING_SEED).reshape(-1, len(names), 2)
    return tuple(
        Compared(
            name, estimate(values[:, at, 0]), estimate(values[:, at, 1]),
            estimate(values[:, at, 0] - values[:, at, 1]),
        )
        for at, name in enumerate(names)
    )  # fmt: skip


def _weights(rows: Followed, horizon_days: int | None, count: np.ndarray) -> Weights:
    if horizon_days is None:
        return known(rows.event, count)
    return censored(rows.time_days, rows.event, horizon_days, count)


def _patients(rows: Followed, chosen: np.ndarray) -> np.ndarray:
    return np.unique(rows.patient[chosen])

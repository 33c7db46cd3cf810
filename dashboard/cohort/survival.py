"""Kaplan and Meier's estimate of the time to an event, with its interval, median and numbers at risk.

Kaplan and Meier, JASA 1958;53:457-481; the interval is pointwise, on the scale of log(-log S) with Greenwood's variance
(Kalbfleisch and Prentice 1980), and that of the median is where the interval crosses one half (Brookmeyer and Crowley,
Biometrics 1982;38:29-41).
"""

from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import pandas as pd

LEVEL = 0.95
FEWEST = 5
"""Patients without whom there is no curve: fewer say too little."""
HALF = 0.5 + 1e-12
"""One half, a product of fractions may miss it by the last bit."""


class Median(NamedTuple):
    """Days by which half have had the event, and the ends of its interval; NaN: not reached."""

    days: float
    low: float
    high: float


def kaplan_meier(days: Sequence[float], event: Sequence[bool]) -> pd.DataFrame:
    """A row for day 0 and each day on which something happened: day, at_risk, events, censored, survival, low, high.

    `days` (N,) from 0 to the event, or to the last day without it where `event` (N,) is false. Before the first event
    the interval has no width, after everybody had it there is none (NaN).
    """
    times, happened = np.asarray(days, dtype=float), np.asarray(event, dtype=bool)
    steps = np.unique(np.append(times, 0.0))
    at_risk = (times[:, None] >= steps).sum(axis=0)
    events = ((times[:, None] == steps) & happened[:, None]).sum(axis=0)
    censored = ((times[:, None] == steps) & ~happened[:, None]).sum(axis=0)
    survival = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(events / (at_risk * (at_risk - events)))
    low, high = _log_log(survival, variance)
    columns = {"day": steps, "at_risk": at_risk, "events": events, "censored": censored}
    return pd.DataFrame({**columns, "survival": survival, "low": low, "high": high})


def median(curve: pd.DataFrame) -> Median:
    """The first day of a curve by `kaplan_meier` on which at most half are without the event, with its interval."""
    first = [curve.day[curve[name] <= HALF].min() for name in ("survival", "low", "high")]
    return Median(*first)


def at_risk(days: Sequence[float], at: Sequence[float]) -> list[int]:
    """How many are still followed and without the event just before each of the days `at`."""
    times = np.asarray(days, dtype=float)
    return [int((times >= day).sum()) for day in at]


def _log_log(survival: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the interval (K,), by Greenwood's sum (K,)."""
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = z * np.sqrt(variance) / np.abs(np.log(survival))
        low, high = survival ** np.exp(spread), survival ** np.exp(-spread)
    before = survival == 1
    over = survival == 0
    return (
        np.where(before, 1.0, np.where(over, np.nan, low)),
        np.where(before, 1.0, np.where(over, np.nan, high)),
    )

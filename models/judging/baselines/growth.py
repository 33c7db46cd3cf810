"""Growth curves fitted to one patient's sizes so far: exponential, and Gompertz whose growth slows down.

log size = a + r (1 − exp(−b t)) / b in days t since the first visit, b → 0 being exponential; for a given b a straight
line by least squares, so that a few b are tried and the nearest curve is kept.
"""

from collections.abc import Sequence

import numpy as np

EXPONENTIAL = (0.0,)
# Slowing down (b > 0) to a plateau over a month to two years.
GOMPERTZ = (0.0, 1 / 720, 1 / 360, 1 / 180, 1 / 90, 1 / 30)
LARGEST_CHANGE = np.log(3.0)  # from the last size to the forecast: curves through two readings run away


def coming_size(days: np.ndarray, sizes: np.ndarray, ahead_days: float, slowing: Sequence[float]) -> float:
    """The size `ahead_days` after the last of `sizes` (A,) on `days` (A,), NaN = missing, by the nearest curve.

    It is the last size while there is only one, NaN while there is none; in the unit of the sizes.
    """
    known = np.isfinite(sizes)
    time, level = days[known] - days[0], np.log1p(sizes[known])
    if len(level) < 2 or time[-1] <= time[0]:
        return float(sizes[known][-1]) if known.any() else np.nan
    curves = [_line(_warped(time, b), level, float(_warped(time[-1] + ahead_days, b))) for b in slowing]
    _, ahead = min(curves, key=lambda curve: curve[0])
    return float(np.expm1(np.clip(ahead, level[-1] - LARGEST_CHANGE, level[-1] + LARGEST_CHANGE).clip(min=0.0)))


def trend(days: np.ndarray, sizes: np.ndarray, ahead_days: float) -> float:
    """The size `ahead_days` after the last of `sizes` (A,) on `days` (A,) if it goes on as between the last two."""
    known = np.flatnonzero(np.isfinite(sizes))[-2:]
    return coming_size(days[known], sizes[known], ahead_days, EXPONENTIAL) if len(known) else np.nan


def _warped(time: np.ndarray, b: float) -> np.ndarray:
    return -np.expm1(-b * time) / b if b > 0 else time


def _line(at: np.ndarray, level: np.ndarray, ahead: float) -> tuple[float, float]:
    """Squared error of the straight line through the levels, and its level `ahead`."""
    centred = at - at.mean()
    slope = (centred @ level) / (centred @ centred)
    line = level.mean() + slope * centred
    return float(((line - level) ** 2).sum()), float(level.mean() + slope * (ahead - at.mean()))

"""Progression by growth over the nadir (RECIST 1.1 on the sum of diameters), and what follows each visit."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

PROGRESSION_RATIO = 1.2  # RECIST 1.1: at least 20 % above the nadir …
PROGRESSION_MM = 5.0  # … and at least 5 mm
ROUNDING_MM = 1e-9  # 1.2 × nadir is not exact in binary; exactly +20.0 % counts


class FollowUp(NamedTuple):
    """After a visit: days to the next progression or to the last visit; `at_risk`: not progressed up to here."""

    time_days: float
    event: bool
    at_risk: bool


def limit_mm(nadir_mm: np.ndarray, ratio: float = PROGRESSION_RATIO, more_mm: float = PROGRESSION_MM) -> np.ndarray:
    """The sum of diameters (mm) from which on it is progression, for smallest sums so far of any shape."""
    return np.maximum(ratio * nadir_mm, nadir_mm + more_mm)


def progresses(size_mm: float, nadir_mm: float) -> bool:
    """Whether a sum is at least 20 % and at least 5 mm above the smallest sum before it."""
    return bool(size_mm >= limit_mm(np.asarray(nadir_mm)) - ROUNDING_MM)


def follow_up(days: Sequence[float], sizes_mm: Sequence[float]) -> list[FollowUp]:
    """What follows each visit of one patient, visits in order; the nadir looks back only, baseline included."""
    nadir, at_progression = float("inf"), []
    for size in sizes_mm:
        at_progression.append(progresses(size, nadir))
        nadir = min(nadir, size)
    follow_ups = []
    for i, day in enumerate(days):
        event_day = next((days[j] for j in range(i + 1, len(days)) if at_progression[j]), None)
        until = days[-1] if event_day is None else event_day
        follow_ups.append(FollowUp(until - day, event_day is not None, not any(at_progression[: i + 1])))
    return follow_ups

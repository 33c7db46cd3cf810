"""Forecasts of both weights at each patient's latest timepoint: who has which, and whose move most."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

LARGEST = 10
"""Patients whose forecast shifts most that are named."""

Row = tuple[str, Any, Any]
"""patient_id and two forecasts, each a number or several (K,)"""


@dataclass(frozen=True)
class Shifts:
    """`both`: patient_id, old and new forecast of those who have both, the largest shift first.

    `only_new`, `only_old`: patients who have such a forecast of one of them only.
    """

    both: tuple[Row, ...]
    only_new: int
    only_old: int

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Shifts":
        """Of patient_id, new and old forecast; None where there is none."""
        both = [(who, old, new) for who, new, old in rows if new is not None and old is not None]
        both.sort(key=lambda row: (-np.abs(np.subtract(row[2], row[1])).sum(), row[0]))
        return cls(tuple(both), sum(old is None for _, _, old in rows), sum(new is None for _, new, _ in rows))

    @property
    def largest(self) -> tuple[Row, ...]:
        """The first of `both`."""
        return self.both[:LARGEST]

    @property
    def new_minus_old(self) -> np.ndarray:
        """(P,) or (P, K)."""
        return np.array([np.subtract(new, old) for _, old, new in self.both])

    def to_json(self) -> dict[str, int]:
        """How many patients have which."""
        return {"patients": len(self.both), "only_new": self.only_new, "only_old": self.only_old}

    def __str__(self) -> str:
        both = f"{len(self.both)} patients with both"
        return f"{both}, {self.only_new} with the new only, {self.only_old} with the old only"


def by_question(rows: Sequence[tuple[Any, ...]], width: int) -> Iterator[tuple[tuple[Any, ...], Shifts]]:
    """The shifts of each question, which the first `width` columns name; rows come sorted by them."""
    for question, group in groupby(rows, key=lambda row: row[:width]):
        yield question, Shifts.of([row[width:] for row in group])


def quantile_line(quantiles: dict[str, float], decimals: int) -> str:
    """Quantiles of shifts with their signs."""
    return "  ".join(f"{name} {value:+.{decimals}f}" for name, value in quantiles.items())

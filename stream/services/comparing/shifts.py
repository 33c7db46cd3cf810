"""Forecasts of both weights at each patient's latest timepoint: who has which, and whose move most."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Generic, NamedTuple

import numpy as np

from stream.storage.folding.comparisons import LatestForecasts, Question, Value

LARGEST = 10
"""Patients whose forecast shifts most that are named."""


class Shift(NamedTuple, Generic[Value]):
    """Two forecasts of one patient, each a number or several (K,)."""

    patient_id: str
    old: Value
    new: Value

    @property
    def size(self) -> float:
        """How far they are apart, over all numbers."""
        return float(np.abs(np.subtract(self.new, self.old)).sum())


@dataclass(frozen=True)
class Shifts(Generic[Value]):
    """`both`: old and new forecast of those who have both, the largest shift first.

    `only_new`, `only_old`: patients who have such a forecast of one of them only.
    """

    both: tuple[Shift[Value], ...]
    only_new: int
    only_old: int

    @classmethod
    def of(cls, latest: Sequence[LatestForecasts[Any, Value]]) -> "Shifts[Value]":
        """Of one question's forecasts."""
        both = [
            Shift(each.patient_id, each.old, each.new)
            for each in latest
            if each.new is not None and each.old is not None
        ]
        both.sort(key=lambda shift: (-shift.size, shift.patient_id))
        only_new = sum(each.old is None for each in latest)
        only_old = sum(each.new is None for each in latest)
        return cls(tuple(both), only_new, only_old)

    @property
    def largest(self) -> tuple[Shift[Value], ...]:
        """The first of `both`."""
        return self.both[:LARGEST]

    @property
    def new_minus_old(self) -> np.ndarray:
        """(P,) or (P, K)."""
        return np.array([np.subtract(shift.new, shift.old) for shift in self.both])

    def to_json(self) -> dict[str, int]:
        """How many patients have which."""
        return {"patients": len(self.both), "only_new": self.only_new, "only_old": self.only_old}

    def __str__(self) -> str:
        both = f"{len(self.both)} patients with both"
        return f"{both}, {self.only_new} with the new only, {self.only_old} with the old only"


def by_question(latest: Iterable[LatestForecasts[Question, Value]]) -> Iterator[tuple[Question, Shifts[Value]]]:
    """The shifts of each question; `latest` comes sorted by it."""
    for question, group in groupby(latest, key=lambda each: each.question):
        yield question, Shifts.of(list(group))


def quantile_line(quantiles: dict[str, float], decimals: int) -> str:
    """Quantiles of shifts with their signs."""
    return "  ".join(f"{name} {value:+.{decimals}f}" for name, value in quantiles.items())

"""What every criterion of response offers, and how its categories rank: the words that lines are built with."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, Protocol, TypeVar

from models.criteria.visit import Assessment

LineMemory = TypeVar("LineMemory")


class SumAt(NamedTuple):
    """A sum and the visit that it is of."""

    total: Fraction
    at: dt.datetime
    day: dt.date


class Judgement(NamedTuple):
    """What a criterion says of one visit by that visit and those before; `new`: the new lesions there.

    `targets`, `non_targets`: as the baseline fixed them, said with the baseline only.
    """

    category: str | None
    target_category: str | None
    non_target_category: str | None
    new: tuple[str, ...]
    total: Fraction | None
    baseline: SumAt | None
    nadir: SumAt | None
    trace: str
    targets: tuple[str, ...] = ()
    non_targets: tuple[str, ...] = ()


@dataclass(frozen=True)
class CategoryScale:
    """Categories of a criterion: `ranks` from 0 (not evaluable) up; which of them need time, or end the search.

    `stable` counts as `not_evaluable` at first; `progressive` lets a treatment begin a new line; after the first
    `final` the best response is known.
    """

    ranks: Mapping[str, int]
    complete: str
    partial: str
    stable: frozenset[str]
    progressive: frozenset[str]
    final: frozenset[str]
    not_evaluable: str = "NE"


class Criterion(Protocol[LineMemory]):
    """Judges one line of therapy as a fold: what it has to remember goes in and comes out with each visit."""

    @property
    def name(self) -> str: ...

    @property
    def scale(self) -> CategoryScale: ...

    @property
    def of_diameters(self) -> bool:
        """Whether its sums are diameters: a sum stated in a report then counts."""

    def baseline(self, earlier: Sequence[Assessment], visit: Assessment) -> tuple[LineMemory, Judgement]:
        """The roles and sum that a baseline fixes; `earlier`: all visits before it."""

    def visit(self, memory: LineMemory, visit: Assessment) -> tuple[LineMemory, Judgement]:
        """The judgement of the next visit."""

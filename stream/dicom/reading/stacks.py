"""Stacks of parallel slices: where each lies along the normal, and how thick it is by its neighbours."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise

import numpy as np

from stream.dicom.reading.geometry import Plane

SAME_PLACE_MM = 0.05  # positions closer than this are one slice: they come as rounded decimal strings
UNEVEN = 0.02  # of a step: what rounding makes of even steps
MOST_STEPS_TRIED = 6  # distances from a slice to others that may be the step of its stack


def same_step(one: float, other: float) -> bool:
    """Whether two distances (mm) are equal within rounding."""
    return abs(one - other) <= max(SAME_PLACE_MM, UNEVEN * max(one, other))


def are_steps_of(gaps: Sequence[float], step: float) -> list[bool]:
    """For each distance (mm) whether it is a whole number of steps (mm), at least one."""
    counts = [round(gap / step) for gap in gaps]
    tolerances = (max(SAME_PLACE_MM, UNEVEN * step + UNEVEN / 4 * gap) for gap in gaps)
    return [n > 0 and abs(gap - n * step) <= most for n, gap, most in zip(counts, gaps, tolerances, strict=True)]


@dataclass(frozen=True)
class Stack:
    """Where parallel slices lie: places (mm) along one normal, ascending, each once."""

    places: tuple[float, ...]

    @classmethod
    def of(cls, places: Sequence[float]) -> "Stack":
        """The stack of these places (mm) in any order, some of them perhaps twice."""
        kept: list[float] = []
        for place in sorted(places):
            if not kept or place - kept[-1] > SAME_PLACE_MM:
                kept.append(place)
        return cls(tuple(kept))

    @cached_property
    def gaps(self) -> list[float]:
        """Distances (mm) between neighbours."""
        return [after - before for before, after in pairwise(self.places)]

    @cached_property
    def step(self) -> float | None:
        """The distance (mm) between all neighbours; None where it is not one."""
        mean = sum(self.gaps) / len(self.gaps) if self.gaps else None
        return mean if mean and all(same_step(gap, mean) for gap in self.gaps) else None

    def level(self, place: float) -> int:
        """The number of the slice that is nearest to a place (mm)."""
        after = bisect_left(self.places, place)
        around = range(max(0, after - 1), min(after + 1, len(self.places)))
        return min(around, key=lambda level: abs(self.places[level] - place))

    def holds(self, place: float) -> bool:
        """Whether a slice lies in this place (mm)."""
        return bool(self.places) and abs(self.places[self.level(place)] - place) <= SAME_PLACE_MM

    def thickness(self, place: float, taken: "Stack") -> float | None:
        """How thick (mm) the slice in a place is; None where there is no other.

        The step of the even stack that it lies in, whatever strays or second stacks lie between, but for slices that
        are `taken`. In an uneven one half the way to each neighbour.
        """
        if self.step:
            return self.step
        distances = sorted({abs(other - place) for other in self.places if abs(other - place) > SAME_PLACE_MM})
        even = (step for step in distances[:MOST_STEPS_TRIED] if self._is_even(place, step, taken))
        gaps = [self._gap(place, direction) for direction in (-1, 1)]
        known = [gap for gap in gaps if gap is not None]
        return next(even, sum(known) / len(known) if known else None)

    def _gap(self, place: float, direction: int) -> float | None:
        ways = ((other - place) * direction for other in self.places)
        return min((way for way in ways if way > SAME_PLACE_MM), default=None)

    def _is_even(self, place: float, step: float, taken: "Stack") -> bool:
        """Whether slices follow each other by this step over the whole stack, with none but strays between."""
        steps = {self.level(place), *self._walk(place, step), *self._walk(place, -step)}
        before, after = self.places[min(steps)] - self.places[0], self.places[-1] - self.places[max(steps)]
        if max(before, after) > step * (1 - UNEVEN):
            return False
        others = [other for level, other in enumerate(self.places) if level not in steps]
        second = len(others) > 1 and all(same_step(gap, step) for gap in Stack(tuple(others)).gaps)
        apart = all(gap > step * (1 - UNEVEN) for gap in Stack(tuple(others)).gaps)
        few = 3 * len(others) <= len(self.places) and apart
        return (few or second) and not any(taken.holds(other) for other in others)

    def _walk(self, place: float, step: float) -> Iterator[int]:
        """The slices that follow by equal steps in one direction."""
        while True:
            level = self.level(place + step)
            if not same_step(abs(self.places[level] - place), abs(step)) or self.places[level] == place:
                return
            if (self.places[level] - place) * step < 0:
                return
            place = self.places[level]
            yield level


def stacks_of(normal: np.ndarray, planes: Sequence[tuple[str, Plane]]) -> list[Stack]:
    """The stacks across `normal` (3,): of each series and of all together; planes come with their series."""
    places: dict[str, list[float]] = {}
    for series, plane in planes:
        if plane.position is not None and plane.is_across(normal):
            places.setdefault(series, []).append(float(plane.position @ normal))
    return [Stack.of(each) for each in (*places.values(), [*chain.from_iterable(places.values())])]

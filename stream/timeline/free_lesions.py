"""The lesions of which a scan does not speak yet, found by label, place, visit or organ without looking at each.

A report may tell of thousands: looked at two by two they would hold up everybody else.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import NamedTuple

from models.criteria.finding import LesionFinding
from models.criteria.place import Frames
from stream.timeline.likeness import (
    NEAR_MM,
    OF_ORGAN,
    KnownLesion,
    Reported,
    Rule,
    by_being_alone,
    by_label,
    by_place,
    by_size,
    resemblance,
)

_ROUNDED = 1.0 + 1e-9
"""Distances along one axis are rounded otherwise than those in space."""


class _Placed(NamedTuple):
    """Lesions as they lie in one frame of reference: x, number and lesion, sorted by x; the size of the largest."""

    rows: Sequence[tuple[float, int, KnownLesion]]
    largest_mm: float

    def near(self, x: float, size_mm: float) -> Iterator[tuple[int, KnownLesion]]:
        """Those of which the centres may be near enough to be one lesion's."""
        reach = max(NEAR_MM, max(size_mm, self.largest_mm) / 2) * _ROUNDED
        first, end = (
            find(self.rows, at, key=itemgetter(0)) for find, at in ((bisect_left, x - reach), (bisect_right, x + reach))
        )
        return ((number, known) for _, number, known in self.rows[first:end])


class FreeLesions:
    """`lesions` in the order in which they became known, which is that of every answer."""

    def __init__(self, lesions: Sequence[KnownLesion], frames: Frames) -> None:
        self._lesions, self._frames = lesions, frames
        self._placed: dict[str, _Placed] = {}

    def labelled(self, reported: Reported) -> Iterable[KnownLesion]:
        """Those that were called so."""
        return (self._lesions[number] for number in self._by_label.get(reported.label, ()))

    def placed(self, reported: Reported) -> Iterable[KnownLesion]:
        """Those that may lie there, with their place in its frame of reference."""
        return (known for _, known in sorted(self._near(reported.finding), key=itemgetter(0)))

    def of_visit(self, reported: Reported) -> Iterable[KnownLesion]:
        """Those that another scan of the visit spoke of."""
        return (self._lesions[number] for number in self._by_visit.get(reported.visit, ()))

    def alone(self, reported: Reported) -> Iterable[KnownLesion]:
        """Those that were spoken of alone, where this one is."""
        return (known for known in self._lesions if known.alone) if reported.alone else ()

    def most_alike(self, reported: Reported, allowed: Callable[[KnownLesion], bool]) -> KnownLesion | None:
        """Of those allowed the one that resembles it most, the first of several; None where none does."""
        found = {number: self._lesions[number] for number in self._by_label.get(reported.label, ())}
        found |= dict(self._near(reported.finding))
        marked = [found[number] for number in sorted(found) if resemblance(reported, found[number]) > OF_ORGAN]
        if marked := [known for known in marked if allowed(known)]:
            return max(marked, key=lambda known: resemblance(reported, known))
        of_organ = self._by_organ.get((reported.finding.organ, reported.finding.node), ())
        return next((known for number in of_organ if allowed(known := self._lesions[number])), None)

    def _near(self, finding: LesionFinding) -> Iterable[tuple[int, KnownLesion]]:
        if finding.place is None:
            return ()
        frame, (x, *_) = finding.place
        if frame not in self._placed:
            self._placed[frame] = self._in_frame(frame)
        return self._placed[frame].near(x, finding.size_mm or 0.0)

    def _in_frame(self, frame: str) -> _Placed:
        rows = sorted(self._seen_in(frame), key=itemgetter(0))
        return _Placed(rows, max((known.size_mm or 0.0 for *_, known in rows), default=0.0))

    def _seen_in(self, frame: str) -> Iterator[tuple[float, int, KnownLesion]]:
        for other, numbers in self._by_frame.items():
            if other != frame and other not in self._frames.to:
                continue  # nothing leads from there
            for number in numbers:
                known = self._lesions[number]
                place = known.place if other == frame else known.place and self._frames.seen_in(known.place, frame)
                if place:
                    yield place.centre_mm[0], number, known._replace(place=place)

    @cached_property
    def _by_label(self) -> Mapping[Hashable, list[int]]:
        return self._numbers(lambda known: known.labels)

    @cached_property
    def _by_visit(self) -> Mapping[Hashable, list[int]]:
        return self._numbers(lambda known: known.seen_in[:1] if known.seen_in else ())

    @cached_property
    def _by_organ(self) -> Mapping[Hashable, list[int]]:
        return self._numbers(lambda known: [(known.organ, known.node)] if known.organ else ())

    @cached_property
    def _by_frame(self) -> Mapping[Hashable, list[int]]:
        return self._numbers(lambda known: [known.place.frame] if known.place else ())

    def _numbers(self, keys: Callable[[KnownLesion], Iterable[Hashable]]) -> Mapping[Hashable, list[int]]:
        found: dict[Hashable, list[int]] = {}
        for number, known in enumerate(self._lesions):
            for key in keys(known):
                found.setdefault(key, []).append(number)
        return found


RULES: tuple[tuple[Rule, Callable[[FreeLesions, Reported], Iterable[KnownLesion]]], ...] = (
    (by_label, FreeLesions.labelled),
    (by_place, FreeLesions.placed),
    (by_size, FreeLesions.of_visit),
    (by_being_alone, FreeLesions.alone),
)
"""The surest first, each with the lesions for which it can speak."""

"""What one visit says of each lesion, fragments added to the lesion that they were and merged ones to the other."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from models.criteria.finding import LesionFinding, LesionState
from models.criteria.measures import SizeMeasure

Parents = Mapping[str, str]
"""Fragment → the lesion that it was a part of, as reports have said so far."""


class LesionReading(NamedTuple):
    """What a visit says of one lesion: its size (None: not evaluated as a target), and whether it is there.

    `seen` is False for a lesion that is gone and for a normal node, None where it was not evaluated.
    """

    size: Fraction | None = None
    seen: bool | None = None
    progressed: bool = False

    @property
    def evaluated(self) -> bool:
        return self.size is not None or self.seen is not None


def origin(lesion: str, parents: Parents) -> str:
    """The lesion that this one was a part of in the end: itself, where it is no fragment."""
    while lesion in parents:
        lesion = parents[lesion]
    return lesion


def with_splits(parents: Parents, findings: Iterable[LesionFinding], followed: Iterable[str] = ()) -> Parents:
    """The fragments known so far and those that these findings name; a lesion followed by its own role stays itself."""
    split = sorted((each for each in findings if each.split_from), key=lambda finding: finding.lesion_uid)
    if not split:
        return parents
    known, own = dict(parents), set(followed)
    for finding in split:
        parent = str(finding.split_from)
        if finding.lesion_uid not in own:
            without = {fragment: of for fragment, of in known.items() if fragment != finding.lesion_uid}
            if origin(parent, without) != finding.lesion_uid:
                known = without | {finding.lesion_uid: parent}
    return known


class Scene:
    """The lesions of one visit; `nodes`: which followed lesions are nodes, as their baseline fixed it."""

    def __init__(
        self, findings: Iterable[LesionFinding], parents: Parents, measure: SizeMeasure, nodes: Mapping[str, bool]
    ) -> None:
        self.findings = {finding.lesion_uid: finding for finding in findings}
        self.parents, self.measure, self._nodes = parents, measure, nodes
        self._readings: dict[tuple[str, bool], LesionReading] = {}
        self._fragments: dict[str, list[str]] = {}
        for fragment, parent in sorted(parents.items()):
            self._fragments.setdefault(parent, []).append(fragment)

    @cached_property
    def members(self) -> dict[str, list[LesionFinding]]:
        """Lesion → what the visit says of it and its fragments, itself first."""
        found: dict[str, list[LesionFinding]] = {}
        for uid in sorted(self.findings, key=lambda uid: (uid in self.parents, uid)):
            found.setdefault(origin(uid, self.parents), []).append(self.findings[uid])
        return found

    def is_node(self, lesion: str) -> bool:
        """Whether a lesion is a node: as its baseline fixed it, else as it is described now, else as its fragments."""
        lesion = origin(lesion, self.parents)
        if lesion in self._nodes:
            return self._nodes[lesion]
        members = self.members.get(lesion, [])
        own = [finding for finding in members if finding.lesion_uid == lesion]
        return any(finding.node for finding in own or members)

    def reading(self, lesion: str) -> LesionReading:
        """What the visit says of a lesion; with fragments, each of them has to be evaluated."""
        return self._whole(lesion, self.is_node(lesion))

    def _whole(self, lesion: str, node: bool) -> LesionReading:
        """As a node or not, worked out once: followed lesions and new ones are asked for apart."""
        if (lesion, node) not in self._readings:
            self._readings[lesion, node] = self._united(lesion, node)
        return self._readings[lesion, node]

    def _united(self, lesion: str, node: bool) -> LesionReading:
        fragments = [self._whole(fragment, node) for fragment in self._fragments.get(lesion, ())]
        own = self._own(lesion, node, frozenset())
        if not fragments:
            return own
        sizes = [part.size for part in fragments]
        whole = None if None in sizes else sum((size for size in sizes if size is not None), own.size or Fraction(0))
        parts = [*fragments, own] if own.evaluated else fragments
        return LesionReading(whole, self._seen(parts, whole, node), any(part.progressed for part in [own, *fragments]))

    def _seen(self, parts: list[LesionReading], whole: Fraction | None, node: bool) -> bool | None:
        if any(part.seen for part in parts):
            return True
        if whole is not None:
            return self.measure.diseased(whole, node)
        return None if any(part.seen is None for part in parts) else False

    def _own(self, lesion: str, node: bool, asked: frozenset[str]) -> LesionReading:
        """What is said of the lesion itself, its fragments aside; `asked`: the lesions that have merged into it."""
        finding = self.findings.get(lesion)
        if finding is None:
            return LesionReading()
        if self.merged(finding):
            size, seen = self._within(finding, asked | {lesion})
        else:
            size = self._size(finding, node)
            seen = self._presence(finding, size, node)
        return LesionReading(size, seen, finding.progressed)

    def _size(self, finding: LesionFinding, node: bool) -> Fraction | None:
        if finding.state is LesionState.GONE:
            return Fraction(0)
        size = None if finding.state is LesionState.NOT_EVALUATED else self.measure.size(finding, node)
        return self.measure.too_small if size is None and finding.state is LesionState.TOO_SMALL else size

    def _presence(self, finding: LesionFinding, size: Fraction | None, node: bool) -> bool | None:
        if size is not None:
            return self.measure.diseased(size, node)
        if finding.state is LesionState.PRESENT:
            return True
        if finding.state is LesionState.NOT_EVALUATED or node:
            return None
        numbers = (finding.long_axis_mm, finding.short_axis_mm, finding.volume_ml)
        return not any(number == 0 for number in numbers) or any(numbers)

    def merged(self, finding: LesionFinding) -> bool:
        """Whether a finding says, without a number of its own, that the lesion now counts within another."""
        unmeasured = finding.state not in (LesionState.GONE, LesionState.TOO_SMALL)
        return bool(finding.merged_into) and unmeasured and self._size(finding, finding.node) is None

    def _within(self, finding: LesionFinding, asked: frozenset[str]) -> tuple[Fraction | None, bool | None]:
        """A merged lesion adds 0 where the other is evaluated, itself or by its fragments, and is there as it is."""
        names = [str(finding.merged_into), *self._fragments.get(str(finding.merged_into), ())]
        readings = [self._own(name, self.is_node(name), asked) for name in names if name not in asked]
        evaluated = [reading for reading in readings if reading.evaluated]
        if not evaluated:
            return None, None
        return Fraction(0), True if any(reading.seen for reading in evaluated) else evaluated[0].seen

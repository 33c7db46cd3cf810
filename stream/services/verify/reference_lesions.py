"""The reference for lesions over time: which one each scan speaks of, told plainly from all scans and what people said.

Written apart from the worker's code and sharing none of it: it imports only `models`.
"""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np

from models.criteria.finding import LesionFinding, LesionRole, LesionState
from models.criteria.organs import ORGANS
from models.criteria.place import LesionPlace, Registration

MILLIMETRES_APART, ROUNDING = 5.0, 0.5


@dataclass(frozen=True)
class Word:
    """What a person said: a relation, one lesion or two, and from which day on."""

    relation: str
    lesion: str
    other: str | None
    day: dt.date | None


@dataclass
class History:
    """What was said of one lesion so far."""

    lesion_id: str
    names: set[str] = field(default_factory=set)
    said: list[tuple[int, LesionFinding]] = field(default_factory=list)  # with the number of the visit
    alone: bool = False  # when it was spoken of last

    def last(self, name: str) -> object:
        """The last value of a field of the findings that is not None."""
        return next((value for _, one in reversed(self.said) if (value := getattr(one, name)) is not None), None)

    @property
    def tracked(self) -> bool:
        return any(one.named_by is None for _, one in self.said)

    def fits(self, finding: LesionFinding) -> bool:
        """Neither its organ nor its being a node speaks against it."""
        organs = {self.last("organ"), finding.organ} & ORGANS
        return self.said[-1][1].node == finding.node and len(organs) < 2


class ReferenceLesions:
    """A walk over the scans of a timeline, in order."""

    def __init__(self, words: Sequence[Word]) -> None:
        self.words = words
        self.stands_for: dict[str, str] = {}
        self.histories: dict[str, History] = {}
        self.registered: dict[tuple[str, str], np.ndarray] = {}
        self.alone: dict[str, bool] = {}  # of the scan that is looked at

    def register(self, registrations: Sequence[Registration]) -> None:
        """Frames of reference that scans of the next visit register; the later stands."""
        for source, target, values in registrations:
            matrix = np.array(values).reshape(4, 4)
            self.registered |= {(source, target): matrix, (target, source): np.linalg.inv(matrix)}

    def scan(self, lesions: Sequence[LesionFinding], day: dt.date, visit: int) -> tuple[LesionFinding, ...]:
        """What the next scan says, under the names that lesions are followed by; visits count from 1."""
        said = {self.name_on(one.lesion_uid, day): one for one in lesions}
        self.alone = {one.lesion_uid: alone(one, list(lesions)) for one in lesions}
        found = self.identified(said, visit)
        for name, finding in said.items():
            history = self.histories.setdefault(found[name], History(found[name]))
            history.names.add(name)
            history.said.append((visit, finding))
            history.alone = alone(finding, list(said.values()))
            self.stands_for[name] = found[name]
        named = [self.in_our_names(finding, found[name]) for name, finding in said.items()]
        return (*named, *self.counted_within(set(found.values()), day))

    def name_on(self, name: str, day: dt.date) -> str:
        since = [word.day for word in self.words if (word.relation, word.lesion) == ("anew", name) and word.day]
        begun = [each for each in since if each <= day]
        return f"{name}/{max(begun)}" if begun else name

    def identified(self, said: dict[str, LesionFinding], visit: int) -> dict[str, str]:
        """Name → lesion: known names, a person's word, one label, one place, one size, else a new one."""
        found: dict[str, str] = {}
        own = [name for name in sorted(said) if self.stands_for.get(name) == name]
        for name in (*own, *(name for name in sorted(said) if name not in own)):
            lesion = self.known(name, said[name]) or self.told(name)
            if lesion and lesion not in found.values():
                found[name] = lesion
        for why in (self.same_label, self.same_place, self.same_size, self.one_target):
            free = [one for one in self.histories.values() if one.lesion_id not in found.values()]
            pairs = [
                (name, one.lesion_id)
                for name in sorted(said)
                if name not in found
                for one in free
                if (said[name].named_by or not one.tracked) and why(said[name], one, visit)
                if self.may_be(name, said[name], one)
            ]
            names, ids = [name for name, _ in pairs], [lesion for _, lesion in pairs]
            found |= {name: lesion for name, lesion in pairs if names.count(name) == ids.count(lesion) == 1}
        for name in sorted(said):
            if name not in found:
                before = [one for one in self.histories if one == name or one.rsplit("#", 1)[0] == name]
                found[name] = f"{name}#{len(before) + 1}" if before else name
        return found

    def known(self, name: str, finding: LesionFinding) -> str | None:
        lesion = self.stands_for.get(name)
        if lesion and finding.named_by in ("label", "only") and not self.histories[lesion].fits(finding):
            return None
        return lesion

    def told(self, name: str) -> str | None:
        """The lesion that a person said it is, by way of others too; of several the one that was known first."""
        one = {name}
        pairs = [{word.lesion, str(word.other)} for word in self.words if word.relation == "same"]
        for _ in pairs:
            one.update(chain(*(pair for pair in pairs if pair & one)))
        return next((lesion for each, lesion in self.stands_for.items() if each in one and each != name), None)

    def may_be(self, name: str, finding: LesionFinding, history: History) -> bool:
        apart = [{word.lesion, word.other} for word in self.words if word.relation == "different"]
        if any({name, other} in apart for other in history.names):
            return False
        if any(other != name and other.split("/")[0] == name.split("/")[0] for other in history.names):
            return False
        return history.fits(finding)

    def same_label(self, finding: LesionFinding, history: History, visit: int) -> bool:
        label = letters(finding.label)
        return label != "" and label in {letters(one.label) for _, one in history.said}

    def same_place(self, finding: LesionFinding, history: History, visit: int) -> bool:
        places = [one.place for _, one in history.said if one.place]
        there = self.in_frame(places[-1], finding.place.frame) if places and finding.place else None
        if finding.place is None or there is None:
            return False
        sizes = [size for size in (finding.size_mm, history.last("size_mm")) if isinstance(size, float | int)]
        apart = math.dist(finding.place.centre_mm, there)
        return apart <= max([MILLIMETRES_APART, *(size / 2 for size in sizes)])

    def in_frame(self, place: LesionPlace, frame: str) -> tuple[float, ...] | None:
        """Coordinates in another frame of reference, by the shortest way over registrations; None without one."""
        ways: list[tuple[str, np.ndarray]] = [(place.frame, np.array([*place.centre_mm, 1.0]))]
        for at, point in ways:
            if at == frame:
                return tuple(point[:3])
            for (one, other), matrix in self.registered.items():
                if at == one and other not in [each for each, _ in ways]:
                    ways.append((other, matrix @ point))
        return None

    def same_size(self, finding: LesionFinding, history: History, visit: int) -> bool:
        number, last = history.said[-1]
        size = history.last("size_mm")
        if number != visit or last.source == finding.source or not finding.size_mm or not isinstance(size, float | int):
            return False
        return abs(size - finding.size_mm) <= ROUNDING

    def one_target(self, finding: LesionFinding, history: History, visit: int) -> bool:
        nameless = any(one.named_by == "only" for _, one in history.said)
        return history.alone and self.alone[finding.lesion_uid] and nameless != (finding.named_by == "only")

    def in_our_names(self, finding: LesionFinding, lesion: str) -> LesionFinding:
        names = self.histories[lesion].names
        parts = {word.lesion: word.other for word in reversed(self.words) if word.relation == "fragment"}
        parent = finding.split_from or next((parts[name] for name in sorted(names) if name in parts), None)
        roles = [word.relation for word in self.words if word.lesion in names and word.relation.endswith("target")]
        return replace(
            finding,
            lesion_uid=lesion,
            split_from=parent and self.stands_for.get(parent, parent),
            merged_into=finding.merged_into and self.stands_for.get(finding.merged_into, finding.merged_into),
            decided=LesionRole(roles[0]) if roles else None,
        )

    def counted_within(self, told: set[str], day: dt.date) -> list[LesionFinding]:
        """Lesions that a person said have merged into others, where the scan speaks of the others only."""
        within = []
        for word in self.words:
            if word.relation == "merged" and (word.day is None or word.day <= day):
                one = self.histories.get(self.stands_for.get(word.lesion, word.lesion))
                other = self.stands_for.get(str(word.other), str(word.other))
                if one and other in told and one.lesion_id not in told:
                    organ, node = one.last("organ"), one.said[-1][1].node
                    finding = LesionFinding(one.lesion_id, LesionState.NOT_EVALUATED, node=node, merged_into=other)
                    within.append(replace(finding, organ=None if organ is None else str(organ)))
        return within


def alone(finding: LesionFinding, said: list[LesionFinding]) -> bool:
    """The only lesion of a scan, or its only marked target."""
    marked = [one for one in said if one.role == "target"]
    return said == [finding] or marked == [finding]


def letters(label: str | None) -> str:
    """Letters and digits, in one case; nothing of a label that stands for another."""
    hidden = bool(label) and str(label)[:7] == "lesion-" and len(str(label)) == 13 and str(label)[7:].isdigit()
    return "" if hidden or not label else "".join(sign for sign in label if sign.isalnum()).casefold()

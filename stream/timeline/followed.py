"""Which lesion each report speaks of, over time (docs/reading.md 6): a fold over scans in the order of the timeline.

By its own name first, then by a person's word, then by label, place or size where only one lesion can be meant. What
stays unsure is a lesion of its own, and says which other one a person may find that it is.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from models.criteria.finding import LesionFinding, LesionState, NamedBy
from models.criteria.place import Frames
from stream.timeline.entries import ScanEntry
from stream.timeline.free_lesions import RULES, FreeLesions
from stream.timeline.lesion_links import LesionLinks
from stream.timeline.likeness import (
    OWN_NAME,
    Evidence,
    KnownLesion,
    Likeness,
    Reported,
    Rule,
    may_be_one,
    only_one,
    plain_label,
)

BY_PERSON = Likeness(Evidence.PERSON, 1.0)


class Tie(NamedTuple):
    """The lesion that a name stands for, and how that is known.

    `perhaps`: where that is not sure, the lesion that a person may find it to be.
    """

    lesion_id: str
    likeness: Likeness
    perhaps: str | None = None

    @property
    def known(self) -> "Tie":
        """As it is known later: a person is asked once."""
        return self._replace(perhaps=None) if self.perhaps else self


class FollowedLesion(NamedTuple):
    """What a scan says of a lesion: `finding` names it as it is followed, `reported_as` as the scan does."""

    finding: LesionFinding
    reported_as: str
    tie: Tie
    scan_uid: str


@dataclass(frozen=True)
class LesionsSoFar:
    """All that is known up to a visit: lesions by id, and what each name stands for; `visits`: how many there were."""

    links: LesionLinks
    ties: Mapping[str, Tie] = field(default_factory=dict)
    lesions: Mapping[str, KnownLesion] = field(default_factory=dict)
    frames: Frames = Frames()
    visits: int = 0

    def visit(self, scans: Sequence[ScanEntry]) -> tuple["LesionsSoFar", dict[str, tuple[FollowedLesion, ...]]]:
        """What is known after one more visit, and by scan_uid what each of its scans says of lesions."""
        frames = self.frames.after([each for scan in scans for each in scan.findings.registrations])
        walk = _Visit(self.links, dict(self.ties), dict(self.lesions), frames, self.visits + 1)
        said = {scan.id: tuple(walk.scan(scan)) for scan in scans}
        return LesionsSoFar(self.links, walk.ties, walk.lesions, frames, walk.number), said


@dataclass
class _Visit:
    """A visit on the way: all that is known up to one of its scans."""

    links: LesionLinks
    ties: dict[str, Tie]
    lesions: dict[str, KnownLesion]
    frames: Frames
    number: int

    def scan(self, scan: ScanEntry) -> Iterator[FollowedLesion]:
        """What one more scan says."""
        said = {self.links.name_of(each.lesion_uid, scan.day): each for each in scan.findings.lesions}
        ties, only = _Ties(self, said).found(), only_one(said.values())
        for name, finding in said.items():
            lesion_id = ties[name].lesion_id
            self.ties[name] = ties[name].known
            self.lesions[lesion_id] = self._lesion(lesion_id).after(name, finding, self.number, finding is only)
        told = [
            FollowedLesion(self._named(finding, ties[name]), finding.lesion_uid, ties[name], scan.id)
            for name, finding in said.items()
        ]
        yield from told
        yield from self._merged(scan, {each.finding.lesion_uid for each in told})

    def _lesion(self, lesion_id: str) -> KnownLesion:
        return self.lesions.get(lesion_id) or KnownLesion(lesion_id)

    def _named(self, finding: LesionFinding, tie: Tie) -> LesionFinding:
        """The finding in the names that lesions are followed by, with what people said of it."""
        as_said = finding.lesion_uid == tie.lesion_id and not finding.split_from and not finding.merged_into
        if as_said and not self.links.links:
            return finding
        names = self.lesions[tie.lesion_id].names
        parts = (self.links.part_of(name) for name in sorted(names))
        parent = finding.split_from or next((part for part in parts if part), None)
        return replace(
            finding,
            lesion_uid=tie.lesion_id,
            split_from=self._id(parent),
            merged_into=self._id(finding.merged_into),
            decided=self.links.role_of(names),
        )

    def _id(self, name: str | None) -> str | None:
        return self.ties[name].lesion_id if name in self.ties else name

    def _merged(self, scan: ScanEntry, told: set[str]) -> Iterator[FollowedLesion]:
        """Lesions that a person said count within others, where the scan speaks of those only."""
        for link in self.links.merged_by(scan.day):
            lesion, other = self.lesions.get(self._id(link.lesion_uid) or ""), self._id(link.other_uid)
            if lesion and other in told and lesion.lesion_id not in told:
                finding = LesionFinding(
                    lesion.lesion_id, LesionState.NOT_EVALUATED, organ=lesion.organ, node=lesion.node, merged_into=other
                )
                yield FollowedLesion(finding, link.lesion_uid, Tie(lesion.lesion_id, BY_PERSON), scan.id)


@dataclass
class _Ties:
    """The names of one scan on their way to lesions; no two of them may stand for one."""

    visit: _Visit
    said: Mapping[str, LesionFinding]
    ties: dict[str, Tie] = field(default_factory=dict)

    def found(self) -> dict[str, Tie]:
        """What each name stands for."""
        taken: set[str] = set()
        for name in sorted(self.said, key=self._own_first):
            tie = self._by_name(name) or self._by_person(name)
            if tie and tie.lesion_id not in taken:
                self.ties[name] = tie
                taken.add(tie.lesion_id)
        if len(self.ties) < len(self.said):
            self._add_unknown()
        return self.ties

    def _add_unknown(self) -> None:
        """What is alike to one lesion, and what is new."""
        for rule, speaks_for in RULES:
            self._add_alike(rule, speaks_for)
        free = self._free()
        for reported in self._open():
            self.ties[reported.name] = self._new(reported, free)

    def _open(self) -> list[Reported]:
        """What no lesion was found for yet."""
        only = only_one(self.said.values())
        told = [(name, self.said[name]) for name in sorted(self.said.keys() - self.ties.keys())]
        return [Reported(name, one, plain_label(one.label), self.visit.number, one is only) for name, one in told]

    def _free(self) -> FreeLesions:
        """Lesions that this scan does not speak of yet."""
        taken = {tie.lesion_id for tie in self.ties.values()}
        free = [known for known in self.visit.lesions.values() if known.lesion_id not in taken]
        return FreeLesions(free, self.visit.frames)

    def _own_first(self, name: str) -> tuple[bool, str]:
        """A lesion under the name it is followed by comes before one that was found to be it."""
        tie = self.visit.ties.get(name)
        return tie is None or tie.lesion_id != name, name

    def _by_name(self, name: str) -> Tie | None:
        """What the name stood for before; a label alone means no lesion of another organ."""
        tie, finding = self.visit.ties.get(name), self.said[name]
        by_label = finding.named_by in (NamedBy.LABEL, NamedBy.ONLY)
        if tie and by_label and not may_be_one(finding, self.visit.lesions[tie.lesion_id]):
            return None
        return tie

    def _by_person(self, name: str) -> Tie | None:
        same = self.visit.links.same_as(name)
        found = same and [tie.lesion_id for other, tie in self.visit.ties.items() if other in same]
        return Tie(found[0], BY_PERSON) if found else None

    def _add_alike(self, rule: Rule, speaks_for: Callable[[FreeLesions, Reported], Iterable[KnownLesion]]) -> None:
        """Ties by a rule, where name and lesion are alike to no other. Two tracking UIDs are two lesions."""
        free = self._free()
        pairs = [
            (reported.name, known.lesion_id, alike)
            for reported in self._open()
            for known in speaks_for(free, reported)
            if not (known.tracked and reported.finding.named_by is None)
            and (alike := self._alike(rule, reported, known))
        ]
        names, lesions = Counter(name for name, *_ in pairs), Counter(lesion_id for _, lesion_id, _ in pairs)
        for name, lesion_id, alike in pairs:
            if names[name] == lesions[lesion_id] == 1:
                self.ties[name] = Tie(lesion_id, alike)

    def _alike(self, rule: Rule, reported: Reported, known: KnownLesion) -> Likeness | None:
        """What the rule says, where nothing speaks against it."""
        alike = rule(reported, known)
        if alike is None or not may_be_one(reported.finding, known):
            return None
        return None if self._differs(reported, known) else alike

    def _new(self, reported: Reported, free: FreeLesions) -> Tie:
        """A lesion of its own; one whose name another has already is told from it by a number."""
        number, lesion_id = 1, reported.name
        while lesion_id in self.visit.lesions:
            number += 1
            lesion_id = f"{reported.name}#{number}"
        return Tie(lesion_id, OWN_NAME[reported.finding.named_by], self._perhaps(reported, free))

    def _perhaps(self, reported: Reported, free: FreeLesions) -> str | None:
        """The lesion that is most alike; None where nothing is."""
        found = free.most_alike(reported, lambda known: not self._differs(reported, known))
        return found.lesion_id if found else None

    def _differs(self, reported: Reported, known: KnownLesion) -> bool:
        return self.visit.links.differs(reported.name, known.names)

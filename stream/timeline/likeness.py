"""How alike a reported lesion is to one that is followed: by label, place, size at one visit, or as the only one."""

import math
import re
from collections.abc import Callable, Collection
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from models.criteria.finding import LesionFinding, LesionRole, NamedBy, is_stand_in
from models.criteria.organs import ORGANS
from models.criteria.place import LesionPlace
from models.measurement import ROUNDED_MM

NEAR_MM = 5.0
"""Centres no further apart than this, or than half the larger lesion's diameter, may be one lesion's."""
FARTHEST = 0.6
"""Score of two centres that are as far apart as they may be."""
OF_ORGAN = 0.3
"""How much lesions resemble each other of which only organ and kind are alike."""


class Evidence(StrEnum):
    """What says that a report speaks of a lesion that is followed."""

    TRACKING = "tracking"
    REFERENCE = "reference"
    PLACE = "place"
    PERSON = "person"


class Likeness(NamedTuple):
    """`score`, 0 to 1: how sure it is."""

    evidence: Evidence
    score: float


OWN_NAME = {
    None: Likeness(Evidence.TRACKING, 1.0),
    NamedBy.LABEL: Likeness(Evidence.TRACKING, 0.9),
    NamedBy.OBJECT: Likeness(Evidence.REFERENCE, 0.5),
    NamedBy.ONLY: Likeness(Evidence.TRACKING, 0.9),
}
"""Of a lesion under its own name; one that means nothing outside of its object is never met again."""


class KnownLesion(NamedTuple):
    """A lesion as it is known so far; `seen_in`: the visit, counted on the timeline, and source that spoke of it last.

    `tracked`: one of its names is a tracking UID; `unnamed`: a table that names no lesion speaks of it. `alone`: it was
    the only lesion, or the only marked target, that was spoken of last.
    """

    lesion_id: str
    names: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    organ: str | None = None
    node: bool = False
    tracked: bool = False
    size_mm: float | None = None
    place: LesionPlace | None = None
    seen_in: tuple[int, str] | None = None
    unnamed: bool = False
    alone: bool = False

    def after(self, name: str, finding: LesionFinding, visit: int, alone: bool) -> "KnownLesion":
        """With what a report of a visit says of it under `name`."""
        label = plain_label(finding.label)
        return KnownLesion(
            self.lesion_id,
            names=self.names if name in self.names else self.names | {name},
            labels=self.labels if not label or label in self.labels else self.labels | {label},
            organ=finding.organ or self.organ,
            node=finding.node,
            tracked=self.tracked or finding.named_by is None,
            size_mm=self.size_mm if finding.size_mm is None else finding.size_mm,
            place=finding.place or self.place,
            seen_in=(visit, finding.source),
            unnamed=self.unnamed or finding.named_by is NamedBy.ONLY,
            alone=alone,
        )


class Reported(NamedTuple):
    """A finding under its name, on its way to a lesion; `visit` is counted on the timeline, `alone` as of a lesion."""

    name: str
    finding: LesionFinding
    label: str
    visit: int
    alone: bool


Rule = Callable[[Reported, KnownLesion], Likeness | None]
"""What speaks for one lesion."""


def by_label(reported: Reported, known: KnownLesion) -> Likeness | None:
    """The same letters and digits."""
    return Likeness(Evidence.TRACKING, 0.8) if reported.label in known.labels else None


def by_place(reported: Reported, known: KnownLesion) -> Likeness | None:
    """Centres near each other in one frame of reference; the nearer, the surer."""
    here, there = reported.finding.place, known.place
    if here is None or there is None or here.frame != there.frame:
        return None
    apart = math.dist(here.centre_mm, there.centre_mm)
    limit = max(NEAR_MM, max(reported.finding.size_mm or 0.0, known.size_mm or 0.0) / 2)
    return Likeness(Evidence.PLACE, 1 - (1 - FARTHEST) * apart / limit) if apart <= limit else None


def by_size(reported: Reported, known: KnownLesion) -> Likeness | None:
    """The same size at the same visit from another source: a table and a report of one measurement."""
    if known.seen_in is None or known.seen_in[0] != reported.visit or known.seen_in[1] == reported.finding.source:
        return None
    size_mm = reported.finding.size_mm
    if not size_mm or known.size_mm is None or abs(size_mm - known.size_mm) > ROUNDED_MM:
        return None
    return Likeness(Evidence.PLACE, 0.7)


def by_being_alone(reported: Reported, known: KnownLesion) -> Likeness | None:
    """A table that names no lesion speaks of the patient's one target, and so does a report with one."""
    unnamed = reported.finding.named_by is NamedBy.ONLY
    return Likeness(Evidence.REFERENCE, 0.6) if unnamed != known.unnamed and reported.alone and known.alone else None


def only_one(said: Collection[LesionFinding]) -> LesionFinding | None:
    """The only lesion that a scan speaks of, or the only one marked as target; None where there is no such one."""
    targets = said if len(said) == 1 else [each for each in said if each.role is LesionRole.TARGET]
    return next(iter(targets)) if len(targets) == 1 else None


def may_be_one(finding: LesionFinding, known: KnownLesion) -> bool:
    """Nothing speaks against it: a node stays a node, and an organ that organ, where both have a word of ours."""
    other = finding.organ in ORGANS and known.organ in ORGANS and finding.organ != known.organ
    return finding.node == known.node and not other


def resemblance(reported: Reported, known: KnownLesion) -> float:
    """How much a person should think of `known` where nothing is sure, 0 (not at all) to 0.5."""
    if reported.label in known.labels or by_place(reported, known):
        return 0.5 if may_be_one(reported.finding, known) else 0.4
    organ = reported.finding.organ
    return OF_ORGAN if organ and organ == known.organ and reported.finding.node == known.node else 0.0


@lru_cache(maxsize=10_000)
def plain_label(label: str | None) -> str:
    """Letters and digits of a label, whatever their case; empty where it names nothing."""
    return "" if not label or is_stand_in(label) else re.sub(r"[\W_]+", "", label).casefold()

"""What people said of a patient's lesions: which are one, which are not, what split, merged, or counts as what."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from models.criteria.finding import LesionRole
from stream.vocabulary import LesionRelation

ROLES = {LesionRelation.TARGET: LesionRole.TARGET, LesionRelation.NON_TARGET: LesionRole.NON_TARGET}


@dataclass(frozen=True)
class LesionLink:
    """A person's word on a lesion; `other_uid` of which two are told, `day` from which on it holds (None: ever)."""

    relation: LesionRelation
    lesion_uid: str
    other_uid: str | None = None
    day: dt.date | None = None


@dataclass(frozen=True)
class LesionLinks:
    """All that stand of a timeline."""

    links: tuple[LesionLink, ...] = ()

    def name_of(self, lesion_uid: str, day: dt.date) -> str:
        """What a lesion that is called `lesion_uid` is known by on a day: from some days on it is another one."""
        anew = [each.day for each in self._of(LesionRelation.ANEW) if each.lesion_uid == lesion_uid and each.day]
        since = max((begun for begun in anew if begun <= day), default=None)
        return lesion_uid if since is None else f"{lesion_uid}/{since}"

    @cached_property
    def _groups(self) -> dict[str, set[str]]:
        """Name → all names that are one lesion with it, directly or by way of others."""
        groups: dict[str, set[str]] = {}
        for link in self._of(LesionRelation.SAME):
            other = link.other_uid or ""
            joined = groups.get(link.lesion_uid, {link.lesion_uid}) | groups.get(other, {other})
            groups |= dict.fromkeys(joined, joined)
        return groups

    def same_as(self, name: str) -> set[str]:
        """Other names that a person said are the same lesion."""
        return self._groups.get(name, set()) - {name}

    def differs(self, name: str, names: Collection[str]) -> bool:
        """Whether a person said that `name` is none of a lesion with `names`."""
        if not self.links:
            return False
        told = {frozenset((each.lesion_uid, each.other_uid)) for each in self._of(LesionRelation.DIFFERENT)}
        of_one_uid = any(other != name and _uid(other) == _uid(name) for other in names)
        return of_one_uid or any(frozenset((name, other)) in told for other in names)

    def part_of(self, name: str) -> str | None:
        """The lesion that this one was a part of."""
        return next((each.other_uid for each in self._of(LesionRelation.FRAGMENT) if each.lesion_uid == name), None)

    def merged_by(self, day: dt.date) -> Iterator[LesionLink]:
        """Lesions that count within others on a day."""
        return (each for each in self._of(LesionRelation.MERGED) if each.day is None or each.day <= day)

    def role_of(self, names: Collection[str]) -> LesionRole | None:
        """The role that a person gave a lesion under one of its names."""
        return next(
            (ROLES[each.relation] for each in self.links if each.relation in ROLES and each.lesion_uid in names), None
        )

    def _of(self, relation: LesionRelation) -> Iterable[LesionLink]:
        return (each for each in self.links if each.relation is relation)


def _uid(name: str) -> str:
    return name.partition("/")[0]

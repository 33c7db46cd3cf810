"""What people say of lesions: which are one, which are not, what split or merged, and what counts as what."""

import datetime as dt
from dataclasses import dataclass

from stream.storage import audit, schema
from stream.storage.database import Connection
from stream.storage.intake.unfinished import is_link_seen
from stream.storage.patients.facts import FactRow, append_if_changed, link_stands, scan_of_both
from stream.timeline.digest import digest
from stream.vocabulary import LesionRelation

ALONE = frozenset({LesionRelation.ANEW, LesionRelation.TARGET, LesionRelation.NON_TARGET})
"""What is said of a lesion without another one."""
WITH_DAY = frozenset({LesionRelation.ANEW, LesionRelation.MERGED})
"""What holds from a day on."""


@dataclass(frozen=True)
class LesionFact:
    """A person's word on a lesion, named as a scan names it; `other_uid` unless `relation` is one of ALONE.

    `day`: from which on it holds, of ANEW and MERGED. `withdrawn`: it is taken back.
    """

    received_as: str
    relation: LesionRelation
    lesion_uid: str
    other_uid: str | None = None
    day: dt.date | None = None
    withdrawn: bool = False

    @property
    def link_id(self) -> str:
        """One for each pair of lesions, for the role of a lesion, and for each day on which one begins anew."""
        if self.other_uid:
            return _hash(self.received_as, "pair", *sorted((self.lesion_uid, self.other_uid)))
        kind = f"anew {self.day}" if self.relation is LesionRelation.ANEW else "role"
        return _hash(self.received_as, kind, self.lesion_uid)

    @property
    def subject(self) -> str:
        """What it is about, for the log."""
        of = f" {self.other_uid}" if self.other_uid else ""
        since = f" from {self.day}" if self.day else ""
        return f"{self.received_as}: {self.lesion_uid} {self.relation}{of}{since}"


def accept_lesion_fact(connection: Connection, fact: LesionFact, by: str, why: str | None, now: dt.datetime) -> bool:
    """Append and log it in the caller's transaction; False where it changes nothing."""
    values = {name: getattr(fact, name) for name in ("relation", "lesion_uid", "other_uid", "day", "withdrawn")}
    row = {"received_as": fact.received_as, "accepted_at": now, **values}
    if fact.withdrawn and not link_stands(connection, fact.link_id):
        return False
    if append_if_changed(connection, schema.lesion_links, "link_id", [FactRow(fact.link_id, row, values)]) == [None]:
        return False
    audit.record(connection, by, "withdraw lesion" if fact.withdrawn else "lesion", fact.subject, why, now)
    return True


def why_refused(connection: Connection, fact: LesionFact) -> str | None:
    """Why a person cannot say so: one scan speaks of both lesions, so they are two; None where she can."""
    if fact.withdrawn or fact.relation is not LesionRelation.SAME or not fact.other_uid:
        return None
    both = scan_of_both(connection, fact.received_as, fact.lesion_uid, fact.other_uid)
    return f"They are two lesions: the scan {both} speaks of both." if both else None


def is_folded(connection: Connection, fact: LesionFact) -> bool:
    """Whether the timeline has taken it into account."""
    return is_link_seen(connection, fact.link_id)


def _hash(*parts: str) -> str:
    return digest(*parts).hex()[:32]

"""Taking a scan down, and letting it count again: by a person, by a rejection note, by a sender's own correction.

docs/protocol.md 5: a rejection names a revision, takes down that one and all lower ones, may come before it, and never
brings an older one back; a higher one stands.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from stream.crash import reach
from stream.storage import audit
from stream.storage.database import Connection
from stream.storage.locks import lock_facts
from stream.storage.patients.rejections import (
    RejectionRow,
    append_rejection,
    are_effective,
    highest_revision,
    rejected_revisions,
)
from stream.vocabulary import RejectionKind, RejectionReason


@dataclass(frozen=True)
class Rejection:
    """`revision` None: the highest one there is; `because`: a RejectionReason.

    `withdrawn`: what was rejected counts again.
    """

    scan_uid: str
    revision: int | None
    because: str
    by: str
    why: str | None = None
    withdrawn: bool = False

    @property
    def kind(self) -> RejectionKind:
        """How the status of what it takes down is called."""
        return RejectionKind.RETRACTED if self.because == RejectionReason.REPLACED else RejectionKind.REJECTED


def accept_rejections(connection: Connection, rejections: Iterable[Rejection], now: dt.datetime) -> list[str]:
    """Append and log what changes anything, in the caller's transaction; returns the scans it is about."""
    changed, rejections = [], list(rejections)
    # the row of a scan may not exist yet; numbers are given one at a time all the same
    lock_facts(connection, [f"rejections/{rejection.scan_uid}" for rejection in rejections])
    for rejection in rejections:
        changing = _counting_again if rejection.withdrawn else _taken_down
        revisions = changing(connection, rejection)
        for revision in revisions:
            append_rejection(connection, _row(rejection, revision, now))
        if revisions:
            reach("rejecting.written")
            _log(connection, rejection, max(revisions), now)
            changed.append(rejection.scan_uid)
    return changed


def effective(connection: Connection, scan_uid: str) -> bool:
    """Whether a fold has taken everything into account that was said of this scan."""
    return are_effective(connection, scan_uid)


def _taken_down(connection: Connection, rejection: Rejection) -> list[int]:
    """The revision to reject; none where a rejection of it, or of a higher one, stands."""
    highest = highest_revision(connection, rejection.scan_uid)
    revision = rejection.revision or highest
    rejected = rejected_revisions(connection, rejection.scan_uid)
    return [] if any(standing >= revision for standing in rejected) else [revision]


def _counting_again(connection: Connection, rejection: Rejection) -> list[int]:
    """Every revision whose rejection has to go so that the one that is named (None: the highest) counts again."""
    rejected = rejected_revisions(connection, rejection.scan_uid)
    return [standing for standing in rejected if standing >= (rejection.revision or 1)]


def _row(rejection: Rejection, revision: int, now: dt.datetime) -> RejectionRow:
    return RejectionRow(
        scan_uid=rejection.scan_uid,
        revision=revision,
        kind=rejection.kind,
        because=RejectionReason(rejection.because),
        withdrawn=rejection.withdrawn,
        by=rejection.by,
        at=now,
    )


def _log(connection: Connection, rejection: Rejection, revision: int, now: dt.datetime) -> None:
    verb = "withdraw rejection" if rejection.withdrawn else rejection.kind.removesuffix("ed")
    why = rejection.why or rejection.because
    audit.record(connection, rejection.by, verb, f"{rejection.scan_uid} revision {revision}", why, now)

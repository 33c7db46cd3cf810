"""Taking a scan down, and letting it count again: by a person, by a rejection note, by a sender's own correction.

PROTOCOL 5: a rejection names a revision, takes down that one and all lower ones, may come before it, and never brings
an older one back; a higher one stands.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from stream.crash import reach
from stream.storage import audit, schema
from stream.storage.appending import append
from stream.storage.database import Connection
from stream.storage.locks import lock_fact

REASONS = ("quality", "safety", "wrong_patient", "replaced", "other")


@dataclass(frozen=True)
class Rejection:
    """`revision` None: the highest one there is. `withdrawn`: what was rejected counts again."""

    scan_uid: str
    revision: int | None
    because: str
    by: str
    why: str | None = None
    withdrawn: bool = False

    @property
    def kind(self) -> str:
        """How the status of what it takes down is called."""
        return "retracted" if self.because == "replaced" else "rejected"


def accept_rejections(connection: Connection, rejections: Iterable[Rejection], now: dt.datetime) -> list[str]:
    """Append and log what changes anything, in the caller's transaction; returns the scans it is about."""
    changed, rejections = [], list(rejections)
    for scan_uid in sorted({one.scan_uid for one in rejections}):
        # the row of the scan may not exist yet; numbers are given one at a time all the same
        lock_fact(connection, f"rejections/{scan_uid}")
    for one in rejections:
        revisions = _withdrawn_by(connection, one) if one.withdrawn else _rejected_by(connection, one)
        for revision in revisions:
            append(connection, schema.rejections, [_row(connection, one, revision, now)])
        if revisions:
            reach("rejecting.written")
            verb = "withdraw rejection" if one.withdrawn else one.kind.removesuffix("ed")
            why = one.why or one.because
            audit.record(connection, one.by, verb, f"{one.scan_uid} revision {max(revisions)}", why, now)
            changed.append(one.scan_uid)
    return changed


def effective(connection: Connection, scan_uid: str) -> bool:
    """Whether a fold has taken everything into account that was said of this scan."""
    query = """SELECT NOT EXISTS (SELECT FROM core.rejections j WHERE j.scan_uid = %s AND NOT EXISTS (
      SELECT FROM core.ledger g WHERE g.kind = 'rejection' AND g.id = j.scan_uid || '/' || j.revision
        AND g.revision = j.number))"""
    return connection.execute(query, [scan_uid]).fetchone()[0]


def _rejected_by(connection: Connection, one: Rejection) -> list[int]:
    """The revision to reject; none where a rejection of it, or of a higher one, stands."""
    (highest,) = connection.execute(
        "SELECT coalesce(max(revision), 1) FROM core.revisions WHERE scan_uid = %s", [one.scan_uid]
    ).fetchone()
    revision = one.revision or highest
    return [] if any(standing >= revision for standing in _standing(connection, one.scan_uid)) else [revision]


def _withdrawn_by(connection: Connection, one: Rejection) -> list[int]:
    """Every revision whose rejection has to go so that `one.revision` (None: the highest) counts again."""
    return [standing for standing in _standing(connection, one.scan_uid) if standing >= (one.revision or 1)]


def _standing(connection: Connection, scan_uid: str) -> list[int]:
    query = "SELECT revision FROM core.standing_rejections WHERE scan_uid = %s ORDER BY 1"
    return [row[0] for row in connection.execute(query, [scan_uid]).fetchall()]


def _row(connection: Connection, one: Rejection, revision: int, now: dt.datetime) -> dict[str, object]:
    (number,) = connection.execute(
        "SELECT coalesce(max(number), 0) + 1 FROM core.rejections WHERE scan_uid = %s AND revision = %s",
        [one.scan_uid, revision],
    ).fetchone()
    return {
        "scan_uid": one.scan_uid, "revision": revision, "number": number, "kind": one.kind, "because": one.because,
        "withdrawn": one.withdrawn, "by": one.by, "at": now,
    }  # fmt: skip

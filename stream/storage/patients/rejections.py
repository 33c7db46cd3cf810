"""Rejections of scan revisions: which stand, whether folds have taken them into account, and appending the next."""

import datetime as dt
from dataclasses import dataclass

from stream.storage import schema
from stream.storage.appending import append
from stream.storage.database import Connection
from stream.vocabulary import RejectionKind, RejectionReason


@dataclass(frozen=True)
class RejectionRow:
    """One revision that is taken down, or (`withdrawn`) counts again; the number is given when it is appended."""

    scan_uid: str
    revision: int
    kind: RejectionKind
    because: RejectionReason
    withdrawn: bool
    by: str
    at: dt.datetime


def are_effective(connection: Connection, scan_uid: str) -> bool:
    """Whether folds have taken every rejection of this scan into account."""
    query = """SELECT NOT EXISTS (SELECT FROM core.rejections j WHERE j.scan_uid = %s AND NOT EXISTS (
      SELECT FROM core.ledger g WHERE g.kind = 'rejection' AND g.id = j.scan_uid || '/' || j.revision
        AND g.revision = j.number))"""
    return bool((connection.execute(query, [scan_uid]).fetchone() or (False,))[0])


def highest_revision(connection: Connection, scan_uid: str) -> int:
    """The highest revision there is of a scan; 1 where it has none yet."""
    query = "SELECT coalesce(max(revision), 1) FROM core.revisions WHERE scan_uid = %s"
    (highest,) = connection.execute(query, [scan_uid]).fetchone() or (1,)
    return int(highest)


def rejected_revisions(connection: Connection, scan_uid: str) -> list[int]:
    """The revisions of a scan whose rejection stands, in ascending order."""
    query = "SELECT revision FROM core.standing_rejections WHERE scan_uid = %s ORDER BY 1"
    return [revision for (revision,) in connection.execute(query, [scan_uid]).fetchall()]


def append_rejection(connection: Connection, rejection: RejectionRow) -> None:
    """Append `rejection` with the next number of its revision; the caller holds the lock of this scan's rejections."""
    (number,) = connection.execute(
        "SELECT coalesce(max(number), 0) + 1 FROM core.rejections WHERE scan_uid = %s AND revision = %s",
        [rejection.scan_uid, rejection.revision],
    ).fetchone() or (1,)
    append(connection, schema.rejections, [{**vars(rejection), "number": number}])

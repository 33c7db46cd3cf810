"""Accepting what is said of whom a scan belongs to: merges, unmerges, moves, with numbers (docs/protocol.md 3)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from stream.crash import reach
from stream.storage import audit, schema
from stream.storage.appending import append
from stream.storage.database import Connection
from stream.storage.locks import identity_held
from stream.storage.patients import identity
from stream.storage.patients.naming import NAMED, to_move
from stream.vocabulary import IdentityKind, IdentityOutcome

BY, WHY = "scanstream", "a file of the study says who issued its Patient ID, those before it did not"
"""Who moves a scan to the patient that its files name, and why."""


@dataclass(frozen=True)
class IdentityEvent:
    """merge `patient_id` into `other_id`; unmerge `patient_id`; move `scan_uid` to `other_id`."""

    event_id: str
    kind: str
    patient_id: str | None
    other_id: str | None
    scan_uid: str | None
    by: str
    why: str | None = None

    @property
    def subject(self) -> str:
        """What it is about, for the log."""
        into = f" to {self.other_id}" if self.other_id else ""
        return f"{self.patient_id or self.scan_uid}{into}"


def accept_identity(connection: Connection, event: IdentityEvent) -> bool:
    """Give `event` its number and log it; False where its `event_id` was accepted before."""
    with identity_held(connection):
        if identity.is_accepted(connection, event.event_id):
            return False
        _number(connection, event)
    reach("identity.accepted")
    return True


def move_to_named(connection: Connection, scan_uids: Sequence[str]) -> list[str]:
    """Move those of these scans that were received for another patient than their files name; returns to whom.

    Calling it again changes nothing. What a person has moved stays there, whatever its files name.
    """
    if not to_move(connection, scan_uids):
        return []
    with identity_held(connection):
        moves = to_move(connection, scan_uids)  # again: a person may have moved one before the lock was ours
        for scan_uid, to in sorted(moves.items()):
            event_id = f"{NAMED}{scan_uid}/{to}"
            _number(connection, IdentityEvent(event_id, IdentityKind.MOVE, None, to, scan_uid, BY, WHY))
    return sorted(set(moves.values()))


def _number(connection: Connection, event: IdentityEvent) -> None:
    """Append and log the event with the next number; the caller holds the identity lock."""
    seq = identity.next_seq(connection)
    now = dt.datetime.now(dt.UTC)
    columns = ("event_id", "kind", "patient_id", "other_id", "scan_uid", "by")
    row = {name: getattr(event, name) for name in columns}
    append(connection, schema.identity_events, [{"seq": seq, **row, "accepted_at": now}])
    reach("identity.numbered")
    audit.record(connection, event.by, event.kind, event.subject, event.why, now)


def outcome(connection: Connection, event_id: str) -> IdentityOutcome | None:
    """What became of the event; None where it waits for its turn."""
    return identity.event_outcome(connection, event_id)

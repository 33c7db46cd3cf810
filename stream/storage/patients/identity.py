"""Identity events in their order, and the aliases and assignments that they change (docs/protocol.md 3)."""

import datetime as dt
from dataclasses import dataclass

from stream.storage import schema
from stream.storage.appending import append, write_later
from stream.storage.database import Connection
from stream.vocabulary import IdentityKind, IdentityOutcome


@dataclass(frozen=True)
class IdentityChange:
    """An identity event that waits for its turn: its number and what it is to do (`other_id`: to or into whom)."""

    seq: int
    kind: IdentityKind
    patient_id: str | None
    other_id: str | None
    scan_uid: str | None


NEXT = """SELECT seq, kind, patient_id, other_id, scan_uid FROM core.identity_events
WHERE applied_at IS NULL ORDER BY seq LIMIT 1"""


def is_accepted(connection: Connection, event_id: str) -> bool:
    """Whether an event of this id was accepted before."""
    return bool(connection.execute("SELECT FROM core.identity_events WHERE event_id = %s", [event_id]).rowcount)


def next_seq(connection: Connection) -> int:
    """The number of the event that is accepted next; the caller holds the identity lock."""
    (seq,) = connection.execute("SELECT coalesce(max(seq), 0) + 1 FROM core.identity_events").fetchone() or (1,)
    return int(seq)


def event_outcome(connection: Connection, event_id: str) -> IdentityOutcome | None:
    """What became of the event; None where it waits for its turn."""
    row = connection.execute("SELECT outcome FROM core.identity_events WHERE event_id = %s", [event_id]).fetchone()
    if row is None:
        raise LookupError(f"no identity event {event_id} was accepted")
    return row[0] and IdentityOutcome(row[0])


def first_waiting(connection: Connection) -> IdentityChange | None:
    """The event that takes effect next; None where none waits."""
    row = connection.execute(NEXT).fetchone()
    return IdentityChange(row[0], IdentityKind(row[1]), *row[2:]) if row else None


def end_event(connection: Connection, seq: int, outcome: IdentityOutcome, at: dt.datetime) -> None:
    """Write what became of an event and when, once."""
    write_later(connection, schema.identity_events, {"seq": seq}, {"outcome": outcome, "applied_at": at})


def add_alias(connection: Connection, patient_id: str, into: str, seq: int) -> None:
    """From now on `patient_id` stands below `into`."""
    append(connection, schema.aliases, [{"patient_id": patient_id, "into_patient_id": into, "seq": seq}])


def remove_alias(connection: Connection, patient_id: str) -> bool:
    """Let `patient_id` stand for itself again; False where it does so already."""
    return bool(connection.execute("DELETE FROM core.aliases WHERE patient_id = %s", [patient_id]).rowcount)


def assign(connection: Connection, scan_uid: str, patient_id: str, seq: int) -> None:
    """Let the scan belong to `patient_id`, whomever it was received for or assigned to before."""
    connection.execute("DELETE FROM core.assignments WHERE scan_uid = %s", [scan_uid])
    append(connection, schema.assignments, [{"scan_uid": scan_uid, "patient_id": patient_id, "seq": seq}])


def has_patient(connection: Connection, patient_id: str) -> bool:
    """Whether anything was received for this pseudonym, or it has a timeline."""
    query = "SELECT FROM core.scans WHERE received_as = %s UNION SELECT FROM core.heads WHERE patient_id = %s"
    return bool(connection.execute(query, [patient_id] * 2).rowcount)

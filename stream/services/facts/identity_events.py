"""Who a scan belongs to: merges, unmerges and moves, numbered when accepted and taking effect strictly in that order.

PROTOCOL 3: aliases are a tree and are not compressed; a scan stands on the timeline of the root of its assignment, else
of the patient it was received for. What cannot take effect is marked refused and holds nobody up.
"""

import datetime as dt
from dataclasses import dataclass

from stream import logs
from stream.crash import reach
from stream.services.folding.reconcile import Folded, Reconciler
from stream.storage import audit, schema
from stream.storage.appending import append, write_later
from stream.storage.database import Connection
from stream.storage.locks import identity_held
from stream.storage.timelines import resolve, roots

BECAUSE = {"merge": "merged", "unmerge": "unmerged", "move": "moved"}
"""Why rows are superseded, by the kind of the event."""


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
        known = "SELECT FROM core.identity_events WHERE event_id = %s"
        if connection.execute(known, [event.event_id]).rowcount:
            return False
        (seq,) = connection.execute("SELECT coalesce(max(seq), 0) + 1 FROM core.identity_events").fetchone()
        now = dt.datetime.now(dt.UTC)
        columns = ("event_id", "kind", "patient_id", "other_id", "scan_uid", "by")
        row = {name: getattr(event, name) for name in columns}
        append(connection, schema.identity_events, [{"seq": seq, **row, "accepted_at": now}])
        reach("identity.numbered")
        audit.record(connection, event.by, event.kind, event.subject, event.why, now)
    reach("identity.accepted")
    return True


def outcome(connection: Connection, event_id: str) -> str | None:
    """done or refused; None where the event waits for its turn."""
    query = "SELECT outcome FROM core.identity_events WHERE event_id = %s"
    return connection.execute(query, [event_id]).fetchone()[0]


def next_event(connection: Connection) -> int | None:
    """Number of the event that takes effect next; None where none waits."""
    event = connection.execute(NEXT).fetchone()
    return event[0] if event else None


def apply_next(connection: Connection, reconciler: Reconciler) -> list[Folded]:
    """Let the first event that waits take effect, in a transaction of its own; returns the folds."""
    with identity_held(connection):
        reach("identity.held")
        event = connection.execute(NEXT).fetchone()
        folds = _apply(connection, reconciler, *event) if event else []
    reach("identity.applied")
    return folds


NEXT = """SELECT seq, kind, patient_id, other_id, scan_uid FROM core.identity_events
WHERE applied_at IS NULL ORDER BY seq LIMIT 1"""


def _apply(
    connection: Connection, reconciler: Reconciler, seq: int, kind: str, patient_id: str | None, other_id: str | None,
    scan_uid: str | None,
) -> list[Folded]:  # fmt: skip
    """One event under the exclusive lock: change aliases or assignments, fold every head it touches, write its end."""
    match kind:
        case "merge":
            touched = _merge(connection, seq, patient_id, other_id)
        case "unmerge":
            touched = _unmerge(connection, patient_id)
        case _:
            touched = _move(connection, seq, scan_uid, other_id)
    reach("identity.changed")
    folds, at = reconciler.identity(seq, touched, BECAUSE[kind]) if touched else ([], dt.datetime.now(dt.UTC))
    reach("identity.folded")
    end = "done" if touched else "refused"
    write_later(connection, schema.identity_events, {"seq": seq}, {"outcome": end, "applied_at": at})
    reach("identity.ended")
    logs.event(f"identity_{kind}", seq=seq, outcome=end)
    return folds


def _merge(connection: Connection, seq: int, patient_id: str, into: str) -> set[str]:
    """Heads touched; none where it is merged already, or would come to lie below itself."""
    above = roots(connection, [patient_id, into])
    if above[patient_id] != patient_id or above[into] == patient_id:
        return set()
    append(connection, schema.aliases, [{"patient_id": patient_id, "into_patient_id": into, "seq": seq}])
    return {patient_id, above[into]}


def _unmerge(connection: Connection, patient_id: str) -> set[str]:
    """Heads touched; none where there is nothing to unmerge."""
    above = roots(connection, [patient_id])[patient_id]
    gone = connection.execute("DELETE FROM core.aliases WHERE patient_id = %s", [patient_id]).rowcount
    return {above, patient_id} if gone else set()


def _move(connection: Connection, seq: int, scan_uid: str, to: str) -> set[str]:
    """Heads touched: where the scan stands, if it was received already, and where it goes."""
    before = set(resolve(connection, [scan_uid]).values())
    connection.execute("DELETE FROM core.assignments WHERE scan_uid = %s", [scan_uid])
    append(connection, schema.assignments, [{"scan_uid": scan_uid, "patient_id": to, "seq": seq}])
    return before | {roots(connection, [to])[to]}

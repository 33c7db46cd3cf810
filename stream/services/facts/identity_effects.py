"""Merges, unmerges and moves take effect, strictly in the order of their numbers.

docs/protocol.md 3: aliases are a tree and are not compressed; a scan stands on the timeline of the root of its
assignment, else of the patient it was received for. What cannot take effect is marked refused and holds nobody up.
"""

import datetime as dt

from stream import logs
from stream.crash import reach
from stream.services.folding.committed_fold import CommittedFold
from stream.services.folding.reconcile import Reconciler
from stream.storage.database import Connection
from stream.storage.folding.timelines import resolve, roots
from stream.storage.locks import identity_held
from stream.storage.patients import identity
from stream.storage.patients.identity import IdentityChange
from stream.vocabulary import Cause, IdentityKind, IdentityOutcome

CAUSES = {
    IdentityKind.MERGE: Cause.MERGED,
    IdentityKind.UNMERGE: Cause.UNMERGED,
    IdentityKind.MOVE: Cause.MOVED,
}
"""Why rows are superseded, by the kind of the event."""


def next_event(connection: Connection) -> int | None:
    """Number of the event that takes effect next; None where none waits."""
    change = identity.first_waiting(connection)
    return change.seq if change else None


def apply_next(connection: Connection, reconciler: Reconciler) -> list[CommittedFold]:
    """Let the first event that waits take effect, in a transaction of its own; returns the folds."""
    with identity_held(connection):
        reach("identity.held")
        change = identity.first_waiting(connection)
        folds = _apply(connection, reconciler, change) if change else []
    reach("identity.applied")
    return folds


def _apply(connection: Connection, reconciler: Reconciler, change: IdentityChange) -> list[CommittedFold]:
    """One event under the exclusive lock: change aliases or assignments, fold every head it touches, write its end."""
    touched = _touched_heads(connection, change)
    reach("identity.changed")
    if touched:
        folds, at = reconciler.identity(change.seq, touched, CAUSES[change.kind])
    else:
        folds, at = [], dt.datetime.now(dt.UTC)
    reach("identity.folded")
    end = IdentityOutcome.DONE if touched else IdentityOutcome.REFUSED
    identity.end_event(connection, change.seq, end, at)
    reach("identity.ended")
    logs.event(f"identity_{change.kind}", seq=change.seq, outcome=end)
    return folds


def _touched_heads(connection: Connection, change: IdentityChange) -> set[str]:
    """Let the event change aliases or assignments; the heads it touches, none where it cannot take effect."""
    match change:
        case IdentityChange(seq, IdentityKind.MERGE, str(patient_id), str(into)):
            return _merge(connection, seq, patient_id, into)
        case IdentityChange(_, IdentityKind.UNMERGE, str(patient_id)):
            return _unmerge(connection, patient_id)
        case IdentityChange(seq, IdentityKind.MOVE, _, str(to), str(scan_uid)):
            return _move(connection, seq, scan_uid, to)
    raise ValueError(f"identity event {change.seq} lacks what a {change.kind} needs")


def _merge(connection: Connection, seq: int, patient_id: str, into: str) -> set[str]:
    """Heads touched; none where it is merged already, or would come to lie below itself."""
    above = roots(connection, [patient_id, into])
    if above[patient_id] != patient_id or above[into] == patient_id:
        return set()
    identity.add_alias(connection, patient_id, into, seq)
    return {patient_id, above[into]}


def _unmerge(connection: Connection, patient_id: str) -> set[str]:
    """Heads touched; none where there is nothing to unmerge."""
    above = roots(connection, [patient_id])[patient_id]
    return {above, patient_id} if identity.remove_alias(connection, patient_id) else set()


def _move(connection: Connection, seq: int, scan_uid: str, to: str) -> set[str]:
    """Heads touched: where the scan stands, if it was received already, and where it goes."""
    before = set(resolve(connection, [scan_uid]).values())
    identity.assign(connection, scan_uid, to, seq)
    return before | {roots(connection, [to])[to]}

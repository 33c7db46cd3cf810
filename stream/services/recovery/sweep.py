"""The sweep: whatever was accepted and has no end after a while gets its bell rung again (DESIGN 4)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from stream.crash import reach
from stream.services.recovery.suspects import held
from stream.storage import schema
from stream.storage.active_weights import behind
from stream.storage.appending import write_later
from stream.storage.database import Connection
from stream.storage.locks import lead_sweep, nobody_replays, share_identity
from stream.storage.timelines import roots

PATIENCE = dt.timedelta(seconds=10)
"""A bell is rung again when nothing happened for this long: well above a batch under load, well below a coffee."""
FINAL_LIMIT = 1000
PASS_LIMIT = 5000
"""Bells of each kind in one pass, those that wait longest first: a topic that was lost fills again within memory."""
BEHIND_LIMIT = 64
"""Timelines rung for in one pass because they lack states of new weights: live traffic stands between them."""


@dataclass(frozen=True)
class Unfinished:
    """What waits too long, by the topic whose bell brings it on; each with its received_as as key."""

    instances: tuple[tuple[str, str], ...]  # scan_uid, received_as
    scans: tuple[tuple[str, int, str], ...]  # scan_uid, revision, received_as
    timepoints: tuple[tuple[str, int, str], ...]
    patients: tuple[str, ...]  # received_as with facts no fold has seen, or timelines that lack states of new weights


def sweep(connection: Connection, now: dt.datetime, final_after: dt.timedelta) -> Unfinished | None:
    """What waits longer than PATIENCE; also makes old revisions final. None where another worker sweeps."""
    with connection.transaction():
        if not lead_sweep(connection):
            return None
        reach("sweep.leading")
        _finalise(connection, now, final_after)
        late = {"before": now - PATIENCE, "limit": PASS_LIMIT}
        told = connection.execute(f"{UNSEEN} LIMIT %(limit)s", late).fetchall()
        told += _behind(connection, late["before"])
        return Unfinished(
            tuple(connection.execute(GATHERING, late).fetchall()),
            tuple(connection.execute(STUCK, {**late, "status": "measuring"}).fetchall()),
            _not_held(connection, connection.execute(STUCK, {**late, "status": "waiting"}).fetchall()),
            tuple(row[0] for row in _not_held(connection, told)),
        )


GATHERING = """SELECT s.scan_uid, s.received_as FROM core.instances i JOIN core.scans s USING (scan_uid)
WHERE i.accepted_at < %(before)s
  AND NOT EXISTS (
    SELECT FROM core.revision_instances r WHERE r.scan_uid = i.scan_uid AND r.instance_uid = i.instance_uid)
  AND NOT EXISTS (SELECT FROM core.assembly w WHERE w.scan_uid = i.scan_uid AND (w.status = 'receiving' OR
    w.status = 'set_aside' AND NOT EXISTS (
      SELECT FROM core.revisions r WHERE r.scan_uid = w.scan_uid AND r.revision = w.revision)))
GROUP BY s.scan_uid ORDER BY min(i.accepted_at) LIMIT %(limit)s"""

STUCK = """SELECT w.scan_uid, w.revision, s.received_as FROM core.assembly w JOIN core.scans s USING (scan_uid)
WHERE w.status = %(status)s AND w.changed_at < %(before)s ORDER BY w.changed_at LIMIT %(limit)s"""

UNSEEN = """SELECT received_as FROM core.treatments t WHERE accepted_at < %(before)s AND NOT EXISTS (
  SELECT FROM core.ledger g WHERE g.kind = 'treatment' AND g.id = t.treatment_id AND g.revision = t.revision)
UNION SELECT received_as FROM core.clinical c WHERE accepted_at < %(before)s AND NOT EXISTS (
  SELECT FROM core.ledger g WHERE g.kind = 'clinical' AND g.id = c.received_as AND g.revision = c.revision)
UNION SELECT coalesce(a.patient_id, s.received_as) FROM core.rejections j JOIN core.scans s USING (scan_uid)
  LEFT JOIN core.assignments a USING (scan_uid) WHERE j.at < %(before)s AND NOT EXISTS (SELECT FROM core.ledger g
    WHERE g.kind = 'rejection' AND g.id = j.scan_uid || '/' || j.revision AND g.revision = j.number)
UNION SELECT coalesce(e.patient_id, e.other_id) FROM core.identity_events e
  WHERE e.applied_at IS NULL AND e.accepted_at < %(before)s"""


def _not_held(connection: Connection, rows: Sequence[tuple]) -> tuple[tuple, ...]:
    """Those of `rows` (received_as last) whose timeline does not wait for a person."""
    waiting = held(connection)
    timelines = roots(connection, [row[-1] for row in rows]) if waiting else {}
    return tuple(row for row in rows if timelines.get(row[-1]) not in waiting)


def _behind(connection: Connection, before: dt.datetime) -> list[tuple[str]]:
    """Timelines that lack states of weights active since `before`; none while somebody replays."""
    free = nobody_replays(connection)
    return [(patient_id,) for patient_id in behind(connection, before, BEHIND_LIMIT)] if free else []


def _finalise(connection: Connection, now: dt.datetime, final_after: dt.timedelta) -> None:
    """Provisional revisions become final by age; that is no content, so nothing is folded (PROTOCOL 4)."""
    share_identity(connection)
    rows = connection.execute(
        "SELECT scan_uid, revision FROM core.revisions WHERE final_at IS NULL AND accepted_at < %s LIMIT %s",
        [now - final_after, FINAL_LIMIT],
    ).fetchall()
    for scan_uid, revision in rows:
        write_later(connection, schema.revisions, {"scan_uid": scan_uid, "revision": revision}, {"final_at": now})
    if rows:
        reach("sweep.finalised")

"""The sweep: whatever was accepted and has no end after a while gets its bell rung again (DESIGN 4)."""

import datetime as dt
from dataclasses import dataclass

from stream.services.replay import REPLAY_LOCK
from stream.storage import schema
from stream.storage.database import Connection
from stream.storage.facts import write_later
from stream.storage.standing import IDENTITY_LOCK
from stream.storage.weights import behind

SWEEP_LOCK = 4712
"""One sweeper per pass, whoever comes first."""
PATIENCE = dt.timedelta(seconds=10)
"""A bell is rung again when nothing happened for this long: well above a batch under load, well below a coffee."""
FINAL_LIMIT = 1000
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
        if not connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [SWEEP_LOCK]).fetchone()[0]:
            return None
        _finalise(connection, now, final_after)
        before = now - PATIENCE
        return Unfinished(
            tuple(connection.execute(GATHERING, {"before": before}).fetchall()),
            tuple(connection.execute(STUCK, {"before": before, "status": "measuring"}).fetchall()),
            tuple(connection.execute(STUCK, {"before": before, "status": "waiting"}).fetchall()),
            tuple(row[0] for row in connection.execute(UNSEEN, {"before": before}).fetchall())
            + _behind(connection, before),
        )  # fmt: skip


GATHERING = """SELECT DISTINCT s.scan_uid, s.received_as FROM core.instances i JOIN core.scans s USING (scan_uid)
WHERE i.accepted_at < %(before)s
  AND NOT EXISTS (
    SELECT FROM core.revision_instances r WHERE r.scan_uid = i.scan_uid AND r.instance_uid = i.instance_uid)
  AND NOT EXISTS (SELECT FROM core.assembly w WHERE w.scan_uid = i.scan_uid AND w.status = 'receiving')"""

STUCK = """SELECT w.scan_uid, w.revision, s.received_as FROM core.assembly w JOIN core.scans s USING (scan_uid)
WHERE w.status = %(status)s AND w.changed_at < %(before)s"""

UNSEEN = """SELECT received_as FROM core.treatments t WHERE accepted_at < %(before)s AND NOT EXISTS (
  SELECT FROM core.ledger g WHERE g.kind = 'treatment' AND g.id = t.treatment_id AND g.revision = t.revision)
UNION SELECT received_as FROM core.clinical c WHERE accepted_at < %(before)s AND NOT EXISTS (
  SELECT FROM core.ledger g WHERE g.kind = 'clinical' AND g.id = c.received_as AND g.revision = c.revision)
UNION SELECT coalesce(a.patient_id, s.received_as) FROM core.rejections j JOIN core.scans s USING (scan_uid)
  LEFT JOIN core.assignments a USING (scan_uid) WHERE j.at < %(before)s AND NOT EXISTS (SELECT FROM core.ledger g
    WHERE g.kind = 'rejection' AND g.id = j.scan_uid || '/' || j.revision AND g.revision = j.number)
UNION SELECT coalesce(e.patient_id, e.other_id) FROM core.identity_events e
  WHERE e.applied_at IS NULL AND e.accepted_at < %(before)s"""


def _behind(connection: Connection, before: dt.datetime) -> tuple[str, ...]:
    """Timelines that lack states of weights active since `before`; none while somebody replays."""
    free = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [REPLAY_LOCK]).fetchone()[0]
    return tuple(behind(connection, before, BEHIND_LIMIT)) if free else ()


def _finalise(connection: Connection, now: dt.datetime, final_after: dt.timedelta) -> None:
    """Provisional revisions become final by age; that is no content, so nothing is folded (PROTOCOL 4)."""
    connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", [IDENTITY_LOCK])
    rows = connection.execute(
        "SELECT scan_uid, revision FROM core.revisions WHERE final_at IS NULL AND accepted_at < %s LIMIT %s",
        [now - final_after, FINAL_LIMIT],
    ).fetchall()
    for scan_uid, revision in rows:
        write_later(connection, schema.revisions, {"scan_uid": scan_uid, "revision": revision}, {"final_at": now})

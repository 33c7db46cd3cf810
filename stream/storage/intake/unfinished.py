"""What was accepted and has come to no end yet, as the sweep finds it."""

import datetime as dt
from typing import NamedTuple

from psycopg.rows import args_row, scalar_row

from stream.storage.database import Connection
from stream.storage.intake.assembly import RevisionKey
from stream.storage.rows import only_row
from stream.vocabulary import Status


class UngatheredScan(NamedTuple):
    """A scan with instances that no revision has, and whom it was received for."""

    scan_uid: str
    received_as: str


class StuckRevision(NamedTuple):
    """A revision whose status has not changed for too long, and whom its scan was received for."""

    scan_uid: str
    revision: int
    received_as: str


UNGATHERED = """SELECT s.scan_uid, s.received_as FROM core.ungathered i JOIN core.scans s USING (scan_uid)
WHERE i.accepted_at < %(before)s
  AND NOT EXISTS (SELECT FROM core.assembly w WHERE w.scan_uid = i.scan_uid AND (w.status = 'receiving' OR
    w.status = 'set_aside' AND NOT EXISTS (
      SELECT FROM core.revisions r WHERE r.scan_uid = w.scan_uid AND r.revision = w.revision)))
GROUP BY s.scan_uid ORDER BY min(i.accepted_at) LIMIT %(limit)s"""


def ungathered_scans(connection: Connection, before: dt.datetime, limit: int) -> list[UngatheredScan]:
    """Scans with instances accepted `before` that no revision has and nobody waits for; the oldest first."""
    values = {"before": before, "limit": limit}
    return connection.cursor(row_factory=args_row(UngatheredScan)).execute(UNGATHERED, values).fetchall()


def stuck_revisions(connection: Connection, status: Status, before: dt.datetime, limit: int) -> list[StuckRevision]:
    """Revisions that have had this status since `before`, the longest waiting first."""
    query = """SELECT w.scan_uid, w.revision, s.received_as FROM core.assembly w JOIN core.scans s USING (scan_uid)
WHERE w.status = %(status)s AND w.changed_at < %(before)s ORDER BY w.changed_at LIMIT %(limit)s"""
    values = {"status": status, "before": before, "limit": limit}
    return connection.cursor(row_factory=args_row(StuckRevision)).execute(query, values).fetchall()


def unseen_patients(connection: Connection, before: dt.datetime, limit: int | None = None) -> list[str]:
    """Patients, as received, with facts accepted `before` that no fold has seen; at most `limit`, where given."""
    query = """SELECT received_as FROM core.treatments t WHERE accepted_at < %(before)s AND NOT EXISTS (
  SELECT FROM core.ledger g WHERE g.kind = 'treatment' AND g.id = t.treatment_id AND g.revision = t.revision)
UNION SELECT received_as FROM core.clinical c WHERE accepted_at < %(before)s AND NOT EXISTS (
  SELECT FROM core.ledger g WHERE g.kind = 'clinical' AND g.id = c.received_as AND g.revision = c.revision)
UNION SELECT coalesce(a.patient_id, s.received_as) FROM core.rejections j JOIN core.scans s USING (scan_uid)
  LEFT JOIN core.assignments a USING (scan_uid) WHERE j.at < %(before)s AND NOT EXISTS (SELECT FROM core.ledger g
    WHERE g.kind = 'rejection' AND g.id = j.scan_uid || '/' || j.revision AND g.revision = j.number)
UNION SELECT received_as FROM core.outcomes u WHERE accepted_at < %(before)s AND NOT EXISTS (
  SELECT FROM core.ledger g WHERE g.kind = 'outcome' AND g.id = u.outcome_id AND g.revision = u.revision)
UNION SELECT received_as FROM core.lesion_links l WHERE accepted_at < %(before)s AND NOT EXISTS (
  SELECT FROM core.ledger g WHERE g.kind = 'lesion' AND g.id = l.link_id AND g.revision = l.revision)
UNION SELECT coalesce(e.patient_id, e.other_id) FROM core.identity_events e
  WHERE e.applied_at IS NULL AND e.accepted_at < %(before)s LIMIT %(limit)s"""
    values = {"before": before, "limit": limit}
    return connection.cursor(row_factory=scalar_row).execute(query, values).fetchall()


def provisional_revisions(connection: Connection, before: dt.datetime, limit: int) -> list[RevisionKey]:
    """Revisions accepted `before` that are not final."""
    query = "SELECT scan_uid, revision FROM core.revisions WHERE final_at IS NULL AND accepted_at < %s LIMIT %s"
    return connection.cursor(row_factory=args_row(RevisionKey)).execute(query, [before, limit]).fetchall()


def is_link_seen(connection: Connection, link_id: str) -> bool:
    """Whether a fold has seen the newest revision of what a person said of a lesion."""
    query = """SELECT NOT EXISTS (SELECT FROM core.lesion_links l WHERE l.link_id = %(id)s AND NOT EXISTS (
  SELECT FROM core.ledger g WHERE g.kind = 'lesion' AND g.id = l.link_id AND g.revision = l.revision))"""
    return bool(only_row(connection.execute(query, {"id": link_id}))[0])


def is_treatment_seen(connection: Connection, treatment_id: str) -> bool:
    """Whether a fold has seen the newest revision of a treatment."""
    query = """SELECT NOT EXISTS (SELECT FROM core.treatments t WHERE t.treatment_id = %(id)s AND NOT EXISTS (
  SELECT FROM core.ledger g WHERE g.kind = 'treatment' AND g.id = t.treatment_id AND g.revision = t.revision))"""
    return bool(only_row(connection.execute(query, {"id": treatment_id}))[0])

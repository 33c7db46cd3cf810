"""Assembly: what was accepted of each scan, and how far each of its revisions is on its way."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from psycopg.rows import args_row, scalar_row

from stream.storage.database import Connection
from stream.storage.folding.timeline_queries import OWN
from stream.timeline.local_time import in_zone
from stream.vocabulary import Completeness

MODALITY = """ARRAY(
  SELECT DISTINCT i.modality FROM core.revision_instances ri JOIN core.instances i USING (instance_uid)
  WHERE ri.scan_uid = k.u AND ri.revision = k.r ORDER BY 1)"""
"""The modalities of a revision that is made: `u` and `r` of `k`, scan and revision."""


@dataclass(frozen=True)
class Instance:
    """What assembling needs to know of an instance; `expected_*` as its sender announced.

    `acquired_at` is in the zone that it was stated in.
    """

    instance_uid: str
    content_sha256: str
    kind: str
    acquired_at: dt.datetime
    referenced: tuple[str, ...]
    series_uid: str | None = None
    series_description: str | None = None
    expected_instances: int | None = None
    expected_series: int | None = None
    expected_in_series: int | None = None


class ScanArrival(NamedTuple):
    """How far a scan has arrived: its highest `revision` (0: none), and the associations that brought it.

    `dated`: when that revision was acquired, None where it is rejected.
    """

    scan_uid: str
    received_as: str
    revision: int
    last_received_at: dt.datetime
    open_associations: int
    last_closed_at: dt.datetime | None
    dated: dt.datetime | None


class Wait(NamedTuple):
    """A revision that is not made before `due_at`, and why it will count as complete then."""

    scan_uid: str
    revision: int
    due_at: dt.datetime
    completeness: Completeness


class RevisionKey(NamedTuple):
    """Names a revision of a scan."""

    scan_uid: str
    revision: int


def arrivals(connection: Connection, scan_uids: Sequence[str]) -> list[ScanArrival]:
    """How far each of these scans has arrived; without those that are not known."""
    query = """SELECT s.scan_uid, s.received_as,
  (SELECT coalesce(max(r.revision), 0) FROM core.revisions r WHERE r.scan_uid = s.scan_uid),
  (SELECT max(c.received_at) FROM core.receipts c WHERE c.scan_uid = s.scan_uid AND c.outcome = 'accepted'),
  (SELECT count(DISTINCT a.association_id) FROM core.receipts c JOIN core.associations a USING (association_id)
    WHERE c.scan_uid = s.scan_uid AND a.closed_at IS NULL),
  (SELECT max(a.closed_at) FROM core.receipts c JOIN core.associations a USING (association_id)
    WHERE c.scan_uid = s.scan_uid),
  (SELECT r.acquired_at FROM core.revisions r WHERE r.scan_uid = s.scan_uid
    AND r.revision = (SELECT max(n.revision) FROM core.revisions n WHERE n.scan_uid = s.scan_uid)
    AND NOT EXISTS (SELECT FROM core.standing_rejections j
      WHERE j.scan_uid = r.scan_uid AND j.revision >= r.revision))
FROM core.scans s WHERE s.scan_uid = ANY(%s)"""
    return connection.cursor(row_factory=args_row(ScanArrival)).execute(query, [list(scan_uids)]).fetchall()


def instances(connection: Connection, scan_uids: Sequence[str]) -> dict[str, tuple[Instance, ...]]:
    """scan_uid → everything accepted for it, in the order of the instances' names."""
    query = """SELECT scan_uid, referenced, instance_uid, content_sha256, kind, acquired_at, utc_offset_minutes,
  series_uid, series_description, expected_instances, expected_series, expected_in_series FROM core.instances
WHERE scan_uid = ANY(%s) ORDER BY instance_uid"""
    groups: dict[str, list[Instance]] = {}
    rows = connection.execute(query, [list(scan_uids)])
    for scan_uid, referenced, uid, content, kind, acquired_at, offset, *series in rows:
        instance = Instance(uid, content, kind, in_zone(acquired_at, offset), tuple(referenced), *series)
        groups.setdefault(scan_uid, []).append(instance)
    return {scan_uid: tuple(group) for scan_uid, group in groups.items()}


def revision_instances(connection: Connection, scan_uids: Sequence[str]) -> dict[str, dict[int, frozenset[str]]]:
    """scan_uid → revision → the instances that it was made of."""
    query = "SELECT scan_uid, revision, instance_uid FROM core.revision_instances WHERE scan_uid = ANY(%s)"
    groups: dict[str, dict[int, set[str]]] = {}
    for scan_uid, revision, uid in connection.execute(query, [list(scan_uids)]):
        groups.setdefault(scan_uid, {}).setdefault(revision, set()).add(uid)
    return {
        scan_uid: {revision: frozenset(uids) for revision, uids in revisions.items()}
        for scan_uid, revisions in groups.items()
    }


def note_gathered(connection: Connection, instance_uids: Iterable[str]) -> None:
    """These instances are in a revision now."""
    connection.execute("DELETE FROM core.ungathered WHERE instance_uid = ANY(%s)", [list(instance_uids)])


def overdue(connection: Connection, now: dt.datetime, limit: int) -> list[str]:
    """Scans whose waiting time is over, at most `limit`; what another worker has in hand is left to it."""
    query = """SELECT scan_uid FROM core.assembly WHERE status = 'receiving' AND due_at <= %s
        ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED"""
    return connection.cursor(row_factory=scalar_row).execute(query, [now, limit]).fetchall()


def write_waits(connection: Connection, waits: Iterable[Wait], now: dt.datetime) -> None:
    """Write how long scans wait for more, and why the next revision will count as complete then."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO core.assembly (scan_uid, revision, status, due_at, completeness, changed_at)
            VALUES (%s, %s, 'receiving', %s, %s, %s) ON CONFLICT (scan_uid, revision)
            DO UPDATE SET due_at = excluded.due_at, completeness = excluded.completeness""",
            [[*wait, now] for wait in waits],
        )


def start_measuring(
    connection: Connection, revisions: Iterable[tuple[RevisionKey, Completeness]], now: dt.datetime
) -> None:
    """These revisions, which are made now, wait to be measured; each with why it counts as complete."""
    with connection.cursor() as cursor:
        cursor.executemany(
            f"""INSERT INTO core.assembly (scan_uid, revision, status, completeness, changed_at, modality)
            SELECT k.u, k.r, 'measuring', %s, %s, {MODALITY} FROM (SELECT %s::text COLLATE "C" AS u, %s::int AS r) k
            ON CONFLICT (scan_uid, revision) DO UPDATE SET status = 'measuring', completeness = excluded.completeness,
              changed_at = excluded.changed_at, modality = excluded.modality""",
            [[why, now, *key] for key, why in revisions],
        )


def list_next_revision(connection: Connection, scan_uid: str, now: dt.datetime) -> int | None:
    """List the revision that would be made next, so that it can be set aside; its number, None for an unknown scan."""
    connection.execute("SELECT FROM core.scans WHERE scan_uid = %s FOR UPDATE", [scan_uid])
    query = """INSERT INTO core.assembly AS w (scan_uid, revision, status, completeness, changed_at)
        SELECT s.scan_uid, coalesce(max(r.revision), 0) + 1, 'receiving', 'quiet', %(now)s
        FROM core.scans s LEFT JOIN core.revisions r USING (scan_uid) WHERE s.scan_uid = %(id)s GROUP BY s.scan_uid
        ON CONFLICT (scan_uid, revision) DO UPDATE SET changed_at = excluded.changed_at RETURNING revision"""
    return connection.cursor(row_factory=scalar_row).execute(query, {"id": scan_uid, "now": now}).fetchone()


def set_killer_aside(connection: Connection, revision: RevisionKey, reason: str, now: dt.datetime) -> bool:
    """Set a revision aside that ended workers; False where it came to its end meanwhile and nothing was changed."""
    waited = connection.execute(
        """UPDATE core.assembly SET status = 'set_aside', reason_code = 'killed_worker', reason = %s, changed_at = %s
        WHERE scan_uid = %s AND revision = %s AND status IN ('receiving', 'measuring', 'waiting')""",
        [reason, now, *revision],
    ).rowcount
    return bool(waited)


def unmade_set_asides(connection: Connection, scan_uids: Sequence[str]) -> set[str]:
    """Those of `scan_uids` whose next revision is set aside before it was made."""
    if not scan_uids:
        return set()
    query = """SELECT w.scan_uid FROM core.assembly w WHERE w.status = 'set_aside' AND w.scan_uid = ANY(%s)
AND NOT EXISTS (SELECT FROM core.revisions r WHERE r.scan_uid = w.scan_uid AND r.revision = w.revision)"""
    return set(connection.cursor(row_factory=scalar_row).execute(query, [list(scan_uids)]))


def unseen_revisions(connection: Connection, patient_id: str) -> list[RevisionKey]:
    """Revisions that came to a timeline and that no fold has seen."""
    query = (
        OWN
        + """SELECT DISTINCT o.scan_uid, f.revision FROM own o JOIN core.features f USING (scan_uid)
JOIN core.assembly w ON w.scan_uid = f.scan_uid AND w.revision = f.revision AND w.status = 'waiting'"""
    )
    rows = connection.cursor(row_factory=args_row(RevisionKey)).execute(query, {"patients": [patient_id]})
    return rows.fetchall()


def take_up_again(connection: Connection, scan_uid: str | None, revision: int | None, now: dt.datetime) -> None:
    """A revision that was set aside is measured again, or made first where it was not made yet."""
    connection.execute(
        """UPDATE core.assembly w SET reason_code = NULL, reason = NULL, attempts = 0, due_at = %(now)s,
              changed_at = %(now)s, status = CASE WHEN EXISTS (SELECT FROM core.revisions r WHERE
                r.scan_uid = w.scan_uid AND r.revision = w.revision) THEN 'measuring' ELSE 'receiving' END
            WHERE scan_uid = %(scan)s AND revision = %(revision)s AND status = 'set_aside'""",
        {"now": now, "scan": scan_uid, "revision": revision},
    )

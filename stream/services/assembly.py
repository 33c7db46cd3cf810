"""When a scan is complete: instances gather in rows, and a revision is made when its evidence or its time has come.

INTERFACES 4: a scan whose only instance is an SR is complete at once; any other when the associations that touched it
have ended plus a wait, or after quiet time (both provisional).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stream import logs
from stream.crash import reach
from stream.digest import digest
from stream.storage import schema
from stream.storage.database import Connection
from stream.storage.facts import append


@dataclass(frozen=True)
class Rules:
    """How long to wait for more of a scan."""

    association_wait: dt.timedelta
    quiet: dt.timedelta


@dataclass(frozen=True)
class Instance:
    """What assembling needs to know of an instance."""

    instance_uid: str
    content_sha256: str
    kind: str
    acquired_at: dt.datetime
    referenced: tuple[str, ...]


@dataclass(frozen=True)
class Gathered:
    """A scan with everything accepted for it; `revision` and `made_of` are its newest revision's."""

    scan_uid: str
    received_as: str
    instances: tuple[Instance, ...]
    revision: int
    made_of: frozenset[str]
    last_received_at: dt.datetime
    open_associations: int
    last_closed_at: dt.datetime | None


@dataclass(frozen=True)
class Fired:
    """A revision that was made, to announce on the `scans` topic."""

    scan_uid: str
    revision: int
    received_as: str


def due(scan: Gathered, rules: Rules) -> tuple[dt.datetime, str] | None:
    """When the next revision of `scan` is complete, and why; None where nothing is new."""
    if not {instance.instance_uid for instance in scan.instances} - scan.made_of:
        return None
    if len(scan.instances) == 1 and scan.instances[0].kind == "sr":
        return scan.last_received_at, "single_sr"
    if scan.open_associations == 0 and scan.last_closed_at is not None:
        return max(scan.last_closed_at, scan.last_received_at) + rules.association_wait, "association_end"
    return scan.last_received_at + rules.quiet, "quiet"


def acquired_at(scan: Gathered, held: dict[str, dt.datetime]) -> dt.datetime:
    """The earliest over the scan's images; else over the images it refers to, if `held`; else the study's date."""
    images = [instance.acquired_at for instance in scan.instances if instance.kind == "image"]
    referenced = [held[uid] for instance in scan.instances for uid in instance.referenced if uid in held]
    return min(images or referenced or [instance.acquired_at for instance in scan.instances])


def gather(connection: Connection, scan_uids: Sequence[str], rules: Rules, now: dt.datetime) -> list[Fired]:
    """Bring the assembly of `scan_uids` into line with what was accepted; returns the revisions that were made."""
    with connection.transaction():
        scans = _read(connection, scan_uids)
        reach("assembly.locked")
        decided = [(scan, when) for scan in scans if (when := due(scan, rules))]
        _wait(connection, [(scan, *when) for scan, when in decided if when[0] > now], now)
        reach("assembly.waits_written")
        fired = _fire(connection, [(scan, when[1]) for scan, when in decided if when[0] <= now], now)
        if fired:
            reach("assembly.fired")
    if fired:
        reach("assembly.committed")
    for one in fired:
        logs.event("scan_complete", scan=one.scan_uid, revision=one.revision)
    return fired


def overdue(connection: Connection, now: dt.datetime, limit: int = 500) -> list[str]:
    """Scans whose waiting time is over; what another worker has in hand at the moment is left to it."""
    rows = connection.execute(
        """SELECT scan_uid FROM core.assembly WHERE status = 'receiving' AND due_at <= %s
        ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED""",
        [now, limit],
    ).fetchall()
    return [row[0] for row in rows]


SCANS = """SELECT s.scan_uid, s.received_as,
  (SELECT coalesce(max(r.revision), 0) FROM core.revisions r WHERE r.scan_uid = s.scan_uid),
  (SELECT max(c.received_at) FROM core.receipts c WHERE c.scan_uid = s.scan_uid AND c.outcome = 'accepted'),
  (SELECT count(DISTINCT a.association_id) FROM core.receipts c JOIN core.associations a USING (association_id)
    WHERE c.scan_uid = s.scan_uid AND a.closed_at IS NULL),
  (SELECT max(a.closed_at) FROM core.receipts c JOIN core.associations a USING (association_id)
    WHERE c.scan_uid = s.scan_uid)
FROM core.scans s WHERE s.scan_uid = ANY(%s)"""


def _read(connection: Connection, scan_uids: Sequence[str]) -> list[Gathered]:
    uids = list(set(scan_uids))
    # locked by a statement of its own: what a statement that waits has read before is out of date
    connection.execute("SELECT 1 FROM core.scans WHERE scan_uid = ANY(%s) ORDER BY scan_uid FOR UPDATE", [uids])
    scans = connection.execute(SCANS, [uids]).fetchall()
    instances: dict[str, list[Instance]] = {}
    for scan_uid, *row, referenced in connection.execute(
        """SELECT scan_uid, instance_uid, content_sha256, kind, acquired_at, referenced FROM core.instances
        WHERE scan_uid = ANY(%s) ORDER BY instance_uid""",
        [uids],
    ):
        instances.setdefault(scan_uid, []).append(Instance(*row, tuple(referenced)))
    made_of: dict[tuple[str, int], set[str]] = {}
    for scan_uid, revision, uid in connection.execute(
        "SELECT scan_uid, revision, instance_uid FROM core.revision_instances WHERE scan_uid = ANY(%s)", [uids]
    ):
        made_of.setdefault((scan_uid, revision), set()).add(uid)
    return [
        Gathered(uid, received_as, tuple(instances[uid]), revision, frozenset(made_of.get((uid, revision), ())), *rest)
        for uid, received_as, revision, *rest in scans
        if uid in instances
    ]


def _wait(connection: Connection, scans: Sequence[tuple[Gathered, dt.datetime, str]], now: dt.datetime) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO core.assembly (scan_uid, revision, status, due_at, completeness, changed_at)
            VALUES (%s, %s, 'receiving', %s, %s, %s) ON CONFLICT (scan_uid, revision)
            DO UPDATE SET due_at = excluded.due_at, completeness = excluded.completeness""",
            [[scan.scan_uid, scan.revision + 1, at, why, now] for scan, at, why in scans],
        )


def _fire(connection: Connection, scans: Sequence[tuple[Gathered, str]], now: dt.datetime) -> list[Fired]:
    if not scans:
        return []
    held = _held(connection, [uid for scan, _ in scans for one in scan.instances for uid in one.referenced])
    append(connection, schema.revisions, [_revision(scan, why, held, now) for scan, why in scans])
    reach("assembly.revision_written")
    append(connection, schema.revision_instances, [
        {"scan_uid": scan.scan_uid, "revision": scan.revision + 1, "instance_uid": instance.instance_uid}
        for scan, _ in scans for instance in scan.instances])  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO core.assembly (scan_uid, revision, status, completeness, changed_at)
            VALUES (%s, %s, 'measuring', %s, %s) ON CONFLICT (scan_uid, revision)
            DO UPDATE SET status = 'measuring', completeness = excluded.completeness,
              changed_at = excluded.changed_at""",
            [[scan.scan_uid, scan.revision + 1, why, now] for scan, why in scans],
        )
    return [Fired(scan.scan_uid, scan.revision + 1, scan.received_as) for scan, _ in scans]


def _revision(scan: Gathered, why: str, held: dict[str, dt.datetime], now: dt.datetime) -> dict[str, Any]:
    return {
        "scan_uid": scan.scan_uid, "revision": scan.revision + 1, "acquired_at": acquired_at(scan, held),
        "instances_sha256": digest(sorted(instance.content_sha256 for instance in scan.instances)).hex(),
        "completeness": why, "accepted_at": now, "final_at": now if why == "single_sr" else None,
    }  # fmt: skip


def _held(connection: Connection, uids: Sequence[str]) -> dict[str, dt.datetime]:
    rows = connection.execute(
        "SELECT instance_uid, acquired_at FROM core.instances WHERE kind = 'image' AND instance_uid = ANY(%s)",
        [list(set(uids))],
    ).fetchall()
    return dict(rows)

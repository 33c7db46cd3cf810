"""Assembling scans: instances gather in rows, and a revision is made when its evidence or its time has come.

What takes instances back is part of it: a revision that holds one that is withdrawn does not count, the next one is
made of the rest.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from stream import logs
from stream.crash import reach
from stream.services.accepting.set_asides import item_id, set_aside_row
from stream.services.assembling.apply_withdrawals import settle
from stream.services.assembling.completeness import (
    FINAL,
    Gathered,
    Instance,
    Rules,
    acquired_at,
    due,
    to_make,
)
from stream.services.assembling.withdrawals import in_force, named_scans, withdrawals
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.database import Connection
from stream.timeline.digest import digest


@dataclass(frozen=True)
class Fired:
    """A revision to announce: on `scans` where it was made, on `timepoints` where it was taken down or counts again."""

    scan_uid: str
    revision: int
    received_as: str
    topic: str = "scans"


def gather(connection: Connection, scan_uids: Sequence[str], rules: Rules, now: dt.datetime) -> list[Fired]:
    """Bring the assembly of `scan_uids`, and of scans that they take back from, into line with what was accepted.

    Returns the revisions that were made, taken down or let count again.
    """
    with connection.transaction():
        scans = _read(connection, named_scans(connection, scan_uids))
        reach("assembly.locked")
        decided = [(scan, when) for scan in scans if (when := due(scan, rules))]
        _wait(connection, [(scan, *when) for scan, when in decided if when[0] > now], now)
        reach("assembly.waits_written")
        made = _fire(connection, [(scan, when[1]) for scan, when in decided if when[0] <= now], now)
        newest = {**{scan.scan_uid: scan for scan in scans}, **{scan.scan_uid: scan for scan in made}}
        settled = settle(connection, list(newest.values()), now)
        _set_strangers_aside(connection, scans, now)
        if made:
            reach("assembly.fired")
    if made:
        reach("assembly.committed")
    fired = [
        Fired(scan.scan_uid, revision, scan.received_as)
        for before in scans
        for scan in [newest[before.scan_uid]]
        for revision in range(before.revision + 1, scan.revision + 1)
    ]
    for one in fired:
        logs.event("scan_complete", scan=one.scan_uid, revision=one.revision)
    told = {one.scan_uid for one in fired}
    return fired + [Fired(uid, newest[uid].revision, newest[uid].received_as, "timepoints")
                    for uid in settled if uid not in told]  # fmt: skip


def _set_strangers_aside(connection: Connection, scans: Sequence[Gathered], now: dt.datetime) -> None:
    """Notes that came before the instances of another patient which they name: without effect, for a person to see."""
    for note in sorted({one.note for scan in scans for one in scan.undone if not one.same_patient}):
        scan_uid, sha256, content = connection.execute(
            "SELECT scan_uid, sha256, content_sha256 FROM core.instances WHERE instance_uid = %s", [note]
        ).fetchone()
        reason = "It takes back instances of another patient, which has no effect on them."
        row = set_aside_row(item_id(content), "patient_conflict", reason, now, scan_uid=scan_uid, sha256=sha256)
        append(connection, schema.set_asides, [row])


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
    # locked by a statement of its own: what a statement that waits has read before is out of date
    connection.execute(
        "SELECT 1 FROM core.scans WHERE scan_uid = ANY(%s) ORDER BY scan_uid FOR UPDATE", [list(scan_uids)]
    )
    scans = connection.execute(SCANS, [list(scan_uids)]).fetchall()
    instances: dict[str, list[Instance]] = {}
    for scan_uid, referenced, *row in connection.execute(INSTANCES, [list(scan_uids)]):
        instances.setdefault(scan_uid, []).append(Instance(*row[:4], tuple(referenced), *row[4:]))
    made_of: dict[str, dict[int, set[str]]] = {}
    for scan_uid, revision, uid in connection.execute(
        "SELECT scan_uid, revision, instance_uid FROM core.revision_instances WHERE scan_uid = ANY(%s)",
        [list(scan_uids)],
    ):
        made_of.setdefault(scan_uid, {}).setdefault(revision, set()).add(uid)
    return _with_relations(connection, [
        Gathered(uid, received_as, tuple(instances[uid]), revision,
                 {number: frozenset(uids) for number, uids in made_of.get(uid, {}).items()}, *rest)
        for uid, received_as, revision, *rest in scans
        if uid in instances
    ])  # fmt: skip


INSTANCES = """SELECT scan_uid, referenced, instance_uid, content_sha256, kind, acquired_at, series_uid,
  series_description, expected_instances, expected_series, expected_in_series FROM core.instances
WHERE scan_uid = ANY(%s) ORDER BY instance_uid"""


def _with_relations(connection: Connection, scans: Sequence[Gathered]) -> list[Gathered]:
    """`scans` with what their instances have to do with others: what takes them back, what they refer to elsewhere."""
    uids = [{one.instance_uid for one in scan.instances} for scan in scans]
    found = withdrawals(connection, sorted(set().union(*uids)))
    force = in_force(found)
    lacking = {uid for scan, own in zip(scans, uids, strict=True) for one in scan.instances
               if one.kind != "image" for uid in one.referenced if uid not in own}  # fmt: skip
    held = connection.execute("SELECT instance_uid FROM core.instances WHERE instance_uid = ANY(%s)", [list(lacking)])
    elsewhere = frozenset(row[0] for row in held) if lacking else frozenset()
    standing = {(one.note, one.takes) for one in force}
    return [
        replace(
            scan, elsewhere=elsewhere - own, withdrawn={one.takes: one for one in reversed(force) if one.takes in own},
            undone=tuple(one for one in found if one.takes in own and (one.note, one.takes) not in standing),
        )
        for scan, own in zip(scans, uids, strict=True)
    ]  # fmt: skip


def _wait(connection: Connection, scans: Sequence[tuple[Gathered, dt.datetime, str]], now: dt.datetime) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO core.assembly (scan_uid, revision, status, due_at, completeness, changed_at)
            VALUES (%s, %s, 'receiving', %s, %s, %s) ON CONFLICT (scan_uid, revision)
            DO UPDATE SET due_at = excluded.due_at, completeness = excluded.completeness""",
            [[scan.scan_uid, scan.revision + 1, at, why, now] for scan, at, why in scans],
        )


def _fire(connection: Connection, scans: Sequence[tuple[Gathered, str]], now: dt.datetime) -> list[Gathered]:
    """Make the revisions that `scans` need; returns the scans as they are then."""
    if not scans:
        return []
    held = _held(connection, [uid for scan, _ in scans for one in scan.instances for uid in one.referenced])
    made = [(scan, scan.revision + number, instances, why) for scan, why in scans
            for number, instances in enumerate(to_make(scan), start=1)]  # fmt: skip
    append(connection, schema.revisions, [_revision(*one, held, now) for one in made])
    reach("assembly.revision_written")
    append(connection, schema.revision_instances, [
        {"scan_uid": scan.scan_uid, "revision": revision, "instance_uid": instance.instance_uid}
        for scan, revision, instances, _ in made for instance in instances])  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO core.assembly (scan_uid, revision, status, completeness, changed_at)
            VALUES (%s, %s, 'measuring', %s, %s) ON CONFLICT (scan_uid, revision)
            DO UPDATE SET status = 'measuring', completeness = excluded.completeness,
              changed_at = excluded.changed_at""",
            [[scan.scan_uid, revision, why, now] for scan, revision, _, why in made],
        )
    after = {scan.scan_uid: scan for scan, _ in scans}
    for scan, revision, instances, _ in made:
        uids = frozenset(one.instance_uid for one in instances)
        before = after[scan.scan_uid]
        after[scan.scan_uid] = replace(before, revision=revision, made_of={**before.made_of, revision: uids})
    return list(after.values())


def _revision(
    scan: Gathered, revision: int, instances: Sequence[Instance], why: str, held: dict[str, dt.datetime],
    now: dt.datetime,
) -> dict[str, Any]:  # fmt: skip
    return {
        "scan_uid": scan.scan_uid, "revision": revision, "acquired_at": acquired_at(instances, held),
        "instances_sha256": digest(sorted(instance.content_sha256 for instance in instances)).hex(),
        "completeness": why, "accepted_at": now, "final_at": now if why in FINAL else None,
    }  # fmt: skip


def _held(connection: Connection, uids: Sequence[str]) -> dict[str, dt.datetime]:
    rows = connection.execute(
        "SELECT instance_uid, acquired_at FROM core.instances WHERE kind = 'image' AND instance_uid = ANY(%s)",
        [list(set(uids))],
    ).fetchall()
    return dict(rows)

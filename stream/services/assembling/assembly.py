"""Assembling scans: instances gather in rows, and a revision is made when its evidence or its time has come.

What takes instances back is part of it: a revision that holds one that is withdrawn does not count, the next one is
made of the rest.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from stream import logs
from stream.crash import reach
from stream.services.accepting.set_asides import item_id, set_aside_row
from stream.services.assembling.apply_withdrawals import apply_withdrawals
from stream.services.assembling.completeness import (
    FINAL,
    DueTime,
    GatheredScan,
    Rules,
    due,
    next_revisions,
)
from stream.services.assembling.gathering import gathered
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.database import Connection
from stream.storage.intake import assembly, instances
from stream.storage.intake.assembly import Instance, RevisionKey, Wait
from stream.storage.intake.withdrawals import named_scans
from stream.timeline.digest import digest
from stream.timeline.local_time import offset_minutes
from stream.vocabulary import Completeness, ReasonCode

OVERDUE_LIMIT = 500
"""Scans gathered in one pass, those that are due longest first: the next pass takes the others."""


@dataclass(frozen=True)
class RevisionBell:
    """A revision to announce: on `scans` where it was made, on `timepoints` where it was taken down or counts again."""

    scan_uid: str
    revision: int
    received_as: str
    topic: str = "scans"


class _NewRevision(NamedTuple):
    """A revision to make of a scan: of what, and why it counts as complete."""

    scan: GatheredScan
    revision: int
    instances: tuple[Instance, ...]
    why: Completeness

    @property
    def key(self) -> RevisionKey:
        return RevisionKey(self.scan.scan_uid, self.revision)


def gather(connection: Connection, scan_uids: Sequence[str], rules: Rules, now: dt.datetime) -> list[RevisionBell]:
    """Bring the assembly of `scan_uids`, and of scans that they take back from, into line with what was accepted.

    So are scans that refer to their images, which give them their day. Returns the revisions that were made, taken down
    or let count again.
    """
    with connection.transaction():
        affected = instances.referring_scans(connection, named_scans(connection, scan_uids))
        # locked by a statement of its own: what a statement that waits has read before is out of date
        instances.lock_scans(connection, affected)
        scans = gathered(connection, affected)
        reach("assembly.locked")
        due_times = [(scan, when) for scan in scans if (when := due(scan, rules))]
        _wait(connection, [(scan, when) for scan, when in due_times if when.at > now], now)
        reach("assembly.waits_written")
        made = _make_revisions(connection, [(scan, when.why) for scan, when in due_times if when.at <= now], now)
        newest = {scan.scan_uid: scan for scan in (*scans, *made)}
        changed = apply_withdrawals(connection, list(newest.values()), now)
        _set_strangers_aside(connection, scans, now)
        if made:
            reach("assembly.fired")
    if made:
        reach("assembly.committed")
    return _bells(scans, newest, changed)


def overdue(connection: Connection, now: dt.datetime) -> list[str]:
    """Scans whose waiting time is over; what another worker has in hand at the moment is left to it."""
    return assembly.overdue(connection, now, OVERDUE_LIMIT)


def _bells(
    scans: Sequence[GatheredScan], newest: Mapping[str, GatheredScan], changed: Sequence[str]
) -> list[RevisionBell]:
    """Of the revisions that were made since `scans` were read, and of scans that `changed` without a new revision."""
    made = [
        RevisionBell(before.scan_uid, revision, before.received_as)
        for before in scans
        for revision in range(before.revision + 1, newest[before.scan_uid].revision + 1)
    ]
    for bell in made:
        logs.event("scan_complete", scan=bell.scan_uid, revision=bell.revision)
    announced = {bell.scan_uid for bell in made}
    return made + [
        RevisionBell(uid, newest[uid].revision, newest[uid].received_as, "timepoints")
        for uid in changed
        if uid not in announced
    ]


def _set_strangers_aside(connection: Connection, scans: Sequence[GatheredScan], now: dt.datetime) -> None:
    """Notes that came before the instances of another patient which they name: without effect, for a person to see."""
    reason = "It takes back instances of another patient, which has no effect on them."
    strangers = [withdrawal for scan in scans for withdrawal in scan.undone if not withdrawal.same_patient]
    for note in sorted({withdrawal.note for withdrawal in strangers}):
        file = instances.instance_file(connection, note)
        item = item_id(file.content_sha256)
        row = set_aside_row(item, ReasonCode.PATIENT_CONFLICT, reason, now, scan_uid=file.scan_uid, sha256=file.sha256)
        append(connection, schema.set_asides, [row])


def _wait(connection: Connection, due_times: Sequence[tuple[GatheredScan, DueTime]], now: dt.datetime) -> None:
    waits = [Wait(scan.scan_uid, scan.revision + 1, when.at, when.why) for scan, when in due_times]
    assembly.write_waits(connection, waits, now)


def _make_revisions(
    connection: Connection, scans: Sequence[tuple[GatheredScan, Completeness]], now: dt.datetime
) -> list[GatheredScan]:
    """Make the revisions that `scans` need; returns the scans as they are then."""
    if not scans:
        return []
    new = [
        _NewRevision(scan, scan.revision + number, content, why)
        for scan, why in scans
        for number, content in enumerate(next_revisions(scan), start=1)
    ]
    append(connection, schema.revisions, [_revision_row(each, now) for each in new])
    reach("assembly.revision_written")
    rows = [row for each in new for row in _instance_rows(each)]
    append(connection, schema.revision_instances, rows)
    assembly.note_gathered(connection, {row["instance_uid"] for row in rows})
    assembly.start_measuring(connection, [(each.key, each.why) for each in new], now)
    return _with_revisions([scan for scan, _ in scans], new)


def _with_revisions(scans: Sequence[GatheredScan], new: Sequence[_NewRevision]) -> list[GatheredScan]:
    """`scans` with the revisions that were made of them."""
    after = {scan.scan_uid: scan for scan in scans}
    for scan, revision, content, _ in new:
        before = after[scan.scan_uid]
        made_of = {**before.made_of, revision: frozenset(instance.instance_uid for instance in content)}
        after[scan.scan_uid] = replace(before, revision=revision, made_of=made_of)
    return list(after.values())


def _revision_row(new: _NewRevision, now: dt.datetime) -> dict[str, Any]:
    at, apart = new.scan.time_of(new.instances)
    if apart:
        logs.event("images_of_another_day", scan=new.scan.scan_uid, revision=new.revision, instances=list(apart))
    return {
        **new.key._asdict(),
        "acquired_at": at,
        "utc_offset_minutes": offset_minutes(at),
        "dated_apart": list(apart) or None,
        "instances_sha256": digest(sorted(instance.content_sha256 for instance in new.instances)).hex(),
        "completeness": new.why,
        "accepted_at": now,
        "final_at": now if new.why in FINAL else None,
    }


def _instance_rows(new: _NewRevision) -> list[dict[str, Any]]:
    return [{**new.key._asdict(), "instance_uid": instance.instance_uid} for instance in new.instances]

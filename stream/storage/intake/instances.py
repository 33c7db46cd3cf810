"""Accepted instances and the scans that they belong to: whose they are, and what stands under an identifier."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import NamedTuple

from psycopg.rows import args_row, scalar_row

from stream.storage.database import Connection
from stream.storage.patients.naming import own_patient
from stream.timeline.local_time import in_zone


class InstanceFile(NamedTuple):
    """The file of an instance, by the sha256 of its bytes and of its content, and the scan it belongs to."""

    scan_uid: str
    sha256: str
    content_sha256: str


def lock_scans(connection: Connection, scan_uids: Sequence[str]) -> None:
    """Nobody else gathers these scans, or accepts instances of them, until this transaction ends."""
    connection.execute(
        "SELECT 1 FROM core.scans WHERE scan_uid = ANY(%s) ORDER BY scan_uid FOR UPDATE", [list(scan_uids)]
    )


def lock_received_as(connection: Connection, scan_uids: Sequence[str]) -> dict[str, str]:
    """scan_uid → the patient it was received for; locks the scans as `lock_scans` does."""
    query = "SELECT scan_uid, received_as FROM core.scans WHERE scan_uid = ANY(%s) ORDER BY scan_uid FOR UPDATE"
    return dict(connection.execute(query, [list(scan_uids)]).fetchall()) if scan_uids else {}


def received_as(connection: Connection, scan_uids: Sequence[str]) -> dict[str, str]:
    """scan_uid → the patient it was received for; without the scans that are not known."""
    query = "SELECT scan_uid, received_as FROM core.scans WHERE scan_uid = ANY(%s)"
    return dict(connection.execute(query, [list(scan_uids)]).fetchall())


def contents(connection: Connection, instance_uids: Sequence[str]) -> dict[str, str]:
    """instance_uid → sha256 of the content that stands under it."""
    query = "SELECT instance_uid, content_sha256 FROM core.instances WHERE instance_uid = ANY(%s)"
    return dict(connection.execute(query, [list(instance_uids)]).fetchall()) if instance_uids else {}


def owners(connection: Connection, instance_uids: Sequence[str]) -> dict[str, set[str]]:
    """instance_uid → the patients it was received for, belongs to by its files, and belongs to now, by timeline."""
    if not instance_uids:
        return {}
    rows = connection.execute(
        f"""SELECT i.instance_uid, core.root(s.received_as), core.root({own_patient("s")}),
          core.root(coalesce(a.patient_id, s.received_as))
        FROM core.instances i JOIN core.scans s USING (scan_uid) LEFT JOIN core.assignments a USING (scan_uid)
        WHERE i.instance_uid = ANY(%s)""",
        [list(instance_uids)],
    )
    return {uid: set(patients) for uid, *patients in rows}


def instance_file(connection: Connection, instance_uid: str) -> InstanceFile:
    """The file of an instance that was accepted; raises LookupError where none was."""
    query = "SELECT scan_uid, sha256, content_sha256 FROM core.instances WHERE instance_uid = %s"
    row = connection.cursor(row_factory=args_row(InstanceFile)).execute(query, [instance_uid]).fetchone()
    if row is None:
        raise LookupError(f"there is no instance {instance_uid}")
    return row


def existing(connection: Connection, instance_uids: Collection[str]) -> frozenset[str]:
    """Those of `instance_uids` that were accepted."""
    if not instance_uids:
        return frozenset()
    query = "SELECT instance_uid FROM core.instances WHERE instance_uid = ANY(%s)"
    return frozenset(connection.cursor(row_factory=scalar_row).execute(query, [list(instance_uids)]))


def image_dates(connection: Connection, instance_uids: Collection[str]) -> dict[str, dt.datetime]:
    """instance_uid → when it was acquired, of those that are images and were accepted; in the zone it was stated in."""
    if not instance_uids:
        return {}
    query = """SELECT instance_uid, acquired_at, utc_offset_minutes FROM core.instances
WHERE kind = 'image' AND instance_uid = ANY(%s)"""
    return {uid: in_zone(at, offset) for uid, at, offset in connection.execute(query, [list(instance_uids)])}


def scans(connection: Connection) -> list[str]:
    """All scans that an instance was accepted for."""
    query = (
        "SELECT scan_uid FROM core.scans s WHERE EXISTS (SELECT FROM core.instances i WHERE i.scan_uid = s.scan_uid)"
    )
    return connection.cursor(row_factory=scalar_row).execute(query).fetchall()


def of_busy_patients(connection: Connection, scan_uids: Sequence[str], since: dt.datetime) -> set[str]:
    """Those of `scan_uids` for whose patient something was accepted after `since`."""
    query = """SELECT s.scan_uid FROM core.scans s WHERE s.scan_uid = ANY(%s) AND EXISTS (
  SELECT FROM core.scans o JOIN core.instances i USING (scan_uid)
  WHERE o.received_as = s.received_as AND i.accepted_at > %s)"""
    return set(connection.cursor(row_factory=scalar_row).execute(query, [list(scan_uids), since]))


def referring_scans(connection: Connection, scan_uids: Sequence[str]) -> list[str]:
    """`scan_uids`, and the scans with reports, segmentations or notes that refer to images of theirs."""
    referring = connection.cursor(row_factory=scalar_row).execute(REFERRING, [list(scan_uids)])
    return sorted({*scan_uids, *referring})


# one look into the index per image: asked as a whole, Postgres may rather read all instances there are
REFERRING = """SELECT DISTINCT n.scan_uid FROM core.instances i CROSS JOIN LATERAL (
  SELECT scan_uid FROM core.instances
  WHERE kind <> 'image' AND referenced @> ARRAY[i.instance_uid COLLATE "default"] OFFSET 0) n
WHERE i.scan_uid = ANY(%s) AND i.kind = 'image'"""


def corrections(connection: Connection, instance_uid: str) -> list[str]:
    """Instances that took the place of this one, each with other content under the same SOP Instance UID."""
    query = "SELECT instance_uid FROM core.instances WHERE withdraws @> ARRAY[%s] AND withdraws_because = 'corrected'"
    return connection.cursor(row_factory=scalar_row).execute(query, [instance_uid]).fetchall()


def latest_sha256(connection: Connection, limit: int) -> list[str]:
    """sha256 of the files accepted last, the newest first, `limit` at most."""
    query = "SELECT sha256 FROM core.instances ORDER BY accepted_at DESC LIMIT %s"
    return connection.cursor(row_factory=scalar_row).execute(query, [limit]).fetchall()

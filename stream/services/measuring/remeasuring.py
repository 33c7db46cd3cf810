"""Measuring again from the archive: what a corrected reader sees otherwise becomes a new revision, the rest stays."""

import datetime as dt
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from stream.errors import SetAside
from stream.services.measuring.measurement import (
    Complete,
    Measure,
    Measured,
    attempt,
    features_of,
    measurement_rows,
    waiting,
)
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.database import Connection

Rows = list[dict[str, Any]]
SEEN = ("lesion_uid", "lesion_label", "body_site", "measurement", "value", "unit", "source")


@dataclass(frozen=True)
class Outcome:
    """What became of one scan: `what` is same, changed or failed; `says` more of it in words."""

    scan_uid: str
    revision: int
    what: str
    says: str | None = None


def standing(connection: Connection, patient_id: str | None) -> list[tuple[str, int]]:
    """Revisions that stand, of one timeline or all, and were made of files: imported visits have none."""
    return connection.execute(
        """SELECT p.id, p.revision FROM core.placements p
        WHERE p.kind = 'scan' AND p.ended_by IS NULL AND (%(patient)s::text IS NULL OR p.patient_id = %(patient)s)
          AND EXISTS (SELECT FROM core.revision_instances i WHERE i.scan_uid = p.id AND i.revision = p.revision)
        ORDER BY p.patient_id, p.at, p.id""",
        {"patient": patient_id},
    ).fetchall()


def remeasure(
    connection: Connection, revisions: Sequence[tuple[str, int]], read: Measure, lacks: Callable[[str], bool],
    assume_disease: str, readers: Executor,
) -> list[Outcome]:  # fmt: skip
    """Measure standing `revisions` again; `lacks` tells whether a file (by sha256) is missing from the archive."""
    scans = waiting(connection, revisions, "applied")
    results = list(readers.map(lambda scan: _attempt(scan, read, lacks), scans))
    return [_outcome(connection, scan, found, assume_disease) for scan, found in zip(scans, results, strict=True)]


def _attempt(scan: Complete, read: Measure, lacks: Callable[[str], bool]) -> Measured | str:
    """What was found, or in words why nothing was."""
    if missing := [sha256 for sha256 in scan.files if lacks(sha256)]:
        return f"missing from the archive: {', '.join(missing)}"
    found = attempt(read, scan)
    return f"{found.reason_code}: {found.reason}" if isinstance(found, SetAside) else found


def _outcome(connection: Connection, scan: Complete, found: Measured | str, assume_disease: str) -> Outcome:
    if isinstance(found, str):
        return Outcome(scan.scan_uid, scan.revision, "failed", found)
    features = features_of(scan, found, assume_disease)
    rows = measurement_rows(scan.scan_uid, scan.revision, found)
    seen = sorted(row["sha256"] for row in features), [tuple(row[name] for name in SEEN) for row in rows]
    if _stored(connection, scan) == seen:
        return Outcome(scan.scan_uid, scan.revision, "same")
    if not _supersede(connection, scan, features, rows):
        return Outcome(scan.scan_uid, scan.revision, "failed", "a newer revision is on its way or set aside")
    return Outcome(scan.scan_uid, scan.revision, "changed", f"revision {scan.revision + 1} has the new values")


def _stored(connection: Connection, scan: Complete) -> tuple[list[str], list[tuple]]:
    """What was found when it was measured: hashes of the features, and the measured values."""
    key, where = [scan.scan_uid, scan.revision], "WHERE scan_uid = %s AND revision = %s"
    features = connection.execute(f"SELECT sha256 FROM core.features {where}", key).fetchall()
    query = f"SELECT {', '.join(SEEN)} FROM core.measurements {where} ORDER BY number"
    return sorted(sha256 for (sha256,) in features), connection.execute(query, key).fetchall()


def _supersede(connection: Connection, scan: Complete, features: Rows, rows: Rows) -> bool:
    """The same instances as the next revision, with the new values; False where a newer one exists already."""
    now, number = dt.datetime.now(dt.UTC), scan.revision + 1
    with connection.transaction():
        connection.execute("SELECT FROM core.scans WHERE scan_uid = %s FOR UPDATE", [scan.scan_uid])
        *same, final_at, highest = connection.execute(
            """SELECT acquired_at, instances_sha256, completeness, final_at,
              (SELECT max(revision) FROM core.revisions WHERE scan_uid = r.scan_uid)
            FROM core.revisions r WHERE scan_uid = %s AND revision = %s""",
            [scan.scan_uid, scan.revision],
        ).fetchone()
        if highest != scan.revision:
            return False
        key = {"scan_uid": scan.scan_uid, "revision": number}
        kept = dict(zip(("acquired_at", "instances_sha256", "completeness"), same, strict=True))
        append(connection, schema.revisions, [{**key, **kept, "accepted_at": now, "final_at": final_at and now}])
        uids = connection.execute(
            "SELECT instance_uid FROM core.revision_instances WHERE scan_uid = %s AND revision = %s",
            [scan.scan_uid, scan.revision],
        ).fetchall()
        append(connection, schema.revision_instances, [{**key, "instance_uid": uid} for (uid,) in uids])
        append(connection, schema.measurements, [{**row, "revision": number} for row in rows])
        append(connection, schema.features, [{**row, "revision": number} for row in features])
        connection.execute(
            """INSERT INTO core.assembly (scan_uid, revision, status, completeness, changed_at)
            VALUES (%s, %s, 'waiting', %s, %s) ON CONFLICT (scan_uid, revision)
            DO UPDATE SET status = 'waiting', completeness = excluded.completeness, changed_at = excluded.changed_at""",
            [scan.scan_uid, number, kept["completeness"], now],
        )
    return True

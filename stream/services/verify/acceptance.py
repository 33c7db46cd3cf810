"""What senders were told: files kept (I1), every instance on its way or at its end (I2)."""

import datetime as dt
import hashlib
from collections.abc import Callable
from pathlib import Path

from stream.services.verify.finding import Finding
from stream.services.verify.invariants import Invariant
from stream.storage import schema
from stream.storage.database import Connection
from stream.storage.table_scan import ALL, each, each_row

WITHIN = dt.timedelta(minutes=5)
"""T of I2: assembly's quiet time and the sweep's patience, several times over."""


def files(connection: Connection, path_of: Callable[[str], Path], percent: float = ALL) -> Finding:
    """I1: every success answer has a file with that sha256."""
    finding = Finding.of(Invariant.FILES_KEPT)
    for row in each_row(connection, schema.receipts, percent):
        path = path_of(row["sha256"])
        lost = f"{path} is not what was received: restore it, or have it sent again"
        finding.check(_has(path, row["sha256"]), f"receipts receipt_id={row['receipt_id']}: {lost}")
    return finding


def ends(connection: Connection, now: dt.datetime) -> Finding:
    """I2: every accepted instance is, within T, set aside or in a revision with a terminal status.

    Until a revision has it, it is in `ungathered`, where the sweep looks for it.
    """
    finding = Finding.of(Invariant.ENDS_IN_TIME)
    rows = each(
        connection,
        """SELECT i.instance_uid, i.accepted_at > %(since)s OR EXISTS (
          SELECT FROM core.revision_instances ri JOIN core.assembly w USING (scan_uid, revision)
          WHERE ri.scan_uid = i.scan_uid AND ri.instance_uid = i.instance_uid AND w.status IN ('applied', 'set_aside')
          AND (w.status = 'applied') = EXISTS (SELECT FROM core.ledger g WHERE g.kind = 'scan' AND g.id = w.scan_uid
            AND g.revision = w.revision))
        OR EXISTS (SELECT FROM core.assembly u WHERE u.scan_uid = i.scan_uid AND u.status = 'set_aside' AND NOT EXISTS (
          SELECT FROM core.revisions r WHERE r.scan_uid = u.scan_uid AND r.revision = u.revision)) AS ends,
        EXISTS (SELECT FROM core.ungathered n WHERE n.instance_uid = i.instance_uid) <> EXISTS (
          SELECT FROM core.revision_instances ri
          WHERE ri.scan_uid = i.scan_uid AND ri.instance_uid = i.instance_uid) AS is_listed
        FROM core.instances i""",
        {"since": now - WITHIN},
    )
    for row in rows:
        where = "instances" if row["is_listed"] else "ungathered"
        finding.check(row["ends"] and row["is_listed"], f"{where} instance_uid={row['instance_uid']}")
    return finding


def _has(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False

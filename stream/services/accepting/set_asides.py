"""Items that were kept but not processed: their names and rows, whoever sets them aside."""

import datetime as dt
import hashlib
from typing import Any

from stream.storage.database import Connection


def item_id(*parts: object) -> str:
    """Names a set-aside item: the same file or revision set aside again is the same item."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:16]


def revision_item(connection: Connection, scan_uid: str, revision: int) -> str:
    """Names the item of a scan revision; one that was released and fails again is an item of its own."""
    query = "SELECT count(*) FROM core.set_asides WHERE scan_uid = %s AND revision = %s AND decision IS NOT NULL"
    (decided,) = connection.execute(query, [scan_uid, revision]).fetchone()
    return item_id(scan_uid, revision, *([decided] if decided else []))


def set_aside_row(
    item: str, reason_code: str, reason: str, at: dt.datetime, *,
    scan_uid: str | None = None, revision: int | None = None, sha256: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A row of `set_asides` that nobody has decided on yet; `sha256` is of the file or message, where it is one."""
    return {
        "item_id": item, "scan_uid": scan_uid, "revision": revision, "sha256": sha256, "reason_code": reason_code,
        "reason": reason, "set_aside_at": at, "decision": None, "decided_by": None, "decided_at": None,
    }  # fmt: skip

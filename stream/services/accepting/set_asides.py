"""Items that were kept but not processed: their names and rows, whoever sets them aside."""

import datetime as dt
import hashlib
from typing import Any

from stream.storage.database import Connection
from stream.storage.intake.set_asides import count_decided


def item_id(*parts: object) -> str:
    """Names a set-aside item: the same file or revision set aside again is the same item."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:16]


def revision_item(connection: Connection, scan_uid: str, revision: int) -> str:
    """Names the item of a scan revision; one that was released and fails again is an item of its own."""
    decided = count_decided(connection, scan_uid, revision)
    return item_id(scan_uid, revision, *([decided] if decided else []))


def set_aside_row(
    item: str,
    reason_code: str,
    reason: str,
    at: dt.datetime,
    *,
    scan_uid: str | None = None,
    revision: int | None = None,
    sha256: str | None = None,
) -> dict[str, Any]:
    """A row of `set_asides` that nobody has decided on yet; `sha256` is of the file or message, where it is one."""
    undecided = {"decision": None, "decided_by": None, "decided_at": None}
    about = {"scan_uid": scan_uid, "revision": revision, "sha256": sha256}
    return {"item_id": item, **about, "reason_code": reason_code, "reason": reason, "set_aside_at": at, **undecided}

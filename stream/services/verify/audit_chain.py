"""The log of what people did and were shown: every row's digest covers the row and the one before.

See docs/protocol.md 6.
"""

from stream.services.verify.finding import Finding
from stream.services.verify.invariants import Invariant
from stream.storage.audit import audit_digest, has_link
from stream.storage.database import Connection
from stream.storage.table_scan import each


def audit_log(connection: Connection, seen: tuple[int, bytes] | None = None) -> Finding:
    """Every row of the audit log, in order, chained to the one before; `seen` (number, digest) was the last once."""
    finding = Finding.of(Invariant.AUDIT_CHAIN)
    before = b""
    for row in each(connection, "SELECT * FROM core.audit ORDER BY seq", {}):
        finding.check(row["digest"] == audit_digest(before, row), f"audit seq={row['seq']}")
        before = row["digest"]
    if seen:
        finding.check(has_link(connection, *seen), f"audit seq={seen[0]} was seen at the end and is gone or another")
    return finding

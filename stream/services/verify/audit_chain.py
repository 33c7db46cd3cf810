"""The log of what people did and were shown: every row's digest covers the row and the one before.

See docs/protocol.md 6.
"""

from stream.services.verify.finding import Finding
from stream.services.verify.invariants import Invariant
from stream.storage.audit import audit_digest
from stream.storage.database import Connection
from stream.storage.table_scan import each


def audit_log(connection: Connection) -> Finding:
    """Every row of the audit log, in order, chained to the one before."""
    finding = Finding.of(Invariant.AUDIT_CHAIN)
    before = b""
    for row in each(connection, "SELECT * FROM core.audit ORDER BY seq", {}):
        finding.check(row["digest"] == audit_digest(before, row), f"audit seq={row['seq']}")
        before = row["digest"]
    return finding

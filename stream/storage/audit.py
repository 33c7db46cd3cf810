"""The log of what people and other systems did: append-only, every row chained to the one before.

See docs/protocol.md 6.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from stream.crash import reach
from stream.storage import schema
from stream.storage.database import Connection
from stream.storage.locks import lock_audit
from stream.storage.rows import only_row
from stream.timeline.digest import digest


def audit_digest(before: bytes, row: Mapping[str, Any]) -> bytes:
    """Digest (32 bytes) of an audit row; `before` is the digest of the row before, empty for the first."""
    return digest(before, *(row[column.name] for column in schema.audit.columns if column.name != "digest"))


def record(
    connection: Connection, who: str, what: str, subject: str | None, why: str | None, at: dt.datetime | None = None
) -> None:
    """Log in this transaction that `who` did `what` to `subject`, and `why`; `at`: now unless given."""
    lock_audit(connection)
    (before,) = connection.execute("SELECT digest FROM core.audit ORDER BY seq DESC LIMIT 1").fetchone() or (b"",)
    (seq,) = only_row(connection.execute("SELECT nextval(pg_get_serial_sequence('core.audit', 'seq'))"))
    row = {
        "seq": seq,
        "at": at or dt.datetime.now(dt.UTC),
        "who": who,
        "what": what,
        "subject": subject,
        "why": why,
        "snapshot": None,
    }
    connection.execute(
        """INSERT INTO core.audit (seq, at, who, what, subject, why, snapshot, digest) OVERRIDING SYSTEM VALUE
        VALUES (%(seq)s, %(at)s, %(who)s, %(what)s, %(subject)s, %(why)s, %(snapshot)s, %(digest)s)""",
        {**row, "digest": audit_digest(before, row)},
    )
    reach("audit.written")


def last_link(connection: Connection) -> tuple[int, bytes] | None:
    """Number and digest of the last row; None where there is none."""
    return connection.execute("SELECT seq, digest FROM core.audit ORDER BY seq DESC LIMIT 1").fetchone()


def has_link(connection: Connection, seq: int, digest: bytes) -> bool:
    """Whether this row stands in the log."""
    row = connection.execute("SELECT 1 FROM core.audit WHERE seq = %s AND digest = %s", [seq, digest]).fetchone()
    return row is not None

"""What `scanstream verify` found last, kept for those who ask whether the store is sound."""

import datetime as dt
from collections.abc import Sequence

from psycopg.types.json import Json

from stream.storage.database import Connection


def note_verify(connection: Connection, at: dt.datetime, percent: float, failed: Sequence[str]) -> None:
    """Note when it ran, how many percent it looked at, and which invariants did not hold."""
    told = {"at": at.isoformat(), "percent": percent, "failed": list(failed)}
    query = """INSERT INTO core.service VALUES ('last_verify', %s::json::text)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value"""
    connection.execute(query, [Json(told)])

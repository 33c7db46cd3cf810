"""Files of the database that Postgres itself finds damaged: which relation it is, and what to do."""

import re
import time

import psycopg

Damaged = (psycopg.errors.DataCorrupted, psycopg.errors.IndexCorrupted)
"""What the driver raises where a page cannot be read or is not what its checksum says."""

_FILE = re.compile(r'"base/\d+/(\d+)')
_RELATION = "SELECT oid::regclass::text, relkind = 'i' FROM pg_class WHERE pg_relation_filenode(oid) = %s"


LOOK_SECONDS = 10.0
"""Spent on looking for damage where somebody waits; `scanstream verify` reads all there is."""
_TABLES = """SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'core'::regnamespace
ORDER BY pg_relation_size(oid)"""


def damage_found(connection: psycopg.Connection) -> str | None:
    """What is damaged of the tables that can be read in LOOK_SECONDS, the smallest first; None: nothing was found."""
    until = time.monotonic() + LOOK_SECONDS
    for (table,) in connection.execute(_TABLES).fetchall():
        left_ms = round(1000 * (until - time.monotonic()))
        try:
            with connection.transaction():
                connection.execute(f"SET LOCAL statement_timeout = {max(left_ms, 1)}")
                connection.execute("SET LOCAL enable_indexonlyscan = off")  # the pages of the table itself
                connection.execute(f"SELECT count(*) FROM {table}")
        except psycopg.errors.QueryCanceled:
            return None
        except Damaged as error:
            return what_is_damaged(connection, error)
    return None


def what_is_damaged(connection: psycopg.Connection, error: psycopg.Error) -> str:
    """One sentence for a person, with Postgres' own words; `connection` is usable, and not in a transaction."""
    said = (error.diag.message_primary or "a relation is damaged").strip()
    file = _FILE.search(said)
    row = connection.execute(_RELATION, [int(file[1])]).fetchone() if file else None
    if row is None:
        return f"The database is damaged ({said}): stop the service and restore Postgres from your backup."
    name, is_index = row
    if is_index:
        return f"The index {name} is damaged ({said}): make it anew with REINDEX INDEX {name}, then verify again."
    return f"The table {name} is damaged ({said}): stop the service and restore Postgres from your backup."

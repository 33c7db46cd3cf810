"""Files of the database that Postgres itself finds damaged: which relation it is, and what to do."""

import re

import psycopg

Damaged = (psycopg.errors.DataCorrupted, psycopg.errors.IndexCorrupted)
"""What the driver raises where a page cannot be read or is not what its checksum says."""

_FILE = re.compile(r'"base/\d+/(\d+)')
_RELATION = "SELECT oid::regclass::text, relkind = 'i' FROM pg_class WHERE pg_relation_filenode(oid) = %s"


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

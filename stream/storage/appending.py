"""Appending facts: rows get their hash here and are never changed, but for columns that are written once later."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Json

from stream.storage.hashing import later_columns, later_sha256, row_sha256

Row = Mapping[str, Any]


def append(connection: psycopg.Connection, table: sa.Table, rows: Iterable[Row]) -> int:
    """Insert `rows` (all with the same columns), each with its hash; a row whose key exists stays as it is.

    Returns how many were new.
    """
    complete = [_with_hash(table, row) for row in rows]
    if not complete:
        return 0
    names, texts = list(complete[0]), _json_columns(table)
    command = sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT DO NOTHING").format(
        qualified(table),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join(sql.Placeholder() * len(names)),
    )
    with connection.cursor() as cursor:
        cursor.executemany(command, [[_adapted(row[name], name in texts) for name in names] for row in complete])
        return cursor.rowcount


def write_later(connection: psycopg.Connection, table: sa.Table, key: Row, values: Row) -> bool:
    """Write the columns of one row that are written once; False where the row is missing or was written before."""
    where = sql.SQL(" AND ").join(sql.SQL("{} = {}").format(sql.Identifier(name), value) for name, value in key.items())
    query = sql.SQL("SELECT * FROM {} WHERE {} AND later_sha256 IS NULL FOR UPDATE").format(qualified(table), where)
    row = connection.cursor(row_factory=dict_row).execute(query).fetchone()
    if row is None:
        return False
    new = {**values, "later_sha256": later_sha256(table, {**row, **values})}
    pairs = sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(name), value) for name, value in new.items())
    connection.execute(sql.SQL("UPDATE {} SET {} WHERE {}").format(qualified(table), pairs, where))
    return True


def qualified(table: sa.Table) -> sql.Identifier:
    """The table's name with its schema, for a statement."""
    return sql.Identifier(*(part for part in (table.schema, table.name) if part))


def _with_hash(table: sa.Table, row: Row) -> dict[str, Any]:
    if "row_sha256" not in table.columns:
        return dict(row)
    hashed = {**row, "row_sha256": row_sha256(table, row)}
    if later := later_columns(table):
        written = any(hashed.get(name) is not None for name in later)
        hashed["later_sha256"] = later_sha256(table, hashed) if written else None
    return hashed


@cache
def _json_columns(table: sa.Table) -> frozenset[str]:
    """Columns that hold JSON, where a list is no array."""
    return frozenset(column.name for column in table.columns if isinstance(column.type, sa.JSON))


def _adapted(value: Any, as_json: bool) -> Any:
    return Json(value) if as_json and value is not None else value

"""Wrong values for any column of any table, and how they are written past what would refuse them."""

import datetime as dt
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql
from psycopg.rows import dict_row

from stream.storage import schema
from stream.storage.appending import qualified
from stream.storage.database import Connection
from stream.storage.schema.base import Xid8
from tests.services.accepted_facts import day


@contextmanager
def planted(world: Connection) -> Iterator[None]:
    """Whatever is changed inside is undone."""
    with world.transaction(force_rollback=True):
        yield


def planting(world: Connection, table: sa.Table, row: dict[str, Any], values: dict[str, Any]) -> bool:
    """Write `values` over those of `row`; False where the table itself refuses."""
    pairs = sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(k), sql.Placeholder()) for k in values)
    command = sql.SQL("UPDATE {} SET {} WHERE ctid = %s").format(qualified(table), pairs)
    world.execute("SET LOCAL session_replication_role = replica")  # past the trigger of the audit log
    try:
        with world.transaction():
            world.execute(command, [*values.values(), row["ctid"]])
    except (psycopg.IntegrityError, psycopg.errors.GeneratedAlways):
        return False
    return True


def rows_of(world: Connection, table: sa.Table, column: str) -> list[dict[str, Any]]:
    """Rows that have a value in `column`, the first and the last of them, and one that has none."""
    query = "SELECT *, ctid FROM {} WHERE {} IS {} NULL ORDER BY ctid {} LIMIT 1"
    found = []
    for null, order in (("NOT", "ASC"), ("NOT", "DESC"), ("", "ASC")):
        parts = (qualified(table), sql.Identifier(column), sql.SQL(null), sql.SQL(order))
        found += world.cursor(row_factory=dict_row).execute(sql.SQL(query).format(*parts)).fetchall()
    return found


def wrong_values(world: Connection, table: sa.Table, column: sa.Column) -> Iterator[tuple[dict[str, Any], Any]]:
    """Rows, each with what its column is not: another value, and none where there is one."""
    for row in rows_of(world, table, column.name):
        yield row, other_than(column.type, row[column.name])
        emptied = column is schema.states.c.state and row["superseded_by"] is not None
        if column.nullable and row[column.name] is not None and not emptied:
            yield row, None


def holding(text: str, kind: sa.types.TypeEngine) -> Any:
    """A value of a type of text that has `text` in it."""
    if isinstance(kind, sa.JSON):
        return json.dumps({"note": [{"said": f"of {text}."}]})
    return [f"of {text}."] if isinstance(kind, sa.ARRAY) else f"of {text}."


def other_than(kind: sa.types.TypeEngine, value: Any) -> Any:
    """A value of the type that it does not have."""
    if isinstance(kind, Xid8):
        return str(int(value or 0) + 1)
    if isinstance(kind, sa.Boolean):
        return not value
    if isinstance(kind, sa.Float):
        return math.nextafter(value or 0.0, 0.0 if value and value > 0 else 1.0)
    if isinstance(kind, sa.Integer):
        return (value or 0) + 1
    if isinstance(kind, sa.DateTime):
        return (value or day(0)) + dt.timedelta(microseconds=1)
    if isinstance(kind, sa.Date):
        return (value or day(0).date()) + dt.timedelta(days=1)
    if isinstance(kind, sa.LargeBinary):
        return bytes([*(value or b"")[:-1], ((value or b"\0")[-1] + 1) % 256])
    if isinstance(kind, sa.ARRAY):
        if not value or value[-1] is None:
            return [*(value or ()), None]
        return [*value[:-1], other_than(kind if isinstance(value[-1], list) else kind.item_type, value[-1])]
    if isinstance(kind, sa.JSON):
        return json.dumps({**value, "planted": 1} if isinstance(value, dict) else [*(value or ()), "planted"])
    return f"{value or ''}x"

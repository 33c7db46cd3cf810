"""A wrong value planted in any column of any table of the protocol is named by `verify`."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql
from psycopg.rows import dict_row

from models.measurement import Measurement
from stream.services import assembly, measurement
from stream.services.clinical import Outcome, accept_outcomes
from stream.services.forwarding import accept as receive
from stream.services.reconcile import Reconciler
from stream.services.verify.chains import audit_digest
from stream.storage import schema
from stream.storage.database import Connection
from stream.storage.facts import append, qualified, write_later
from stream.storage.hashing import later_sha256, row_sha256
from tests.database import Database
from tests.services.facts import accept, assert_sound, breast, day, drug, findings, fold_each, forecasters, lung
from tests.services.receipts import described, received

WORK = {"assembly", "associations", "receipts", "service", "patients", "vault_scans"}
"""Work in progress and the vault: neither facts nor derived."""
HASHES = {"row_sha256", "later_sha256"}
TABLES = [t for t in schema.metadata.sorted_tables if t.schema == schema.SCHEMA and t.name not in WORK]
COLUMNS = [(table.name, column.name) for table in TABLES for column in table.columns if column.name not in HASHES]


@pytest.fixture(scope="module")
def world(upgraded: Database) -> Iterator[Connection]:
    """A row in every table of the protocol, standing and superseded ones, all of it sound."""
    connection = upgraded.connect()
    _received_scan(connection)
    fold_each(connection, [
        lung("PA", "a", 0, 20.0), lung("PA", "c", 80, 30.0), drug("PA", "drug", 10, 30), lung("PA", "b", 40, 25.0),
        ("PA", {"age": 60}), breast("PB", "x", 0, 9.0, 21.0), drug("PB", "drug", 3), breast("PB", "x", 0, 8.0, 21.0),
        drug("PB", "drug", 3, withdrawn=True),
    ])  # fmt: skip
    owner = upgraded.connect("migrator")
    with owner.transaction():
        _rows_of_later_issues(owner)
    Reconciler(connection, forecasters()).patients(["PA", "PB", "PM"])
    assert_sound(owner)
    yield owner
    upgraded.empty()


@contextmanager
def planted(world: Connection) -> Iterator[None]:
    """Whatever is changed inside is undone."""
    with world.transaction(force_rollback=True):
        yield


def named(world: Connection, table: str) -> bool:
    """Whether any check names `table`."""
    return any(table in failure for one in findings(world) for failure in one.first)


def test_the_sound_world_has_a_row_in_every_table(world: Connection) -> None:
    for table in TABLES:
        assert world.execute(sql.SQL("SELECT count(*) > 0 FROM {}").format(qualified(table))).fetchone()[0], table.name


@pytest.mark.parametrize(("table_name", "column"), COLUMNS, ids=lambda value: value)
def test_a_wrong_value_in_any_column_is_named(world: Connection, table_name: str, column: str) -> None:
    table = schema.metadata.tables[f"core.{table_name}"]
    tried = 0
    for row, wrong in wrong_values(world, table, table.columns[column]):
        with planted(world):
            world.execute("SET LOCAL session_replication_role = replica")
            command = sql.SQL("UPDATE {} SET {} = %s WHERE ctid = %s").format(qualified(table), sql.Identifier(column))
            try:
                with world.transaction():
                    world.execute(command, [wrong, row["ctid"]])
            except psycopg.IntegrityError:
                continue  # refused by the table itself
            tried += 1
            assert named(world, table_name), f"{table_name}.{column}: {row[column]!r} became {wrong!r}"
    assert tried


def wrong_values(world: Connection, table: sa.Table, column: sa.Column) -> Iterator[tuple[dict[str, Any], Any]]:
    """For a row with a value and a row without one, each with what it is not."""
    query = sql.SQL("SELECT *, ctid FROM {} WHERE {} IS {} NULL ORDER BY ctid DESC LIMIT 1")
    cursor = world.cursor(row_factory=dict_row)
    for null in ("NOT", ""):
        parts = (qualified(table), sql.Identifier(column.name), sql.SQL(null))
        for row in cursor.execute(query.format(*parts)).fetchall():
            yield row, other_than(column, row[column.name])
            if column.nullable and row[column.name] is not None and not _may_be_emptied(table, column, row):
                yield row, None


def other_than(column: sa.Column, value: Any) -> Any:
    """A value of the column's type that it does not have."""
    kind = column.type
    if isinstance(kind, schema.Xid8):
        return str(int(value or 0) + 1)
    if isinstance(kind, sa.Boolean):
        return not value
    if isinstance(kind, sa.Integer | sa.Float):
        return (value or 0) + 1 if not isinstance(kind, sa.Float) or value is None or value > 1 else value / 2
    if isinstance(kind, sa.DateTime):
        return (value or day(0)) + dt.timedelta(microseconds=1)
    if isinstance(kind, sa.LargeBinary):
        return bytes([*(value or b"")[:-1], ((value or b"\0")[-1] + 1) % 256])
    if isinstance(kind, sa.ARRAY):
        return [*value, None]
    if isinstance(kind, sa.JSON):
        return json.dumps({**value, "planted": 1})
    return f"{value or ''}x"

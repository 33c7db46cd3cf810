"""Rows on their way: by COPY into session temp tables before any lock, then whole statements move them.

See docs/protocol.md 2.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.dialects import postgresql

from stream.storage import arrays, schema
from stream.storage.appending import qualified
from stream.storage.folding import forecasts
from stream.storage.folding.course_rows import COURSE, ROW_KEYS
from stream.storage.hashing import later_columns

FORECASTS = tuple(forecasts.TABLES.values())
WRITTEN = (schema.ledger, schema.placements, schema.states, *FORECASTS, *COURSE)
ENDED = {schema.placements: "ended_by", **dict.fromkeys((schema.states, *FORECASTS, *COURSE), "superseded_by")}
KEYS = {
    schema.placements: ("fold_id", "kind", "id"),
    schema.states: ("fold_id", "weights_version", "scan_uid"),
    **dict.fromkeys(FORECASTS, forecasts.KEY),
    **ROW_KEYS,
}
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy does not annotate it
_POSTGRES_TYPES = {
    "TEXT": "text",
    'TEXT COLLATE "C"': "text",
    "BIGINT": "int8",
    "INTEGER": "int4",
    "BYTEA": "bytea",
    "BOOLEAN": "bool",
    "DOUBLE PRECISION": "float8",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
}
Rows = Iterable[Sequence[Any]]
_ARRAY = str.maketrans("[]", "{}")  # of JSON, as Postgres writes them


def prepare(connection: psycopg.Connection) -> None:
    """Make the temp tables of this session, once per connection."""
    arrays.register(connection)
    for table in WRITTEN:
        connection.execute(
            sql.SQL(
                "CREATE TEMP TABLE IF NOT EXISTS {} ON COMMIT DELETE ROWS AS SELECT {} FROM {} WITH NO DATA"
            ).format(temp(table), _listed(travelling(table)), qualified(table))
        )
    for table in ENDED:
        connection.execute(
            sql.SQL(
                "CREATE TEMP TABLE IF NOT EXISTS {} ON COMMIT DELETE ROWS AS "
                "SELECT {}, fold_id AS by, text '' AS because, later_sha256 FROM {} WITH NO DATA"
            ).format(temp_ended(table), _listed(KEYS[table]), qualified(table))
        )


def send_rows(connection: psycopg.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]], locked: bool) -> None:
    """Send rows to be written into the temp table of `table`; `locked`: locks are held already."""
    names = travelling(table)
    send = _insert if locked else _copy
    send(connection, temp(table), names, types_of(table, names), map(itemgetter(*names), rows))


def send_ended(
    connection: psycopg.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]], locked: bool
) -> None:
    """Send the keys of rows that end, with `by` (fold), `because` and `later_sha256`; `locked` as above."""
    names = (*KEYS[table], "by", "because", "later_sha256")
    types = [*types_of(table, KEYS[table]), "int8", "text", "bytea"]
    send = _insert if locked else _copy
    send(connection, temp_ended(table), names, types, map(itemgetter(*names), rows))


@cache
def travelling(table: sa.Table) -> tuple[str, ...]:
    """Columns known before the lock: all but times, the transaction and what is written later.

    A forecast may end with the fold that writes it.
    """
    known = {"row_sha256", "state", "tip"}
    if table in FORECASTS:
        known |= {"later_sha256", *later_columns(table)}
    return tuple(c.name for c in table.columns if c.info.get("hash") in (None, "added") or c.name in known)


def temp(table: sa.Table) -> sql.Identifier:
    """The temp table for new rows of `table`."""
    return sql.Identifier(f"new_{table.name}")


def temp_ended(table: sa.Table) -> sql.Identifier:
    """The temp table for rows of `table` that end."""
    return sql.Identifier(f"end_{table.name}")


@cache
def types_of(table: sa.Table, names: tuple[str, ...]) -> list[str]:
    """Names of the columns' types, as Postgres and psycopg know them."""
    return [_type(table.columns[name].type) for name in names]


def _type(kind: sa.types.TypeEngine[Any]) -> str:
    if isinstance(kind, sa.ARRAY):
        return f"{_type(kind.item_type)}[]"
    return _POSTGRES_TYPES[kind.compile(dialect=_DIALECT)]


def _insert(
    connection: psycopg.Connection, target: sql.Identifier, names: Sequence[str], types: Sequence[str], rows: Rows
) -> None:
    """One whole statement: a worker stopped inside a COPY would hold its locks past every timeout (docs/protocol.md 2).

    A value that is an array travels as text, exact to the bit: unnest would take it apart to its last element.
    """
    values = [_texts(kind, of) for kind, of in zip(types, zip(*rows, strict=True), strict=False)]
    if values:
        sent = sql.SQL(", ").join(
            sql.SQL("%b::{}[]").format(sql.SQL("text" if _is_array(kind) else kind)) for kind in types
        )
        casts = sql.SQL(", ").join(
            sql.SQL("{}::{}").format(sql.Identifier(name), sql.SQL(kind))
            for name, kind in zip(names, types, strict=True)
        )
        command = sql.SQL("INSERT INTO {target} ({names}) SELECT {casts} FROM unnest({sent}) sent ({names})")
        connection.execute(
            command.format(target=target, names=_listed(names), casts=casts, sent=sent), values, binary=True
        )


def _is_array(kind: str) -> bool:
    return kind.endswith("[]")


def _texts(kind: str, values: Sequence[Any]) -> list[Any]:
    return [json.dumps(value).translate(_ARRAY) for value in values] if _is_array(kind) else list(values)


def _copy(
    connection: psycopg.Connection, target: sql.Identifier, names: Sequence[str], types: Sequence[str], rows: Rows
) -> None:
    command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(target, _listed(names))
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _listed(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))

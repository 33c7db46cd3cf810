"""Reading whole tables in bounded memory, for checks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from stream.storage.appending import qualified
from stream.storage.database import Connection
from stream.storage.schema.base import Xid8

CHUNK = 2000
ALL = 100.0
_NO_TEXT = (sa.Integer, sa.Float, sa.DateTime, sa.Date, sa.Boolean, sa.LargeBinary, Xid8)
"""Numbers, times, truth values and bytes hold no text."""


def each_row(connection: Connection, table: sa.Table, percent: float = ALL) -> Iterator[dict[str, Any]]:
    """Every row of `table`, or a random `percent` of them, fetched in chunks by a cursor of the server."""
    return each(connection, sql.SQL("SELECT * FROM {}").format(sampled(table, percent)), {})


def each_text(
    connection: Connection, table: sa.Table, percent: float = ALL, with_numbers: bool = False
) -> Iterator[str]:
    """Every text in `table`, or in a random `percent` of its rows: values of text, and what lists and JSON hold.

    `with_numbers`: whole numbers in JSON too.
    """
    names = [sql.Identifier("t", column.name) for column in table.columns if _can_hold_text(column.type)]
    query = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(names), sampled(table, percent))
    values = (value for row in each(connection, query, {}) for value in row.values())
    return (str(one) for value in values for one in leaves(value) if isinstance(one, str) or with_numbers)


def _can_hold_text(kind: sa.types.TypeEngine[Any]) -> bool:
    """Whatever is not known to be something else: a new type of column cannot be forgotten."""
    return not isinstance(kind.item_type if isinstance(kind, sa.ARRAY) else kind, _NO_TEXT)


def leaves(value: Any) -> Iterator[str | int]:
    """The texts and whole numbers in `value`; of JSON the keys too."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif isinstance(value, str | int):
        yield value


def sampled(table: sa.Table, percent: float) -> sql.Composed:
    """`table` as `t` in a FROM clause: whole, or a random `percent` of its rows."""
    chance = sql.SQL("") if percent >= ALL else sql.SQL(" TABLESAMPLE BERNOULLI ({})").format(sql.Literal(percent))
    return sql.SQL("{} t{}").format(qualified(table), chance)


@contextmanager
def one_snapshot(connection: Connection) -> Iterator[None]:
    """Everything read inside is of one moment, whatever is committed meanwhile; in a transaction it is that one's."""
    outermost = connection.info.transaction_status == TransactionStatus.IDLE
    with connection.transaction():
        if outermost:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def each(connection: Connection, query: str | sql.Composed, values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every row a query gives, fetched in chunks by a cursor of the server."""
    with connection.transaction(), connection.cursor("each", row_factory=dict_row) as cursor:
        cursor.itersize = CHUNK
        cursor.execute(query, values)
        yield from cursor

"""Reading whole tables in bounded memory, for checks."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from psycopg import sql
from psycopg.rows import dict_row

from stream.storage.database import Connection
from stream.storage.facts import qualified

CHUNK = 2000


def each_row(connection: Connection, table: sa.Table, where: str = "true", **values: Any) -> Iterator[dict[str, Any]]:
    """Every row of `table`, fetched in chunks by a cursor of the server."""
    query = sql.SQL("SELECT * FROM {} WHERE " + where).format(qualified(table))
    return each(connection, query, values)


def each(connection: Connection, query: str | sql.Composable, values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every row a query gives, fetched in chunks by a cursor of the server."""
    with connection.transaction(), connection.cursor("each", row_factory=dict_row) as cursor:
        cursor.itersize = CHUNK
        cursor.execute(query, values)
        yield from cursor

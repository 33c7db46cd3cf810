"""Questions that are asked past SQLAlchemy: many in one round trip, and those that are to be planned each time.

On a busy machine each wait costs more than its answer; a plan for any values costs far more than one for those given.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import psycopg
import sqlalchemy as sa

from stream.storage.database import OtherSchema, Outage

TogetherOutage = (*Outage, *OtherSchema)
"""What both raise while Postgres is away or frozen, or of another version."""


class Rows(NamedTuple):
    """The answer to one question."""

    names: Sequence[str]
    rows: Sequence[tuple[Any, ...]]


def ask_together(
    connection: sa.Connection, queries: Mapping[str, str], values: Mapping[str, object]
) -> dict[str, Rows]:
    """The answers by the names of the `queries`, all with the same `values`, in the transaction of `connection`."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    with driver.pipeline():
        cursors = {name: driver.execute(query, values) for name, query in queries.items()}
        return {name: _rows(cursor) for name, cursor in cursors.items()}


def ask_planned(connection: sa.Connection, query: str, values: Mapping[str, object]) -> Rows:
    """The answer of a query over everybody, by a plan for these `values`.

    The driver has Postgres keep the plan of what is asked often, for any values: where a filter may be null that is a
    plan for few rows, and with many it takes up to a hundred times as long.
    """
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return _rows(driver.execute(query, values, prepare=False))


def _rows(cursor: psycopg.Cursor[Any]) -> Rows:
    rows = cursor.fetchall()  # what the columns are is known once they are there
    return Rows([column.name for column in cursor.description or ()], rows)

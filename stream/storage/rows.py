"""Rows of queries that always give one."""

from typing import TypeVar

import psycopg

RowType = TypeVar("RowType")


def only_row(cursor: psycopg.Cursor[RowType]) -> RowType:
    """The row that the query gave; LookupError where it gave none."""
    row = cursor.fetchone()
    if row is None:
        raise LookupError("the query gave no row")
    return row

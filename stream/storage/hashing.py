"""The hashes of rows (docs/protocol.md 6): one rule for writing and for verifying, driven by the table definitions."""

from collections.abc import Callable, Mapping
from functools import cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from stream.timeline.digest import digest


@cache
def hashed_columns(table: sa.Table) -> tuple[str, ...]:
    """Columns that never change, in the order they are hashed."""
    return tuple(column.name for column in table.columns if "hash" not in column.info)


@cache
def later_columns(table: sa.Table) -> tuple[str, ...]:
    """Columns that are written once, after the row."""
    return tuple(column.name for column in table.columns if column.info.get("hash") == "later")


@cache
def added_columns(table: sa.Table) -> tuple[str, ...]:
    """Columns that a later version of the table brought; they never change either."""
    return tuple(column.name for column in table.columns if column.info.get("hash") == "added")


@cache
def _values(table: sa.Table) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Takes what is hashed from a row, in order, by one call; every hashed table has two such columns at least."""
    return itemgetter(*hashed_columns(table))


def row_sha256(table: sa.Table, row: Mapping[str, Any]) -> bytes:
    """Hash (32 bytes) of the columns that never change; `row` holds at least these, of the added ones those it has."""
    added = [[name, row[name]] for name in added_columns(table) if row.get(name) is not None]
    return digest(table.name, *_values(table)(row), *added)


def later_sha256(table: sa.Table, row: Mapping[str, Any]) -> bytes:
    """Hash (32 bytes) of `row_sha256` and the columns written later; `row` holds at least these."""
    return digest(row["row_sha256"], *(row[name] for name in later_columns(table)))

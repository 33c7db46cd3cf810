"""Hashes: every row's columns against its own hash, and the values that were hashed apart (docs/protocol.md 6)."""

import hashlib
from collections.abc import Mapping
from typing import Any

from models.features import names_of
from stream.services.measuring.measurement import content_sha256
from stream.services.verify.finding import Finding
from stream.services.verify.invariants import Invariant
from stream.storage import schema
from stream.storage.database import Connection
from stream.storage.hashing import later_columns, later_sha256, row_sha256
from stream.storage.table_scan import ALL, each_row

Row = Mapping[str, Any]


def row_hashes(connection: Connection, percent: float = ALL) -> Finding:
    """Every row of every hashed table says what it said when it was written."""
    finding = Finding.of(Invariant.ROW_HASHES)
    for table in schema.metadata.sorted_tables:
        if "row_sha256" in table.columns:
            check_table(finding, connection, table, percent)
    return finding


def check_table(finding: Finding, connection: Connection, table: schema.Table, percent: float = ALL) -> None:
    """The same of one hashed table, told to `finding`."""
    for row in each_row(connection, table, percent):
        finding.check(row["row_sha256"] == row_sha256(table, row), f"{table.name} {_key(table, row)}")
        _check_later(finding, table, row)
        _check_parts(finding, table, row)


def _check_later(finding: Finding, table: schema.Table, row: Row) -> None:
    if not later_columns(table):
        return
    written = any(row[name] is not None for name in later_columns(table))
    expected = later_sha256(table, row) if written else None
    finding.check(row["later_sha256"] == expected, f"{table.name} {_key(table, row)} in what was written later")


def _check_parts(finding: Finding, table: schema.Table, row: Row) -> None:
    if table is schema.states and row["state"] is not None:
        same = hashlib.sha256(row["state"]).digest() == row["state_sha256"]
        finding.check(same, f"states {_key(table, row)}: state does not have state_sha256")
    if table is schema.features and names_of(row["feature_version"]):
        same = content_sha256(row["feature_version"], row["disease"], row["x"]) == row["sha256"]
        finding.check(same, f"features {_key(table, row)}: x does not have sha256")


def _key(table: schema.Table, row: Row) -> str:
    names = [column.name for column in table.primary_key] or ["fold_id", "scan_uid", "weights_version"]
    return " ".join(f"{name}={row[name]}" for name in names)

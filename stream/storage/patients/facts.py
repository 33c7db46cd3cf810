"""Facts that come in revisions: a changed one is appended as the next revision, the same one again changes nothing."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from stream.storage.appending import append
from stream.storage.database import Connection
from stream.storage.locks import lock_fact


def standing_clinical(connection: Connection, received_as: str) -> Mapping[str, Any]:
    """The clinical facts that stand of a patient as received; nobody else adds to them until this transaction ends."""
    lock_fact(connection, f"clinical/{received_as}")
    query = "SELECT facts FROM core.clinical WHERE received_as = %s ORDER BY revision DESC LIMIT 1"
    highest = connection.execute(query, [received_as]).fetchone()
    return highest[0] if highest else {}


def append_if_changed(
    connection: Connection,
    table: sa.Table,
    key: Mapping[str, str],
    row: Mapping[str, Any],
    values: Mapping[str, Any],
) -> int | None:
    """Append `row` as the next revision of `key` (one column) unless the highest one has the same `values`.

    Returns the new revision, None where nothing changed.
    """
    (name, value), columns = next(iter(key.items())), list(values)
    lock_fact(connection, f"{table.name}/{value}")
    query = f"SELECT revision, {', '.join(columns)} FROM core.{table.name} WHERE {name} = %s ORDER BY 1 DESC LIMIT 1"
    highest = connection.execute(query, [value]).fetchone()
    if highest and list(highest[1:]) == [values[column] for column in columns]:
        return None
    revision: int = highest[0] + 1 if highest else 1
    append(connection, table, [{**key, "revision": revision, **row}])
    return revision


def standing_treatment(connection: Connection, treatment_id: str) -> int | None:
    """The highest revision of a treatment that stands; None where it never came or was withdrawn."""
    query = "SELECT revision, withdrawn FROM core.treatments WHERE treatment_id = %s ORDER BY revision DESC LIMIT 1"
    row = connection.execute(query, [treatment_id]).fetchone()
    return None if row is None or row[1] else row[0]

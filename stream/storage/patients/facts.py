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


def link_stands(connection: Connection, link_id: str) -> bool:
    """Whether what a person said of a lesion was said and not taken back."""
    query = "SELECT withdrawn FROM core.lesion_links WHERE link_id = %s ORDER BY revision DESC LIMIT 1"
    row = connection.execute(query, [link_id]).fetchone()
    return row is not None and not row[0]


def scan_of_both(connection: Connection, patient_id: str, lesion_uid: str, other_uid: str) -> str | None:
    """A standing scan of the patient's timeline that speaks of two lesions; None where there is none.

    Of lesions followed under several names, any of them.
    """
    query = """WITH followed AS (
  SELECT l.lesion_id, array_agg(DISTINCT l.lesion_uid) AS names FROM scanstream.lesion l
  WHERE l.patient_id = core.root(%(patient)s) AND l.superseded_at IS NULL GROUP BY l.lesion_id),
one AS (SELECT names FROM followed WHERE %(one)s = ANY(names)),
other AS (SELECT names FROM followed WHERE %(other)s = ANY(names))
SELECT f.scan_uid FROM one, other, core.placements p
JOIN core.findings f ON f.scan_uid = p.id AND f.revision = p.revision
WHERE p.patient_id = core.root(%(patient)s) AND p.kind = 'scan' AND p.ended_by IS NULL
  AND EXISTS (SELECT FROM json_array_elements(f.lesions) l WHERE l ->> 'lesion_uid' = ANY(one.names))
  AND EXISTS (SELECT FROM json_array_elements(f.lesions) l WHERE l ->> 'lesion_uid' = ANY(other.names))
  AND one.names <> other.names LIMIT 1"""
    values = {"patient": patient_id, "one": lesion_uid, "other": other_uid}
    row = connection.execute(query, values).fetchone()
    return row[0] if row else None

"""Facts that come in revisions: a changed one is appended as the next revision, the same one again changes nothing."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from stream.storage.appending import append
from stream.storage.database import Connection
from stream.storage.locks import lock_facts


class FactRow(NamedTuple):
    """A fact to be kept: its key, its row without key and revision, and those of its values that make it another."""

    key: str
    row: Mapping[str, Any]
    values: Mapping[str, Any]


def standing_clinical(connection: Connection, patients: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """Patient as received → clinical facts that stand; nobody else adds to them until this transaction ends."""
    lock_facts(connection, [f"clinical/{received_as}" for received_as in patients])
    query = """SELECT DISTINCT ON (received_as) received_as, facts FROM core.clinical WHERE received_as = ANY(%s)
    ORDER BY received_as, revision DESC"""
    return dict(connection.execute(query, [list(patients)]).fetchall())


def append_if_changed(connection: Connection, table: sa.Table, key: str, facts: Sequence[FactRow]) -> list[int | None]:
    """Append each of `facts`, in their order, as the next revision of its `key` (a column) unless its values stand.

    Returns the new revision of each, None where nothing changed.
    """
    lock_facts(connection, [f"{table.name}/{fact.key}" for fact in facts])
    highest = _highest(connection, table, key, facts)
    revisions: list[int | None] = []
    for fact in facts:
        revision, values = highest.get(fact.key, (0, None))
        new = values != list(fact.values.values())
        revisions.append(revision + 1 if new else None)
        highest[fact.key] = revision + new, list(fact.values.values())
    numbered = [(fact, revision) for fact, revision in zip(facts, revisions, strict=True) if revision]
    append(connection, table, [{key: fact.key, "revision": revision, **fact.row} for fact, revision in numbered])
    return revisions


def _highest(
    connection: Connection, table: sa.Table, key: str, facts: Sequence[FactRow]
) -> dict[str, tuple[int, list[Any]]]:
    """By key the highest revision and its values, of facts that were told before."""
    if not facts:
        return {}
    columns = ", ".join(facts[0].values)
    query = f"""SELECT DISTINCT ON ({key}) {key}, revision, {columns} FROM core.{table.name} WHERE {key} = ANY(%s)
    ORDER BY {key}, revision DESC"""
    rows = connection.execute(query, [[fact.key for fact in facts]]).fetchall()
    return {row[0]: (row[1], list(row[2:])) for row in rows}


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

"""Whom the files of a scan name: of the patients that its files name, the one with the best source is its own.

And whether words that are said of a patient name her.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from psycopg.rows import args_row

from stream.storage.database import Connection


class NamedPatient(NamedTuple):
    """A patient that a file of a scan names; `issuer_source` says how firmly (stream.vocabulary.IssuerSource)."""

    scan_uid: str
    patient_id: str
    issuer_source: int


NAMED = "issuer/"
"""How the ids of moves begin that nobody asked for: what the files of a scan name made them."""


def own_patient(scan: str) -> str:
    """SQL for whose the row `scan` of core.scans is by its files.

    Of two that nobody states the lesser id counts: any rule would do that always gives the same, whatever came first.
    """
    return f"""coalesce((SELECT p.patient_id FROM core.named_patients p WHERE p.scan_uid = {scan}.scan_uid
  ORDER BY p.issuer_source DESC, p.patient_id LIMIT 1), {scan}.received_as)"""


def named_patients(connection: Connection, scan_uids: Sequence[str]) -> list[NamedPatient]:
    """Whom the files of these scans name."""
    query = "SELECT scan_uid, patient_id, issuer_source FROM core.named_patients WHERE scan_uid = ANY(%s)"
    return connection.cursor(row_factory=args_row(NamedPatient)).execute(query, [list(scan_uids)]).fetchall()


def to_move(connection: Connection, scan_uids: Sequence[str]) -> dict[str, str]:
    """scan_uid → whose it is by its files, of those received for another one, neither moved there nor by a person."""
    query = f"""SELECT scan_uid, own FROM (SELECT s.scan_uid, s.received_as, {own_patient("s")} AS own
  FROM core.scans s WHERE s.scan_uid = ANY(%s)) o WHERE own <> received_as AND NOT EXISTS (
    SELECT FROM core.identity_events e WHERE e.kind = 'move' AND e.scan_uid = o.scan_uid
      AND (NOT starts_with(e.event_id, '{NAMED}') OR e.other_id = own))"""
    return dict(connection.execute(query, [list(scan_uids)]).fetchall())


def names_somebody(connection: Connection, patient_id: str, said: Sequence[str]) -> bool:
    """Whether any of `said` has a word of the patient's name that is not harmless, the ID or the birth date.

    Also where `patient_id` is a hospital's ID itself. The vault compares: no name comes out of it.
    """
    row = connection.execute("SELECT core.names_somebody(%s, %s)", [patient_id, list(said)]).fetchone()
    return bool(row and row[0])


def name_anybody(connection: Connection, texts: Iterable[str]) -> set[str]:
    """Those of `texts` with the whole name, the ID or the birth date of any patient; as worker and gateway."""
    query = "SELECT said FROM unnest(%s::text[]) said WHERE core.why_not_written('{}', '', said) IS NOT NULL"
    return {said for (said,) in connection.execute(query, [list(texts)])}


def why_not_written(connection: Connection, about: Sequence[str], who: str, note: str | None) -> str | None:
    """Why the words of a person are not kept, in a sentence; None where they name no patient.

    `about`: pseudonyms of the patients, scans and items that they are said of. As the roles worker and gateway.
    """
    row = connection.execute("SELECT core.why_not_written(%s, %s, %s)", [list(about), who, note]).fetchone()
    return row[0] if row else None

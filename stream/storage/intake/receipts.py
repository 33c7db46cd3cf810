"""Receipts: the files that senders were told success for, and the associations that brought them."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from psycopg.rows import args_row

from stream.storage.database import Connection
from stream.vocabulary import Receipt


class FirstReceipt(NamedTuple):
    """How a file came the first time: by which association, from whom, when, and the hashes of file and content."""

    receipt_id: str
    association_id: str
    calling_ae: str
    peer: str
    sha256: str
    content_sha256: str
    received_at: dt.datetime


class SentFile(NamedTuple):
    """A file whose sender was told success, and what became of it."""

    calling_ae: str
    peer: str
    received_at: dt.datetime
    outcome: Receipt


def outcomes(connection: Connection, receipt_ids: Sequence[str]) -> dict[str, Receipt]:
    """receipt_id → what became of the file, of those receipts that were handled before."""
    query = "SELECT receipt_id, outcome FROM core.receipts WHERE receipt_id = ANY(%s)"
    rows = connection.execute(query, [list(receipt_ids)]).fetchall() if receipt_ids else []
    return {receipt_id: Receipt(outcome) for receipt_id, outcome in rows}


def first_receipt(connection: Connection, sha256: str | None) -> FirstReceipt:
    """How the file with this sha256 came the first time; raises LookupError where it never came."""
    query = """SELECT r.receipt_id, r.association_id, a.calling_ae, a.peer, r.sha256, r.content_sha256, r.received_at
        FROM core.receipts r JOIN core.associations a USING (association_id)
        WHERE r.sha256 = %s ORDER BY r.received_at LIMIT 1"""
    row = connection.cursor(row_factory=args_row(FirstReceipt)).execute(query, [sha256]).fetchone()
    if row is None:
        raise LookupError(f"no file with sha256 {sha256} was received")
    return row


def count_as_accepted(connection: Connection, content_sha256: str, scan_uid: str) -> None:
    """The files with this content that were set aside are accepted from now on, as instances of this scan."""
    connection.execute(
        """WITH files AS (UPDATE core.receipts SET outcome = 'accepted', scan_uid = %s
          WHERE content_sha256 = %s AND outcome = 'set_aside' RETURNING association_id)
        UPDATE core.senders s SET accepted = s.accepted + n.files, set_aside = s.set_aside - n.files
        FROM (SELECT a.calling_ae, count(*) AS files FROM files JOIN core.associations a USING (association_id)
          GROUP BY 1) n
        WHERE s.calling_ae = n.calling_ae""",
        [scan_uid, content_sha256],
    )


def count_files(connection: Connection, files: Iterable[SentFile]) -> None:
    """Count the files that senders were told success for now."""
    senders: dict[str, list[SentFile]] = {}
    for file in files:
        senders.setdefault(file.calling_ae, []).append(file)
    with connection.cursor() as cursor:
        # always in the same order, should two gateways hear of the same senders
        cursor.executemany(COUNT, [_counted(came) for _, came in sorted(senders.items())])


COUNT = """INSERT INTO core.senders AS s
  (calling_ae, peer, first_received_at, last_received_at, accepted, duplicate, set_aside)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (calling_ae) DO UPDATE
SET accepted = s.accepted + excluded.accepted, duplicate = s.duplicate + excluded.duplicate,
  set_aside = s.set_aside + excluded.set_aside, peer = excluded.peer,
  last_received_at = greatest(s.last_received_at, excluded.last_received_at)"""


def _counted(files: Sequence[SentFile]) -> list[object]:
    """A row of COUNT: the files of one sender."""
    times, last = [file.received_at for file in files], max(files, key=lambda file: file.received_at)
    outcomes = Counter(file.outcome for file in files)
    return [last.calling_ae, last.peer, min(times), max(times), *(outcomes[outcome] for outcome in Receipt)]


def known_senders(connection: Connection, calling_aes: Iterable[str]) -> set[str]:
    """Those of these AE titles that have sent files."""
    query = "SELECT calling_ae FROM core.senders WHERE calling_ae = ANY(%s)"
    return {calling_ae for (calling_ae,) in connection.execute(query, [list(calling_aes)])}


def rename_sender(connection: Connection, calling_ae: str, name: str) -> None:
    """Write `name`, under which nobody has sent yet, where `calling_ae` was written of who sent."""
    for table in ("associations", "senders"):
        connection.execute(f"UPDATE core.{table} SET calling_ae = %s WHERE calling_ae = %s", [name, calling_ae])


def note_association_end(connection: Connection, association_id: str, closed_at: dt.datetime) -> None:
    """Write when an association ended, unless that is known already."""
    connection.execute(
        "UPDATE core.associations SET closed_at = %s WHERE association_id = %s AND closed_at IS NULL",
        [closed_at, association_id],
    )

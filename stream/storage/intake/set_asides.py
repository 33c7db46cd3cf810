"""Items that were set aside: what they are, what was decided on them, and what they hold up meanwhile."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.rows import args_row, scalar_row

from stream.storage.database import Connection


@dataclass(frozen=True)
class SetAsideItem:
    """What was set aside, and what was decided on it so far.

    `kind`: file, revision, message, timeline, row (of an imported table) or identity event; `why_not` it cannot be
    released, where it cannot.
    """

    item_id: str
    scan_uid: str | None
    revision: int | None
    patient_id: str | None
    sha256: str | None
    reason_code: str
    reason: str
    decision: str | None
    decided_by: str | None
    decided_at: dt.datetime | None
    kind: str
    why_not: str | None


def find_item(connection: Connection, item_id: str) -> SetAsideItem | None:
    """The item with this name, None where there is none."""
    query = """SELECT item_id, scan_uid, revision, patient_id, sha256, reason_code, reason, decision, decided_by,
      decided_at, kind, why_not
    FROM core.set_asides JOIN core.set_aside_kinds USING (item_id) WHERE item_id = %s"""
    return connection.cursor(row_factory=args_row(SetAsideItem)).execute(query, [item_id]).fetchone()


def same_cause(connection: Connection, item_id: str) -> list[str]:
    """Undecided files of the same doubt as this one, else of the same scan and reason; the first first."""
    query = """SELECT o.item_id FROM core.set_asides i JOIN core.set_asides o ON o.item_id <> i.item_id
      AND (o.doubt = i.doubt OR i.doubt IS NULL AND o.doubt IS NULL
        AND (o.scan_uid, o.reason_code, o.reason) = (i.scan_uid, i.reason_code, i.reason))
    WHERE i.item_id = %s AND i.revision IS NULL AND o.revision IS NULL AND o.decision IS NULL
    ORDER BY o.set_aside_at, o.item_id"""
    return connection.cursor(row_factory=scalar_row).execute(query, [item_id]).fetchall()


def reason_codes(connection: Connection, item_ids: Sequence[str]) -> dict[str, str]:
    """item_id → why it was set aside, of those items that there are."""
    query = "SELECT item_id, reason_code FROM core.set_asides WHERE item_id = ANY(%s)"
    return dict(connection.execute(query, [list(item_ids)]).fetchall()) if item_ids else {}


def count_decided(connection: Connection, scan_uid: str, revision: int) -> int:
    """How many items of this revision a person has decided on."""
    query = "SELECT count(*) FROM core.set_asides WHERE scan_uid = %s AND revision = %s AND decision IS NOT NULL"
    (count,) = connection.execute(query, [scan_uid, revision]).fetchone() or (0,)
    return int(count)


def count_killers(
    connection: Connection, *, scan_uid: str | None = None, revision: int | None = None, patient_id: str | None = None
) -> int:
    """How many items there are of this scan revision, or of this timeline, because it ended workers."""
    (count,) = connection.execute(
        """SELECT count(*) FROM core.set_asides WHERE reason_code = 'killed_worker'
        AND scan_uid IS NOT DISTINCT FROM %(scan_uid)s AND revision IS NOT DISTINCT FROM %(revision)s
        AND patient_id IS NOT DISTINCT FROM %(patient_id)s""",
        {"scan_uid": scan_uid, "revision": revision, "patient_id": patient_id},
    ).fetchone() or (0,)
    return int(count)


def held_timelines(connection: Connection) -> set[str]:
    """Timelines that nobody may fold until a person has decided.

    One of them killed workers, and no scan of it that waits can be set aside instead.
    """
    query = """SELECT DISTINCT core.root(i.patient_id) FROM core.set_asides i WHERE i.reason_code = 'killed_worker'
AND i.scan_uid IS NULL AND i.patient_id IS NOT NULL AND i.decision IS DISTINCT FROM 'released'"""
    return set(connection.cursor(row_factory=scalar_row).execute(query))


def held_messages(connection: Connection, item_ids: Sequence[str]) -> set[str]:
    """sha256 of the messages among these items that killed workers and that nobody has released."""
    if not item_ids:
        return set()
    query = """SELECT sha256 FROM core.set_asides
WHERE item_id = ANY(%s) AND reason_code = 'killed_worker' AND decision IS DISTINCT FROM 'released'"""
    return set(connection.cursor(row_factory=scalar_row).execute(query, [list(item_ids)]))

"""A person's decision on what was set aside: released, so that it counts as if nothing had been wrong, or rejected.

A decision is written once, and logged with who, when and why. What is released and fails again is a new item.
"""

import datetime as dt
from dataclasses import dataclass, replace

from stream.errors import AnswerIsNo
from stream.services.accepting.received_files import Described, Received, Unusable, accept_released
from stream.storage import audit, schema
from stream.storage.appending import write_later
from stream.storage.database import Connection

NOT_KEPT = {
    "message": "Its bytes were not kept, so a message cannot be released: have its sender publish it again.",
    "row": "A row of a table cannot be released: correct the table and import it again.",
    "identity event": "It was refused so that those behind it could go on: ask for it again.",
}


@dataclass(frozen=True)
class Item:
    """What was set aside, and what was decided on it so far."""

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
    file: bool  # one that a sender was told success for

    @property
    def kind(self) -> str:
        """revision, file, message, timeline, row (of an imported table) or identity event."""
        if self.revision is not None:
            return "revision"
        if self.sha256:
            return "file" if self.file else "message"
        if self.patient_id:
            return "timeline"
        return "identity event" if self.reason_code == "killed_worker" else "row"

    @property
    def why_not(self) -> str | None:
        """Why it cannot be released, where it cannot; a message that ended workers may come again."""
        return None if self.sha256 and self.reason_code == "killed_worker" else NOT_KEPT.get(self.kind)


@dataclass(frozen=True)
class Decision:
    """Who decided, and why in their words."""

    by: str
    why: str | None


def undecided(connection: Connection, item_id: str) -> Item:
    """The item; raises AnswerIsNo where there is none, or somebody has decided on it."""
    row = connection.execute(ITEM, [item_id]).fetchone()
    if row is None:
        raise AnswerIsNo(f"No item {item_id}: `scanstream set-aside list` names them.")
    item = Item(*row)
    if item.decision:
        raise AnswerIsNo(f"{item.decided_by} {item.decision} it already, at {item.decided_at:%Y-%m-%d %H:%M} UTC.")
    return item


ITEM = """SELECT item_id, scan_uid, revision, patient_id, sha256, reason_code, reason, decision, decided_by, decided_at,
  EXISTS (SELECT FROM core.receipts r WHERE r.sha256 = i.sha256) FROM core.set_asides i WHERE item_id = %s"""


def reject(connection: Connection, item_id: str, decision: Decision) -> Item:
    """What was set aside stays aside for good."""
    with connection.transaction():
        item = undecided(connection, item_id)
        _write(connection, item, "rejected", decision, dt.datetime.now(dt.UTC))
    return item


def release_revision(connection: Connection, item: Item, decision: Decision) -> None:
    """Measure a scan revision again, or make it first where that ended workers; no death is held against it."""
    now = dt.datetime.now(dt.UTC)
    with connection.transaction():
        _write(connection, item, "released", decision, now)
        connection.execute(
            """UPDATE core.assembly w SET reason_code = NULL, reason = NULL, attempts = 0, due_at = %(now)s,
              changed_at = %(now)s, status = CASE WHEN EXISTS (SELECT FROM core.revisions r WHERE
                r.scan_uid = w.scan_uid AND r.revision = w.revision) THEN 'measuring' ELSE 'receiving' END
            WHERE scan_uid = %(scan)s AND revision = %(revision)s AND status = 'set_aside'""",
            {"now": now, "scan": item.scan_uid, "revision": item.revision},
        )
        for revision in (0, item.revision):
            _clear(connection, "scan", item.scan_uid, revision)


def release_timeline(connection: Connection, item: Item, decision: Decision) -> None:
    """Fold a timeline again that ended its worker."""
    with connection.transaction():
        _write(connection, item, "released", decision, dt.datetime.now(dt.UTC))
        _clear(connection, "timeline", item.patient_id, 0)


def release_message(connection: Connection, item: Item, decision: Decision) -> None:
    """Take a message that ended workers, should it come again."""
    with connection.transaction():
        _write(connection, item, "released", decision, dt.datetime.now(dt.UTC))
        _clear(connection, "message", item.sha256, 0)


def kept_file(connection: Connection, item: Item) -> Received:
    """The file of `item` as it was received."""
    row = connection.execute(
        """SELECT r.receipt_id, r.association_id, a.calling_ae, a.peer, r.sha256, r.content_sha256, r.received_at
        FROM core.receipts r JOIN core.associations a USING (association_id)
        WHERE r.sha256 = %s ORDER BY r.received_at LIMIT 1""",
        [item.sha256],
    ).fetchone()
    return Received(*row, what=Unusable(item.reason_code, item.reason, item.scan_uid))


def release_file(connection: Connection, item: Item, file: Received, decision: Decision) -> None:
    """Accept the file; raises AnswerIsNo where what stands contradicts it."""
    now = dt.datetime.now(dt.UTC)
    with connection.transaction():
        _write(connection, item, "released", decision, now)
        if problem := accept_released(connection, replace(file, received_at=now)):
            raise AnswerIsNo(f"It contradicts what stands, nothing was changed. {problem.reason}")


def of_the_study(connection: Connection, what: Described) -> Described:
    """`what` as a file of the patient that its study was received for; who it names itself is not kept."""
    row = connection.execute("SELECT received_as FROM core.scans WHERE scan_uid = %s", [what.scan_uid]).fetchone()
    return of_patient(what, row[0]) if row else what


def of_patient(what: Described, patient_id: str) -> Described:
    """`what` as a file of the patient with this pseudonym."""
    return replace(what, patient_id=patient_id, vault={**what.vault, "mrn": None})


def correcting(connection: Connection, what: Described, corrected_uid: str) -> Described:
    """`what` as other content under a SOP Instance UID that stands: it takes back whatever stood there before."""
    if what.kind == "kos":
        raise AnswerIsNo("A note cannot be changed under its own UID: have its sender send a new one.")
    rows = connection.execute(
        "SELECT instance_uid FROM core.instances WHERE withdraws @> ARRAY[%s] AND withdraws_because = 'corrected'",
        [what.instance_uid],
    ).fetchall()
    before = (what.instance_uid, *(uid for (uid,) in rows))
    return replace(what, instance_uid=corrected_uid, withdraws=before, withdraws_because="corrected")


def _write(connection: Connection, item: Item, decision: str, by: Decision, now: dt.datetime) -> None:
    values = {"decision": decision, "decided_by": by.by, "decided_at": now}
    if not write_later(connection, schema.set_asides, {"item_id": item.item_id}, values):
        raise AnswerIsNo("Somebody else has decided on it just now: `scanstream set-aside show` tells what.")
    verb = {"released": "release", "rejected": "reject"}[decision]
    audit.record(connection, by.by, f"{verb} set-aside", item.item_id, by.why, now)


def _clear(connection: Connection, kind: str, name: str | None, revision: int | None) -> None:
    connection.execute(
        "DELETE FROM core.suspects WHERE kind = %s AND id = %s AND revision = %s", [kind, name, revision]
    )

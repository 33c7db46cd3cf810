"""A person's decision on what was set aside: released, so that it counts as if nothing had been wrong, or rejected.

A decision is written once, and logged with who, when and why. What is released and fails again is a new item.
"""

import datetime as dt
from dataclasses import dataclass, replace

from stream.errors import AnswerIsNo
from stream.services.accepting.arrivals import DescribedInstance, ReceivedFile, UnusableFile
from stream.services.accepting.received_files import accept_released
from stream.storage import audit, schema
from stream.storage.appending import write_later
from stream.storage.database import Connection
from stream.storage.intake import assembly, instances
from stream.storage.intake.receipts import first_receipt
from stream.storage.intake.set_asides import SetAsideItem, find_item, same_cause
from stream.storage.intake.suspects import WorkItem, clear
from stream.storage.patients.vault import give_doubt
from stream.vocabulary import Decision

VERBS = {Decision.RELEASED: "release", Decision.REJECTED: "reject"}
"""As the log calls them."""


@dataclass(frozen=True)
class SignOff:
    """Who decided, and why in their words."""

    by: str
    why: str | None


def undecided(connection: Connection, item_id: str) -> SetAsideItem:
    """The item; raises AnswerIsNo where there is none, or somebody has decided on it."""
    item = find_item(connection, item_id)
    if item is None:
        raise AnswerIsNo(f"No item {item_id}: `scanstream set-aside list` names them.")
    if item.decision:
        raise AnswerIsNo(f"{item.decided_by} {item.decision} it already, at {item.decided_at:%Y-%m-%d %H:%M} UTC.")
    return item


def of_one_cause(connection: Connection, item: SetAsideItem) -> list[str]:
    """The other items that a decision on this one is about: of the same study and reason, or of the same doubt."""
    return same_cause(connection, item.item_id) if item.kind == "file" else []


def reject(connection: Connection, item_id: str, sign_off: SignOff) -> list[SetAsideItem]:
    """What was set aside stays aside for good, and with it all of one cause; the items, this one first."""
    with connection.transaction():
        item = undecided(connection, item_id)
        items = [item, *(undecided(connection, other) for other in of_one_cause(connection, item))]
        for each in items:
            _write(connection, each, Decision.REJECTED, sign_off, dt.datetime.now(dt.UTC))
    return items


def release_revision(connection: Connection, item: SetAsideItem, sign_off: SignOff) -> None:
    """Measure a scan revision again, or make it first where that ended workers; no death is held against it."""
    now = dt.datetime.now(dt.UTC)
    with connection.transaction():
        _write(connection, item, Decision.RELEASED, sign_off, now)
        assembly.take_up_again(connection, item.scan_uid, item.revision, now)
        _clear(connection, "scan", item.scan_uid)
        _clear(connection, "scan", item.scan_uid, item.revision)


def release_timeline(connection: Connection, item: SetAsideItem, sign_off: SignOff) -> None:
    """Fold a timeline again that ended its worker."""
    with connection.transaction():
        _write(connection, item, Decision.RELEASED, sign_off, dt.datetime.now(dt.UTC))
        _clear(connection, "timeline", item.patient_id)


def release_message(connection: Connection, item: SetAsideItem, sign_off: SignOff) -> None:
    """Take a message that ended workers, should it come again."""
    with connection.transaction():
        _write(connection, item, Decision.RELEASED, sign_off, dt.datetime.now(dt.UTC))
        _clear(connection, "message", item.sha256)


def kept_file(connection: Connection, item: SetAsideItem) -> ReceivedFile:
    """The file of `item` as it was received."""
    problem = UnusableFile(item.reason_code, item.reason, item.scan_uid)
    return ReceivedFile(*first_receipt(connection, item.sha256), problem)


def release_file(
    connection: Connection, item: SetAsideItem, file: ReceivedFile, sign_off: SignOff, patient_id: str | None = None
) -> None:
    """Accept the file, of `patient_id` where a person said so; raises AnswerIsNo where what stands contradicts it."""
    now = dt.datetime.now(dt.UTC)
    with connection.transaction():
        _write(connection, item, Decision.RELEASED, sign_off, now)
        if patient_id is not None:
            give_doubt(connection, item.item_id, patient_id)
        if problem := accept_released(connection, replace(file, received_at=now)):
            raise AnswerIsNo(f"It contradicts what stands, nothing was changed. {problem.reason}")


def of_the_study(connection: Connection, what: DescribedInstance) -> DescribedInstance:
    """`what` as a file of the patient that its study was received for; who it names itself is not kept."""
    patient_id = instances.received_as(connection, [what.scan_uid]).get(what.scan_uid)
    return replace(of_patient(what, patient_id), issuer_source=None) if patient_id is not None else what


def of_patient(what: DescribedInstance, patient_id: str) -> DescribedInstance:
    """`what` as a file of the patient with this pseudonym."""
    return replace(what, patient_id=patient_id, vault={**what.vault, "mrn": None})


def correcting(connection: Connection, what: DescribedInstance, corrected_uid: str) -> DescribedInstance:
    """`what` as other content under a SOP Instance UID that stands: it takes back whatever stood there before."""
    if what.kind == "kos":
        raise AnswerIsNo("A note cannot be changed under its own UID: have its sender send a new one.")
    before = (what.instance_uid, *instances.corrections(connection, what.instance_uid))
    return replace(what, instance_uid=corrected_uid, withdraws=before, withdraws_because="corrected")


def _write(connection: Connection, item: SetAsideItem, decision: Decision, sign_off: SignOff, now: dt.datetime) -> None:
    values = {"decision": decision, "decided_by": sign_off.by, "decided_at": now}
    if not write_later(connection, schema.set_asides, {"item_id": item.item_id}, values):
        raise AnswerIsNo("Somebody else has decided on it just now: `scanstream set-aside show` tells what.")
    audit.record(connection, sign_off.by, f"{VERBS[decision]} set-aside", item.item_id, sign_off.why, now)


def _clear(connection: Connection, kind: str, name: str | None, revision: int | None = 0) -> None:
    """Hold no death against it any more; an item of this kind has its name."""
    if name is not None and revision is not None:
        clear(connection, WorkItem(kind, name, revision))

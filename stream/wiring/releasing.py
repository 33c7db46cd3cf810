"""Construction of a release: what was set aside is taken up again, with what a person says of it."""

from stream.archive.originals import Archive
from stream.dicom.gateway.released import Amendment, describe_again
from stream.errors import AnswerIsNo, WrongUse
from stream.services.accepting.decisions import (
    Decision,
    Item,
    correcting,
    kept_file,
    of_the_study,
    release_file,
    release_message,
    release_revision,
    release_timeline,
    undecided,
)
from stream.services.accepting.received_files import Described, Received
from stream.services.facts.identity_events import IdentityEvent, accept_identity
from stream.settings import Settings
from stream.storage.database import Connection, connect
from stream.storage.timelines import resolve
from stream.wiring.bells import Bell, patient_bell, ring
from stream.wiring.pseudonyms import pseudonyms


def release(settings: Settings, item_id: str, said: Amendment, decision: Decision) -> Item:
    """Let what was set aside count as if nothing had been wrong.

    Raises AnswerIsNo where it cannot be released, WrongUse where something has to be said of it first, and outages.
    """
    with connect(settings, "worker") as connection:
        item = undecided(connection, item_id)
        if item.why_not:
            raise AnswerIsNo(item.why_not)
        if item.kind != "file":
            bells = _again(connection, item, decision)
        else:
            bells = _file(settings, connection, item, said, decision)
    ring(settings, bells)
    return item


def _again(connection: Connection, item: Item, decision: Decision) -> list[Bell]:
    """Measure a revision, fold a timeline, or take a message once more."""
    if item.kind == "message":
        release_message(connection, item, decision)
        return []
    if item.kind == "timeline":
        release_timeline(connection, item, decision)
        return [patient_bell(item.patient_id)]
    release_revision(connection, item, decision)
    key = resolve(connection, [item.scan_uid])[item.scan_uid]
    made = ("scans", key, {"scan_uid": item.scan_uid, "revision": item.revision})
    return [made, ("instances", key, {"scan_uid": item.scan_uid})]


def _refuse_strangers(connection: Connection, item: Item, said: Amendment, patient_id: str) -> None:
    """A pseudonym that nobody has is a slip; a hospital's ID may be of somebody new, whom the file then names."""
    new = said.issuer is not None and item.reason_code != "patient_conflict"
    known = "SELECT FROM core.scans WHERE received_as = %s UNION SELECT FROM core.heads WHERE patient_id = %s"
    if said.patient and not new and not connection.execute(known, [patient_id] * 2).rowcount:
        raise WrongUse(
            f"No patient {said.patient} is known here: give a pseudonym, or the hospital's ID together with --issuer."
        )


def _file(settings: Settings, worker: Connection, item: Item, said: Amendment, decision: Decision) -> list[Bell]:
    """Accept a file; one that names another patient than its study moves the study where that is said."""
    archive, file = Archive(settings.archive), kept_file(worker, item)
    names = pseudonyms(settings, worker)
    what = describe_again(archive.path(file.sha256), file.calling_ae, said, settings, names)
    _refuse_strangers(worker, item, said, what.patient_id)
    move_to = what.patient_id if item.reason_code == "patient_conflict" and said.patient else None
    if item.reason_code == "patient_conflict":
        what = of_the_study(worker, what)
    if item.reason_code == "content_conflict":
        corrected = names.corrected_uid(what.instance_uid, file.content_sha256)
        what = correcting(worker, what, corrected)
    with connect(settings, "gateway") as gateway:
        release_file(gateway, item, Received(**{**vars(file), "what": what}), decision)
    fields = {"scan_uid": what.scan_uid, "instance_uid": what.instance_uid, "sha256": file.sha256,
              "uri": archive.uri(file.sha256)}  # fmt: skip
    return [("instances", what.patient_id, fields), *_moved(worker, item, what, move_to, decision)]


def _moved(worker: Connection, item: Item, what: Described, to: str | None, decision: Decision) -> list[Bell]:
    if to is None or to == what.patient_id:
        return []
    move = IdentityEvent(f"release/{item.item_id}", "move", None, to, what.scan_uid, decision.by, decision.why)
    accept_identity(worker, move)
    return [patient_bell(to)]

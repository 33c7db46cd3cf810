"""What becomes of a received file: accepted, duplicate or set aside, decided against what the database knows."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from stream import logs
from stream.crash import reach
from stream.services.accepting.arrivals import DescribedInstance, ReceivedFile, UnusableFile
from stream.services.accepting.file_rows import (
    aside_row,
    association_row,
    instance_row,
    receipt_row,
    ungathered_row,
    vault_patient_row,
    vault_scan_row,
)
from stream.services.accepting.persons import NotedPersons, WaitingDoubts, doubt_row
from stream.services.accepting.scan_patients import ScanPatients
from stream.services.accepting.senders import with_safe_senders
from stream.services.accepting.set_asides import item_id
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.database import Connection
from stream.storage.folding.timelines import roots
from stream.storage.intake import instances, receipts, set_asides
from stream.storage.patients.vault import keep_patients
from stream.vocabulary import ReasonCode, Receipt


@dataclass(frozen=True)
class InstanceBell:
    """An accepted instance to announce on the `instances` topic."""

    scan_uid: str
    instance_uid: str
    sha256: str
    received_as: str


class _Repeat(StrEnum):
    """A receipt that was handled before a crash: as accepted, which is announced again, or otherwise."""

    AGAIN = "again"
    HANDLED = "handled"


_Outcomes = Sequence[tuple[ReceivedFile, Receipt | _Repeat]]


def accept(connection: Connection, files: Sequence[ReceivedFile]) -> list[InstanceBell]:
    """Write rows for `files` in one transaction; the same receipts again change nothing. Returns what to announce."""
    with connection.transaction():
        files = with_safe_senders(connection, files)
        batch = _BatchState(connection, files)
        reach("forwarding.scans_written")
        outcomes = [(file, batch.decide(file)) for file in files]
        _write(connection, outcomes, batch)
        receipts.count_files(
            connection,
            [
                receipts.SentFile(file.calling_ae, file.peer, file.received_at, outcome)
                for file, outcome in outcomes
                if isinstance(outcome, Receipt)
            ],
        )
        reach("forwarding.receipts_written")
    reach("forwarding.committed")
    for file, outcome in outcomes:
        _log(file, outcome)
    return [
        InstanceBell(what.scan_uid, what.instance_uid, file.sha256, batch.patients.received_as[what.scan_uid])
        for file, what in _described(outcomes, Receipt.ACCEPTED, _Repeat.AGAIN)
    ]


def accept_released(connection: Connection, file: ReceivedFile) -> UnusableFile | None:
    """Accept a file that was set aside, in the caller's transaction; what is in the way, where something is."""
    if isinstance(file.what, UnusableFile):
        return file.what
    batch = _BatchState(connection, [file])
    if problem := batch.conflict(file.content_sha256, file.what):
        return problem
    if file.what.instance_uid not in batch.contents:
        batch.patients.name(file.what)
        _write(connection, [(file, Receipt.ACCEPTED)], batch)
    receipts.count_as_accepted(connection, file.content_sha256, file.what.scan_uid)
    return None


def close_association(
    connection: Connection, association_id: str, closed_at: dt.datetime, scan_uids: Iterable[str]
) -> dict[str, list[str]]:
    """Note that an association ended; returns received_as → its scans, to ring the bell for each."""
    receipts.note_association_end(connection, association_id, closed_at)
    reach("forwarding.end_noted")
    groups: dict[str, list[str]] = {}
    for scan_uid, received_as in instances.received_as(connection, list(scan_uids)).items():
        groups.setdefault(received_as, []).append(scan_uid)
    return groups


class _BatchState:
    """What the database knows of a batch, kept up to date while its files are decided in order."""

    def __init__(self, connection: Connection, files: Sequence[ReceivedFile]) -> None:
        described = [file.what for file in files if isinstance(file.what, DescribedInstance)]
        self.patients = ScanPatients(connection, described)
        self.contents = instances.contents(connection, [what.instance_uid for what in described])
        self.outcomes = receipts.outcomes(connection, [file.receipt_id for file in files])
        self.aside = set_asides.reason_codes(connection, [item_id(file.content_sha256) for file in files])
        named = [uid for what in described for uid in what.withdraws]
        self.owners = instances.owners(connection, [*named, *self.contents])
        patients = [what.patient_id for what in described]
        self.roots = roots(connection, [*patients, *map(self.patients.patient, {what.scan_uid for what in described})])
        self.persons = NotedPersons(connection, list(self.roots))
        self.problems: dict[str, UnusableFile] = {}
        self.waiting = WaitingDoubts(connection)
        self.doubts: list[dict[str, str | None]] = []

    def decide(self, file: ReceivedFile) -> Receipt | _Repeat:
        """What becomes of `file`, after all files before it."""
        if outcome := self.outcomes.get(file.receipt_id):
            return _Repeat.AGAIN if outcome == Receipt.ACCEPTED else _Repeat.HANDLED
        if item_id(file.content_sha256) in self.aside:
            return Receipt.DUPLICATE
        if isinstance(file.what, UnusableFile):
            return self._set_aside(file, file.what)
        if problem := self.conflict(file.content_sha256, file.what):
            return self._set_aside(file, problem)
        if file.what.instance_uid in self.contents:
            return Receipt.DUPLICATE
        if problem := self._doubt(file.content_sha256, file.what):
            return self._set_aside(file, problem)
        self._accept(file.content_sha256, file.what)
        return Receipt.ACCEPTED

    def _accept(self, content_sha256: str, what: DescribedInstance) -> None:
        self.contents[what.instance_uid] = content_sha256
        self.owners.setdefault(what.instance_uid, {self.roots[what.patient_id]})
        self.patients.name(what)
        self.persons.note(self.patients.patient(what.scan_uid), what.vault)

    def _set_aside(self, file: ReceivedFile, problem: UnusableFile) -> Receipt:
        self.problems[file.receipt_id] = problem
        self.aside[item_id(file.content_sha256)] = problem.reason_code
        return Receipt.SET_ASIDE

    def _doubt(self, content_sha256: str, what: DescribedInstance) -> UnusableFile | None:
        """Who came first stands; the file of somebody else waits, with all like it, for one decision."""
        patients = self.patients.patient(what.scan_uid), self.patients.patient_with(what)
        if not any(self.persons.contradict(patient, what.vault) for patient in patients):
            return None
        item = item_id(content_sha256)
        self.doubts.append(doubt_row(item, patients[1], what))
        doubt = self.waiting.join(item, patients[1], what.vault)
        reason = "Name, birth date or sex contradict what is known of this patient: two people may have one ID."
        return UnusableFile(ReasonCode.IDENTITY_DOUBT, reason, doubt=doubt)

    def conflict(self, content_sha256: str, what: DescribedInstance) -> UnusableFile | None:
        """The first accepted stands; the later file alone is set aside until a person decides."""
        if self.contents.get(what.instance_uid, content_sha256) != content_sha256:
            strange = self.roots[what.patient_id] not in self.owners.get(what.instance_uid, self.roots.values())
            whose = " It is another patient's." if strange else ""
            reason = f"An instance with the same SOP Instance UID but other content stands.{whose}"
            return UnusableFile(ReasonCode.CONTENT_CONFLICT, reason)
        if not self.patients.admits(what):
            return UnusableFile(ReasonCode.PATIENT_CONFLICT, "The study was received for another patient before.")
        own = {self.roots[what.patient_id], self.roots[self.patients.patient(what.scan_uid)]}
        if any(own.isdisjoint(self.owners.get(uid, own)) for uid in what.withdraws):
            return UnusableFile(ReasonCode.PATIENT_CONFLICT, "It takes back instances of another patient.")
        return None


def _described(outcomes: _Outcomes, *wanted: Receipt | _Repeat) -> list[tuple[ReceivedFile, DescribedInstance]]:
    """The instances that came to one of the `wanted` outcomes, each with its file."""
    return [
        (file, file.what)
        for file, outcome in outcomes
        if outcome in wanted and isinstance(file.what, DescribedInstance)
    ]


def _write(connection: Connection, outcomes: _Outcomes, batch: _BatchState) -> None:
    decided = [(file, outcome) for file, outcome in outcomes if isinstance(outcome, Receipt)]
    associations = {file.association_id: association_row(file) for file, _ in decided}
    append(connection, schema.associations, associations.values())
    accepted = _described(decided, Receipt.ACCEPTED)
    append(connection, schema.named_patients, batch.patients.rows())
    keep_patients(connection, _distinct(vault_patient_row(what) for _, what in accepted if _is_noted(what, batch)))
    append(connection, schema.vault_scans, _distinct(vault_scan_row(what) for _, what in accepted))
    reach("forwarding.vault_written")
    append(connection, schema.instances, [instance_row(file, what) for file, what in accepted])
    append(connection, schema.ungathered, [ungathered_row(file, what) for file, what in accepted])
    aside = [file for file, outcome in decided if outcome == Receipt.SET_ASIDE]
    append(connection, schema.set_asides, [aside_row(file, batch.problems[file.receipt_id]) for file in aside])
    append(connection, schema.doubts, batch.doubts)
    append(connection, schema.receipts, [receipt_row(file, outcome) for file, outcome in decided])


def _distinct(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each row once: the files of a series say the same of their patient and study."""
    return [dict(row) for row in dict.fromkeys(tuple(row.items()) for row in rows)]


def _is_noted(what: DescribedInstance, batch: _BatchState) -> bool:
    """Whether the file says who a patient is: not where its study is of another one, who was noted by other files."""
    return bool(what.vault["mrn"]) and what.patient_id == batch.patients.patient(what.scan_uid)


def _log(file: ReceivedFile, outcome: Receipt | _Repeat) -> None:
    if isinstance(file.what, DescribedInstance):
        logs.event(f"instance_{outcome}", scan=file.what.scan_uid, instance=file.what.instance_uid)
    else:
        logs.event(f"instance_{outcome}", sha256=file.sha256, reason=file.what.reason_code)

"""A release: what was set aside is taken up again, with what a person says of it, and the bells that are to be rung."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from stream.errors import AnswerIsNo, WrongUse
from stream.services.accepting.arrivals import DescribedInstance, ReceivedFile
from stream.services.accepting.decisions import (
    SignOff,
    correcting,
    kept_file,
    of_one_cause,
    of_the_study,
    release_file,
    release_message,
    release_revision,
    release_timeline,
    undecided,
)
from stream.services.facts.bells import BellMessage, patient_bell
from stream.services.facts.identity_events import IdentityEvent, accept_identity, move_to_named
from stream.storage.database import Connection
from stream.storage.folding.timelines import resolve
from stream.storage.intake.instances import received_as
from stream.storage.intake.set_asides import SetAsideItem
from stream.storage.patients.identity import has_patient
from stream.vocabulary import IdentityKind, ReasonCode

OF_A_STUDY = (ReasonCode.PATIENT_CONFLICT, ReasonCode.IDENTITY_DOUBT)
"""Files whose study is received for a patient already: another one must be known, for the study to be moved there."""


@dataclass(frozen=True)
class Amendment:
    """What a person says of a file: `patient` is a pseudonym, or a hospital's ID where `issuer` is given."""

    patient: str | None = None
    issuer: str | None = None
    date: str | None = None


class KeptFiles(Protocol):
    """What a release needs of the archive and of the pseudonyms."""

    def describe(self, file: ReceivedFile, amendment: Amendment) -> DescribedInstance:
        """The file described again, with the amendment in place of what its header says; WrongUse, AnswerIsNo."""
        ...

    def corrected_uid(self, instance_uid: str, content_sha256: str) -> str:
        """Stands for other content that is released under an instance's UID."""
        ...

    def uri(self, sha256: str) -> str:
        """Where other parts find the file."""
        ...


@dataclass(frozen=True)
class _DescribedFile:
    """A file as it was received, and what it is with what a person says of it."""

    received: ReceivedFile
    what: DescribedInstance


class Release:
    """Lets an item count as if nothing had been wrong: `amendment` is what is said of it, `sign_off` who said so.

    `gateway` is a connection as gateway, who may accept files.
    """

    def __init__(self, gateway: Connection, files: KeptFiles, amendment: Amendment, sign_off: SignOff) -> None:
        self._gateway = gateway
        self._files = files
        self._amendment = amendment
        self._sign_off = sign_off

    def take_up(self, item_id: str) -> tuple[list[SetAsideItem], list[BellMessage]]:
        """Release the item and the other files of its cause; returns what was released, and the bells to ring.

        Raises AnswerIsNo where it cannot be released, WrongUse where something has to be said of it first, and outages.
        """
        item = undecided(self._gateway, item_id)
        if item.why_not:
            raise AnswerIsNo(item.why_not)
        if item.kind != "file":
            return [item], self._again(item)
        others = of_one_cause(self._gateway, item)
        bells = self._file(item)
        released, more = self._others(others)
        return [item, *released], [*bells, *more]

    def go_on(self, item: SetAsideItem) -> list[BellMessage]:
        """Do what is left of a release that was cut short after `item` itself was released; returns the bells to ring.

        Of what is no file nothing is left but bells, which the sweep rings.
        """
        if item.kind != "file":
            return []
        bells = self._followed(item, *self._said(item))
        return [*bells, *self._others(of_one_cause(self._gateway, item))[1]]

    def _others(self, item_ids: Sequence[str]) -> tuple[list[SetAsideItem], list[BellMessage]]:
        """Release the other files of a cause; what else is wrong with one of these stays aside."""
        released: list[SetAsideItem] = []
        bells: list[BellMessage] = []
        for item_id in item_ids:
            with suppress(AnswerIsNo):
                bells += self._file(item := undecided(self._gateway, item_id))
                released.append(item)
        return released, bells

    def _again(self, item: SetAsideItem) -> list[BellMessage]:
        """Measure a revision, fold a timeline, or take a message once more."""
        match item:
            case SetAsideItem(kind="message"):
                release_message(self._gateway, item, self._sign_off)
                return []
            case SetAsideItem(kind="timeline", patient_id=str(patient_id)):
                release_timeline(self._gateway, item, self._sign_off)
                return [patient_bell(patient_id)]
            case SetAsideItem(scan_uid=str(scan_uid)):
                release_revision(self._gateway, item, self._sign_off)
                key = resolve(self._gateway, [scan_uid])[scan_uid]
                complete = ("scans", key, {"scan_uid": scan_uid, "revision": item.revision})
                return [complete, ("instances", key, {"scan_uid": scan_uid})]
        raise ValueError(f"a {item.kind} cannot be released")

    def _file(self, item: SetAsideItem) -> list[BellMessage]:
        """Accept a file; one that names another patient than its study moves the study where that is said."""
        file, move_to = self._said(item)
        release_file(self._gateway, item, replace(file.received, what=file.what), self._sign_off, move_to)
        return self._followed(item, file, move_to)

    def _said(self, item: SetAsideItem) -> tuple[_DescribedFile, str | None]:
        """The file with what is said of it, and the patient to whom its study moves, if it does."""
        file = kept_file(self._gateway, item)
        described = self._files.describe(file, self._amendment)
        self._refuse_strangers(item, described.patient_id)
        doubt = item.reason_code == ReasonCode.IDENTITY_DOUBT and self._amendment.patient is not None
        conflict = doubt or item.reason_code == ReasonCode.PATIENT_CONFLICT
        move_to = described.patient_id if conflict and self._amendment.patient else None
        if conflict:
            described = of_the_study(self._gateway, described)
        if item.reason_code == ReasonCode.CONTENT_CONFLICT:
            corrected = self._files.corrected_uid(described.instance_uid, file.content_sha256)
            described = correcting(self._gateway, described, corrected)
        return _DescribedFile(file, described), move_to

    def _followed(self, item: SetAsideItem, file: _DescribedFile, move_to: str | None) -> list[BellMessage]:
        """What comes after a file is accepted; doing it again changes nothing."""
        what = file.what
        named = move_to_named(self._gateway, [what.scan_uid])
        fields = {
            "scan_uid": what.scan_uid,
            "instance_uid": what.instance_uid,
            "sha256": file.received.sha256,
            "uri": self._files.uri(file.received.sha256),
        }
        key = received_as(self._gateway, [what.scan_uid])[what.scan_uid]
        bells = [("instances", key, fields), *map(patient_bell, named)]
        return [*bells, *self._moved(item, what, move_to)]

    def _refuse_strangers(self, item: SetAsideItem, patient_id: str) -> None:
        """A pseudonym that nobody has is a slip; a hospital's ID may be of somebody new, whom the file then names."""
        patient = self._amendment.patient
        new = self._amendment.issuer is not None and item.reason_code not in OF_A_STUDY
        if patient and not new and not has_patient(self._gateway, patient_id):
            raise WrongUse(
                f"No patient {patient} is known here: give a pseudonym, or the hospital's ID together with --issuer."
            )

    def _moved(self, item: SetAsideItem, described: DescribedInstance, to: str | None) -> list[BellMessage]:
        if to is None or to == described.patient_id:
            return []
        event_id, by = f"release/{item.item_id}", self._sign_off
        move = IdentityEvent(event_id, IdentityKind.MOVE, None, to, described.scan_uid, by.by, by.why)
        accept_identity(self._gateway, move)
        return [patient_bell(to)]

"""Headers read by a child within a budget: one that takes long is read beside the others, one that never ends given up.

Each file is first given what hundreds of healthy ones would take. Who takes more waits for nobody and holds up nobody:
a second child reads it, with far more time and memory, and beyond that it is set aside.
"""

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

from pydicom import Dataset
from pydicom.filereader import read_partial

from stream import logs
from stream.children.child import NICER, Child, ChildEnded, OverBudget
from stream.children.nursery import MIB, Budget, Nursery
from stream.children.plain import plain, restoring
from stream.dicom.reading.acquired import given_date
from stream.dicom.reading.files import read_dataset, reading
from stream.dicom.reading.header import (
    Header,
    HeaderOverride,
    PatientIdentity,
    patient_identity,
    person,
    read_header,
    text,
)
from stream.dicom.reading.labels import Naming
from stream.errors import SetAside
from stream.settings import Settings
from stream.vocabulary import ReasonCode

QUICK = Budget(processor_seconds=0.1, seconds=10.0, memory=256 * MIB)
"""A header takes one or two milliseconds; one of 5,000 frames a second, and it is read beside the others."""
PATIENT = Budget(processor_seconds=20.0, seconds=240.0, memory=1024 * MIB)
"""A dataset of a million elements, as many as are let in, takes less on a machine that has time."""
TOGETHER = 32
"""So many files are asked for at once: going to the child and back takes a third of what a header does. All of them are
given what one is given; where that is not enough, each is asked for by itself."""
ENDS = 3
"""Somebody else may have ended a child; three times it was the file."""
STUDY_UID = 0x0020000D


class HeaderRequest(NamedTuple):
    """`path` of the file, `issuer` as the settings say it now, and who sent it.

    And what a person says in place of its header: the hospital's ID with its issuer, when it was acquired.
    """

    path: str
    issuer: str
    calling_ae: str
    said_mrn: str | None = None
    said_issuer: str = ""
    said_date: str | None = None


class ReadHeader(NamedTuple):
    """The header; or why there is none, with the study and patient that the file names nevertheless.

    `names_sender`: whether the AE title that sent it tells who its patient is.
    """

    header: Header | None
    reason_code: str = ""
    reason: str = ""
    study_uid: str = ""
    patient: PatientIdentity | None = None
    names_sender: bool = False


class HeaderReader:
    """Reads headers one after the other; to be made while this process has one thread."""

    def __init__(self, settings: Settings) -> None:
        nursery = Nursery(partial(_answer, settings))
        self._nursery, self._quick, self._patient = nursery, Child(nursery), Child(nursery, NICER)
        self._late: dict[str, ReadHeader | None] = {}
        self._queue: SimpleQueue[tuple[str, HeaderRequest, Callable[[], None]]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def read(self, asked: Sequence[tuple[str, HeaderRequest]], done: Callable[[], None]) -> list[ReadHeader | None]:
        """What each file says, asked for by a name; None while it is read beside the others, `done` is called then.

        What was read so is kept until it is forgotten. Raises OSError where a file cannot be read.
        """
        parts = (asked[first : first + TOGETHER] for first in range(0, len(asked), TOGETHER))
        return [read for part in parts for read in self._read_together(part, done)]

    def _read_together(
        self, asked: Sequence[tuple[str, HeaderRequest]], done: Callable[[], None]
    ) -> Sequence[ReadHeader | None]:
        if len(asked) > 1 and not any(name in self._late for name, _ in asked):
            with suppress(OverBudget, ChildEnded, OSError):  # which of them it is, is found out below
                return _ask(self._quick, [request for _, request in asked], QUICK)
        return [self._read_one(name, request, done) for name, request in asked]

    def _read_one(self, name: str, request: HeaderRequest, done: Callable[[], None]) -> ReadHeader | None:
        if name in self._late:
            return self._late[name]
        try:
            return _ask(self._quick, [request], QUICK)[0]
        except (OverBudget, ChildEnded):
            self._late[name] = None
            self._queue.put((name, request, done))
            self._begin()
            return None

    def late(self) -> frozenset[str]:
        """Names of the files that are read at the moment, beside the others."""
        return frozenset(name for name, read in self._late.copy().items() if read is None)

    def forget(self, name: str) -> None:
        """Nobody will ask for it again."""
        self._late.pop(name, None)

    def close(self) -> None:
        """End the children."""
        self._nursery.close()

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="late headers", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            name, request, done = self._queue.get()
            try:
                self._late[name] = self.patiently(request)
            except OSError:
                self._late.pop(name)  # asked for again it tells whoever asks
            done()

    def patiently(self, request: HeaderRequest) -> ReadHeader:
        """What the file says, for who waits for it alone; raises OSError where it cannot be read."""
        for _ in range(ENDS):
            with suppress(ChildEnded):
                try:
                    return _ask(self._patient, [request], PATIENT)[0]
                except OverBudget as beyond:
                    return self._beyond(request, ReasonCode.TOO_LARGE, f"The header cannot be read {beyond}.")
        why = f"{ENDS} times the process ended that read the header."
        return self._beyond(request, ReasonCode.DECODE_FAILED, why)

    def _beyond(self, request: HeaderRequest, reason_code: ReasonCode, reason: str) -> ReadHeader:
        """Whose it is stands before all that can be large."""
        logs.event("header_not_read", reason=reason_code)
        with suppress(OverBudget, ChildEnded):
            (whose,) = _ask(self._patient, [request], QUICK, whole=False)
            return whose._replace(reason_code=reason_code, reason=reason)
        return ReadHeader(None, reason_code, reason)


def _ask(child: Child, requests: Sequence[HeaderRequest], budget: Budget, whole: bool = True) -> list[ReadHeader]:
    """All of them within one budget."""
    restored = restoring(ReadHeader)
    return [restored(read) for read in child.ask([requests, whole], budget)]


def _answer(settings: Settings, asked: list[Any]) -> Any:
    requests, whole = asked
    return [plain(_read(settings, HeaderRequest(*request), whole)) for request in requests]


def _read(settings: Settings, request: HeaderRequest, whole: bool) -> ReadHeader:
    same = request.issuer == settings.issuer
    told = settings if same else settings.model_copy(update={"issuer": request.issuer})
    dataset = None
    try:
        dataset = read_dataset(Path(request.path)) if whole else _beginning(Path(request.path))
        if whole:
            header = read_header(dataset, told, request.calling_ae, _said(dataset, told, request))
            return ReadHeader(header, names_sender=_names_sender(dataset, request.calling_ae))
        raise SetAside(ReasonCode.TOO_LARGE, "")
    except SetAside as error:
        study_uid, patient = ("", None) if dataset is None else _named(dataset, told, request.calling_ae)
        names_sender = dataset is not None and _names_sender(dataset, request.calling_ae)
        return ReadHeader(None, error.reason_code, error.reason, study_uid, patient, names_sender)


def _said(dataset: Dataset, settings: Settings, request: HeaderRequest) -> HeaderOverride:
    now = dt.datetime.now(dt.UTC)
    patient = person(dataset, request.said_issuer, request.said_mrn) if request.said_mrn else None
    return HeaderOverride(patient, given_date(request.said_date, settings.zone, now) if request.said_date else None)


def _beginning(path: Path) -> Dataset:
    """All that stands before the series: patient and study among it."""
    with reading("file"), path.open("rb") as file:
        return read_partial(file, stop_when=lambda tag, *_: tag > STUDY_UID)


def _named(dataset: Dataset, settings: Settings, calling_ae: str) -> tuple[str, PatientIdentity | None]:
    """Study and patient that a file names whose header cannot be used, each where it can be read."""
    study_uid, patient = text(dataset, "StudyInstanceUID"), None
    with suppress(SetAside), reading("header"):
        patient = patient_identity(dataset, settings, calling_ae)
    return study_uid, patient


def _names_sender(dataset: Dataset, calling_ae: str) -> bool:
    """Also where it cannot be read who the patient is: a pseudonym tells nobody."""
    with suppress(SetAside), reading("header"):
        return Naming.of(dataset).is_told_by(calling_ae)
    return True

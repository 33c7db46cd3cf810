"""Files that were set aside, described again from the archive with what a person says of them."""

import datetime as dt
from collections.abc import Callable
from functools import cached_property

from stream.archive.originals import Archive
from stream.dicom.describing import describe
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.acquired import given_date
from stream.dicom.reading.files import read_dataset
from stream.dicom.reading.header import Header, HeaderOverride, person, read_header
from stream.errors import AnswerIsNo, SetAside, WrongUse
from stream.services.accepting.arrivals import DescribedInstance, ReceivedFile, UnusableFile
from stream.services.accepting.decisions import of_patient
from stream.services.accepting.releasing import Amendment
from stream.settings import Settings
from stream.vocabulary import ReasonCode

ASK_DATE = "say when it was acquired, written as 2026-01-31 or 2026-01-31T08:30 (--date)"
ASK = {
    ReasonCode.NO_PATIENT_ID: "say whose it is: a pseudonym, or by command the hospital's ID (--patient, --issuer)",
    ReasonCode.NO_DATE: ASK_DATE,
    ReasonCode.IMPOSSIBLE_DATE: ASK_DATE,
}


class ArchivedFiles:
    """The files of the archive for a release; the pseudonyms are made when a file first needs them."""

    def __init__(self, settings: Settings, archive: Archive, make_pseudonyms: Callable[[], Pseudonyms]) -> None:
        self._settings = settings
        self._archive = archive
        self._make_pseudonyms = make_pseudonyms

    @cached_property
    def _pseudonyms(self) -> Pseudonyms:
        return self._make_pseudonyms()

    def describe(self, file: ReceivedFile, amendment: Amendment) -> DescribedInstance:
        """The file with what is said of it in place of what its header says.

        Raises WrongUse, saying what to give, where something is still missing; AnswerIsNo where nothing can be given.
        """
        if isinstance(file.what, UnusableFile) and file.what.reason_code == ReasonCode.TOO_LARGE:
            raise AnswerIsNo(f"It cannot be released: nothing that is said of it makes it smaller. {file.what.reason}")
        pseudonyms = self._pseudonyms
        try:
            header = self._header(file, amendment)
        except FileNotFoundError:
            raise AnswerIsNo("The archive does not have this file, so it cannot be released.") from None
        except SetAside as error:
            if error.reason_code in ASK:
                raise WrongUse(f"{error.reason.removesuffix('.')}: {ASK[error.reason_code]}.") from None
            raise AnswerIsNo(f"It still cannot be used. {error.reason}") from None
        described = describe(header, pseudonyms, self._settings.series_required())
        if amendment.patient and amendment.issuer is None:
            return of_patient(described, amendment.patient)
        return described

    def corrected_uid(self, instance_uid: str, content_sha256: str) -> str:
        """UID (2.25.…) of other content that is released under the UID that `instance_uid` stands for."""
        return self._pseudonyms.corrected_uid(instance_uid, content_sha256)

    def uri(self, sha256: str) -> str:
        """The claim check of a file."""
        return self._archive.uri(sha256)

    def _header(self, file: ReceivedFile, amendment: Amendment) -> Header:
        dataset = read_dataset(self._archive.path(file.sha256))
        patient = person(dataset, amendment.issuer or "", amendment.patient) if amendment.patient else None
        now, zone = dt.datetime.now(dt.UTC), self._settings.zone
        at = given_date(amendment.date, zone, now) if amendment.date else None
        return read_header(dataset, self._settings, file.calling_ae, HeaderOverride(patient, at))

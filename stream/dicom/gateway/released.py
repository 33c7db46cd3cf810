"""Files that were set aside, described again from the archive with what a person says of them."""

from collections.abc import Callable
from functools import cached_property

from stream.archive.originals import Archive
from stream.dicom.describing import describe
from stream.dicom.header_reading import HeaderRequest, ReadHeader
from stream.dicom.pseudonyms import Pseudonyms
from stream.errors import AnswerIsNo, WrongUse
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
    """The files of the archive for a release, read by `read`; the pseudonyms are made when a file first needs them."""

    def __init__(
        self,
        settings: Settings,
        archive: Archive,
        make_pseudonyms: Callable[[], Pseudonyms],
        read: Callable[[HeaderRequest], ReadHeader],
    ) -> None:
        self._settings = settings
        self._archive = archive
        self._make_pseudonyms = make_pseudonyms
        self._read = read

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
        if self._archive.lacks(file.sha256):
            raise AnswerIsNo("The archive does not have this file, so it cannot be released.")
        header, reason_code, reason, *_ = self._read(self._request(file, amendment))
        if header is None:
            if reason_code in ASK:
                raise WrongUse(f"{reason.removesuffix('.')}: {ASK[ReasonCode(reason_code)]}.")
            raise AnswerIsNo(f"It still cannot be used. {reason}")
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

    def _request(self, file: ReceivedFile, amendment: Amendment) -> HeaderRequest:
        path, issuer = str(self._archive.path(file.sha256)), self._settings.issuer
        said = amendment.patient, amendment.issuer or "", amendment.date
        return HeaderRequest(path, issuer, file.calling_ae, *said)

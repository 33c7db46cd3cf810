"""What forwarding needs to know of an instance, read from its header alone."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.multival import MultiValue

from stream.dicom.reading.acquired import acquired_at
from stream.dicom.reading.files import reading
from stream.dicom.reading.rejection_notes import Retraction, retraction_of
from stream.dicom.reading.sop_classes import kind_of
from stream.dicom.usual_header import usual_text
from stream.errors import SetAside
from stream.settings import Settings
from stream.vocabulary import IssuerSource, ReasonCode

_NOT_MADE_FROM = (
    "ReferencedStudySequence",
    "ReferencedPerformedProcedureStepSequence",
    "ReferencedPatientSequence",
    "PredecessorDocumentsSequence",
    "IdenticalDocumentsSequence",
)
"""Sequences that refer to no instance, or to one that this one was not made from."""

MOST_REFERENCES = 20_000
"""A segmentation of a whole-body CT refers to some thousand images; each is looked up by whatever comes later."""


@dataclass(frozen=True)
class PatientIdentity:
    """The originals, for the vault only; `issuer_source`: who says that it is this issuer's number."""

    issuer: str
    mrn: str
    name: str
    birth_date: dt.date | None
    sex: str = ""
    issuer_source: IssuerSource = IssuerSource.FILE


@dataclass(frozen=True)
class ExpectedCounts:
    """(0020,1206), (0020,1208), (0020,1209): how much the sender says there is; None where it does not."""

    study_series: int | None
    study_instances: int | None
    series_instances: int | None


@dataclass(frozen=True)
class Header:
    """Original identifiers and clinical facts of one instance; `references` are SOP Instance UIDs it was made from."""

    sop_class_uid: str
    sop_instance_uid: str
    study_uid: str
    series_uid: str
    modality: str
    kind: str  # image, seg, sr, kos, rtstruct or reg
    patient: PatientIdentity
    acquired_at: dt.datetime
    body_part: str
    references: tuple[str, ...]
    expected: ExpectedCounts
    series_description: str
    retraction: Retraction | None


@dataclass(frozen=True)
class HeaderOverride:
    """What a person says of a file in place of its header: whose it is, when it was acquired."""

    patient: PatientIdentity | None = None
    acquired_at: dt.datetime | None = None


NO_OVERRIDE = HeaderOverride()


def read_header(
    dataset: Dataset, settings: Settings, calling_ae: str, override: HeaderOverride = NO_OVERRIDE
) -> Header:
    """Header of `dataset` as received from `calling_ae`, with what `override` says in its place.

    Raises SetAside (no_date, impossible_date, no_patient_id, too_large, decode_failed); its sentence names nobody.
    """
    with reading("header"):
        return _header(dataset, settings, calling_ae, override)


def _header(dataset: Dataset, settings: Settings, calling_ae: str, override: HeaderOverride) -> Header:
    kind = kind_of(text(dataset, "SOPClassUID"))
    references = () if kind == "image" else tuple(dict.fromkeys(_references(dataset)))
    if len(references) > MOST_REFERENCES:
        raise SetAside(ReasonCode.TOO_LARGE, f"The file refers to more than {MOST_REFERENCES:,} instances.")
    return Header(
        sop_class_uid=text(dataset, "SOPClassUID"),
        sop_instance_uid=text(dataset, "SOPInstanceUID"),
        study_uid=_study_uid(dataset),
        series_uid=text(dataset, "SeriesInstanceUID"),
        modality=text(dataset, "Modality"),
        kind=kind,
        patient=override.patient or patient_identity(dataset, settings, calling_ae),
        acquired_at=override.acquired_at or acquired_at(dataset, kind, settings.zone, dt.datetime.now(dt.UTC)),
        body_part=text(dataset, "BodyPartExamined"),
        references=references,
        expected=_expected(dataset),
        series_description=text(dataset, "SeriesDescription"),
        retraction=retraction_of(dataset, kind, references),
    )


def text(dataset: Dataset, keyword: str) -> str:
    """A value as text, blanks and padding around it gone; several values joined as they were written."""
    if (usual := usual_text(dataset, keyword)) is not None:
        return usual
    value = dataset.get(keyword)
    parts = value if isinstance(value, MultiValue) else [value]
    return "\\".join(str(part) for part in parts if part is not None).strip(" \0")


def _study_uid(dataset: Dataset) -> str:
    uid = text(dataset, "StudyInstanceUID")
    if not uid:
        raise SetAside(ReasonCode.DECODE_FAILED, "The file names no study (Study Instance UID is empty).")
    return uid


def patient_identity(dataset: Dataset, settings: Settings, calling_ae: str) -> PatientIdentity:
    """Whom the file names, also where the rest of its header cannot be used; SetAside(no_patient_id) if nobody."""
    mrn = text(dataset, "PatientID")
    if not mrn:
        raise SetAside(ReasonCode.NO_PATIENT_ID, "The file has no Patient ID.")
    if issuer := _stated_issuer(dataset):
        return person(dataset, issuer, mrn)
    source = IssuerSource.SENDER if settings.names_issuer_for(calling_ae) else IssuerSource.DEFAULT
    return person(dataset, settings.issuer_for(calling_ae), mrn, source)


def person(dataset: Dataset, issuer: str, mrn: str, issuer_source: IssuerSource = IssuerSource.FILE) -> PatientIdentity:
    """The patient of this ID, called and born as the file says."""
    born, sex = _birth_date(text(dataset, "PatientBirthDate")), text(dataset, "PatientSex").upper()
    return PatientIdentity(issuer, mrn, text(dataset, "PatientName"), born, sex, issuer_source)


def _stated_issuer(dataset: Dataset) -> str:
    """(0010,0021), else the universal entity of (0010,0024), written like HL7's HD; PS3.3 10.14."""
    if issuer := text(dataset, "IssuerOfPatientID"):
        return issuer
    for item in dataset.get("IssuerOfPatientIDQualifiersSequence") or ():
        if entity := text(item, "UniversalEntityID"):
            return "&".join(filter(None, (entity, text(item, "UniversalEntityIDType"))))
    return ""


def _birth_date(written: str) -> dt.date | None:
    """None where it is missing or no date: nothing here depends on it."""
    try:
        return dt.datetime.strptime(written.replace(".", ""), "%Y%m%d").date()
    except ValueError:
        return None


def _expected(dataset: Dataset) -> ExpectedCounts:
    keywords = ("NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances", "NumberOfSeriesRelatedInstances")
    values = [text(dataset, keyword) for keyword in keywords]
    return ExpectedCounts(*(int(value) if value.isdecimal() else None for value in values))


def _references(dataset: Dataset) -> Iterator[str]:
    """Every Referenced SOP Instance UID, in document order, of an instance that this one is about."""
    for tag in sorted(dataset.keys()):
        if dataset.get_item(tag).VR in _DECODED:
            element = dataset[tag]
            if element.VR == "SQ" and element.keyword not in _NOT_MADE_FROM:
                for item in element.value:
                    yield from _references(item)
            elif element.keyword == "ReferencedSOPInstanceUID" and element.value:
                yield str(element.value)


_DECODED = ("SQ", "UI", "UN", None)  # of a file that states no VR, all; decoding every text would take as long again

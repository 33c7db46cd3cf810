"""What leaves a file's header: pseudonyms, codes and numbers; names only for the vault."""

import re
from collections.abc import Mapping

from stream.dicom.header_reading import ReadHeader
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.header import Header
from stream.services.accepting.arrivals import DescribedInstance, UnusableFile

MODALITY = re.compile(r"[A-Z0-9_ ]{1,16}")
"""A code string (PS3.5 6.2); what is none may be free text, which does not leave the vault."""
MOST_ANNOUNCED = 1_000_000
"""A study announced as larger than this is a slip of the sender's."""


def describe_read(
    read: ReadHeader, pseudonyms: Pseudonyms, required_series: Mapping[str, str]
) -> DescribedInstance | UnusableFile:
    """What was read of a file as `describe` has it, or why there is nothing to describe."""
    if read.header is not None:
        return describe(read.header, pseudonyms, required_series)
    scan_uid = pseudonyms.scan_uid(read.study_uid) if read.study_uid else None
    patient_id = pseudonyms.patient_id(read.patient.issuer, read.patient.mrn) if read.patient else None
    return UnusableFile(read.reason_code, read.reason, scan_uid, patient_id)


def describe(header: Header, pseudonyms: Pseudonyms, required_series: Mapping[str, str]) -> DescribedInstance:
    """`header` by its pseudonyms; a series' description only where it is one of `required_series` (by casefolded form).

    Free text does not leave the vault.
    """
    who, expected, retraction = header.patient, header.expected, header.retraction
    vault = {
        "issuer": who.issuer,
        "mrn": who.mrn,
        "name": who.name or None,
        "study_instance_uid": header.study_uid,
        "birth_date": who.birth_date.isoformat() if who.birth_date else None,
        "sex": who.sex or None,
    }
    return DescribedInstance(
        instance_uid=pseudonyms.instance_uid(header.sop_instance_uid),
        scan_uid=pseudonyms.scan_uid(header.study_uid),
        patient_id=pseudonyms.patient_id(who.issuer, who.mrn),
        modality=header.modality if MODALITY.fullmatch(header.modality) else "OT",
        kind=header.kind,
        acquired_at=header.acquired_at,
        referenced=tuple(map(pseudonyms.instance_uid, header.references)),
        expected_instances=_announced(expected.study_instances),
        vault={name: _storable(text) if text else text for name, text in vault.items()},
        series_uid=pseudonyms.series_uid(header.series_uid) if header.series_uid else None,
        series_description=required_series.get(header.series_description.casefold()),
        expected_series=_announced(expected.study_series),
        expected_in_series=_announced(expected.series_instances),
        withdraws=tuple(map(pseudonyms.instance_uid, retraction.uids)) if retraction else (),
        withdraws_because=retraction.because if retraction else None,
        issuer_source=who.issuer_source,
    )


def _announced(number: int | None) -> int | None:
    return number if number and number <= MOST_ANNOUNCED else None


def _storable(text: str) -> str:
    """As Postgres can hold it: without NUL and without halves of characters."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")

"""The places of DICOM objects in which people and machines write who a patient is, though it has no place there."""

from collections.abc import Callable, Sequence

import numpy as np
from pydicom import Dataset, uid
from pydicom.datadict import dictionary_VR

from stream.plain_text import plain
from stream.simulated.codes import LYMPH_NODE, SITES
from stream.simulated.datasets import code, item
from stream.simulated.segmentation import make_seg
from stream.simulated.synthetic import SyntheticLesion, make_image, make_kos, make_series, make_sr
from tests.dicom.content_items import (
    FINDING_CATEGORY,
    FINDING_SITE,
    LONG_AXIS,
    NEOPLASM,
    coded,
    derived,
    group,
    number,
    person,
    report,
    text,
)
from tests.journey.planted_people import Person

MOST = {"SH": 16, "CS": 16, "LO": 64, "PN": 64, "AE": 16, "ST": 1024, "LT": 10240, "UC": 1000, "UT": 1000}
"""Characters, by the kind of the value."""
LONG_AXIS_SIZE = number(LONG_AXIS, 21.0)
COMMENT = ("121106", "DCM", "Comment")
METHOD = ("370129005", "SCT", "Measurement Method")
TIME_POINT = ("C2348792", "UMLS", "Time Point")

Place = Callable[[Person], Sequence[Dataset]]


def who(someone: Person) -> dict[str, object]:
    """The header's own places, where it belongs."""
    born = someone.birth_date.strftime("%Y%m%d")
    return {"PatientID": someone.mrn, "PatientName": someone.name, "PatientBirthDate": born}


def in_header(keyword: str) -> Place:
    """An attribute of an image or report."""
    kind = dictionary_VR(keyword)

    def place(someone: Person) -> Sequence[Dataset]:
        # codes have letters and digits only
        planted = {keyword: (someone.mrn if kind == "CS" else someone.written)[: MOST[kind]]}
        return [make_sr(**who(someone), **planted), make_image(**who(someone), **planted)]

    return place


def in_group(plant: Callable[[str], Sequence[Dataset]], **said: object) -> Place:
    """Items of a measurement group."""

    def place(someone: Person) -> Sequence[Dataset]:
        return [report(group(*plant(someone.written), identifier="target 1", **said), **who(someone))]

    return place


def in_lesion(**named: Callable[[str], object]) -> Place:
    """A field of a lesion in a report."""

    def place(someone: Person) -> Sequence[Dataset]:
        said = {field: plant(someone.written[:64]) for field, plant in named.items()}
        return [make_sr([SyntheticLesion(**said)], **who(someone))]

    return place


def in_segment(**named: Callable[[str], object]) -> Place:
    """An attribute of a segment, and of the description of all."""

    def place(someone: Person) -> Sequence[Dataset]:
        slices = make_series(np.zeros((2, 8, 8)), Modality="CT", SOPClassUID=uid.CTImageStorage, **who(someone))
        seg = make_seg([np.ones((2, 8, 8))], slices, ContentDescription=someone.written[:64])
        for keyword, plant in named.items():
            setattr(seg.SegmentSequence[0], keyword, plant(someone.written[:64]))
        return [*slices, seg]

    return place


def in_private_tags(someone: Person) -> Sequence[Dataset]:
    """A block of a maker, once as text and once in a sequence."""
    image = make_image(**who(someone))
    block = image.private_block(0x0009, "ACME 1.0", create=True)
    block.add_new(0x01, "LO", someone.written[:64])
    block.add_new(0x02, "SQ", [item(PatientComments=someone.written)])
    return [image]


def in_request(someone: Person) -> Sequence[Dataset]:
    """What was asked for, in a sequence."""
    asked = item(
        RequestedProcedureDescription=someone.written[:64], ReasonForTheRequestedProcedure=someone.written[:64]
    )
    return [make_image(**who(someone), RequestAttributesSequence=[asked])]


def in_other_ids(someone: Person) -> Sequence[Dataset]:
    """The ID of another hospital, named in a label too."""
    other = item(PatientID=f"B{someone.mrn}", IssuerOfPatientID="SOUTH")
    lesion = SyntheticLesion(identifier=f"of {someone.mrn}")
    return [make_sr([lesion], **who(someone), OtherPatientIDsSequence=[other])]


def in_uids(someone: Person) -> Sequence[Dataset]:
    """UIDs that a maker made of the birth date, and one as the name of a lesion."""
    born = someone.birth_date.strftime("%Y%m%d")
    study = f"1.2.826.0.1.3680043.{born}.{someone.mrn[2:]}"
    lesion = SyntheticLesion(identifier=f"{study}.7", tracking_uid=f"{study}.8")
    return [make_sr([lesion], **who(someone), StudyInstanceUID=study, SOPInstanceUID=f"{study}.9")]


def in_a_note(someone: Person) -> Sequence[Dataset]:
    """The title of a rejection, and the description of its series."""
    image = make_image(**who(someone))
    return [image, make_kos([image], ("113001", "DCM", someone.written[:64]), SeriesDescription=someone.written[:64])]


def in_a_bad_report(someone: Person) -> Sequence[Dataset]:
    """What is set aside is told with its reason."""
    name = ("X1", "99ACME", someone.written[:64])
    return [report(group(number(name, 21.0, "[ft_us]"), identifier=someone.written), **who(someone))]


def in_a_bad_date(someone: Person) -> Sequence[Dataset]:
    """A file whose header cannot be used."""
    return [make_sr(**who(someone), StudyDate="20230231", StudyDescription=someone.written[:64])]


def _code(meaning: str) -> tuple[str, str, str]:
    return "X7", "99ACME", meaning[:64]


def _coded(meaning: str) -> list[Dataset]:
    return [code(*_code(meaning))]


def sent_by_a_title(someone: Person) -> Sequence[Dataset]:
    """A file that can be used and one that cannot; who sends them is named after the patient."""
    return [make_sr(**who(someone)), make_sr(**who(someone), StudyDate="20230231")]


def title_of(someone: Person) -> str:
    """An AE title as people make one: capitals of ASCII, 16 at most, and the ID where no letter is left."""
    letters = plain(someone.written).encode("ascii", "ignore").decode().upper().strip(" ,")
    return (letters or someone.mrn)[: MOST["AE"]].strip()


AE_TITLE = "AE title"

PLACES: dict[str, Place] = {
    **{
        keyword: in_header(keyword)
        for keyword in (
            "OtherPatientNames",
            "PatientComments",
            "StudyDescription",
            "SeriesDescription",
            "ProtocolName",
            "ImageComments",
            "AccessionNumber",
            "StudyID",
            "InstitutionName",
            "ReferringPhysicianName",
            "OperatorsName",
            "PatientAddress",
            "AdditionalPatientHistory",
            "StationName",
            "BodyPartExamined",
            "DeviceSerialNumber",
            "ClinicalTrialTimePointID",
            "ClinicalTrialProtocolID",
            "IssuerOfPatientID",
        )
    },
    "private tags": in_private_tags,
    "request": in_request,
    "other IDs": in_other_ids,
    "UIDs": in_uids,
    "label of a lesion": in_lesion(identifier=str),
    "meaning of a site": in_lesion(site=_code),
    "meaning of a finding": in_lesion(finding=_code),
    "meaning of a known site": in_lesion(site=lambda words: (*SITES["liver"][:2], words)),
    "meaning of a mark": in_lesion(mark=_code),
    "meaning of a size": in_lesion(numbers=lambda words: {_code(words): (20.0, "mm"), "longest_diameter": (9.0, "mm")}),
    "meaning of a node": in_lesion(finding=lambda words: (*LYMPH_NODE[:2], words)),
    "text of a report": in_group(lambda words: [text(COMMENT, words), LONG_AXIS_SIZE]),
    "person in a report": in_group(lambda words: [person(words[:64]), LONG_AXIS_SIZE]),
    "category": in_group(lambda words: [coded(FINDING_CATEGORY, _code(words)), LONG_AXIS_SIZE]),
    "method": in_group(lambda words: [number(LONG_AXIS, 21.0, "mm", coded(METHOD, _code(words)))]),
    "derivation": in_group(lambda words: [number(LONG_AXIS, 21.0, "mm", derived(_code(words)))]),
    "time point": in_group(lambda words: [text(TIME_POINT, words), LONG_AXIS_SIZE]),
    "site by another code": in_group(
        lambda words: [coded(FINDING_SITE, _code(words)), LONG_AXIS_SIZE], finding=NEOPLASM
    ),
    "label of a segment": in_segment(SegmentLabel=str, SegmentDescription=str, TrackingID=str),
    "kind of a segment": in_segment(SegmentedPropertyTypeCodeSequence=_coded, AnatomicRegionSequence=_coded),
    "rejection note": in_a_note,
    "report that cannot be used": in_a_bad_report,
    "date that cannot be": in_a_bad_date,
    AE_TITLE: sent_by_a_title,
}

"""Made-up scans for the demonstration and for tests: reports, images and segmentations in one line each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmwrite, uid
from pydicom.dataset import FileMetaDataset

from stream.simulated.codes import CONCEPTS, NEOPLASM, SITES, Code, name_of_mark
from stream.simulated.datasets import code, instance, item, reference, set_pixels

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class SyntheticLesion:
    """What a report says of one lesion; `numbers` are (value, UCUM unit) by measurement, None where not evaluated."""

    numbers: Mapping[str | Code, tuple[float, str] | None] = field(
        default_factory=lambda: {"longest_diameter": (20.0, "mm")}
    )
    identifier: str = "lesion-1"
    tracking_uid: str = ""
    site: Code | None = SITES["lung"]
    finding: Code = NEOPLASM
    mark: Code | None = None  # of CID 6144 or 6145
    why_no_value: Code | None = None  # of CID 42 or 6118


def make_sr(lesions: Sequence[SyntheticLesion] = (SyntheticLesion(),), **attributes: object) -> Dataset:
    """A Comprehensive 3D SR after TID 1500; `attributes` are DICOM keywords, wrong ones a TypeError."""
    report = instance(uid.Comprehensive3DSRStorage, "SR", attributes)
    report.ValueType, report.ContinuityOfContent = "CONTAINER", "SEPARATE"
    report.ConceptNameCodeSequence = [code("126000", "DCM", "Imaging Measurement Report")]
    groups = [_container(("125007", "DCM", "Measurement Group"), _group(lesion)) for lesion in lesions]
    report.ContentSequence = [_container(("126010", "DCM", "Imaging Measurements"), groups)]
    return report


def make_image(pixels: np.ndarray | None = None, **attributes: object) -> Dataset:
    """An MR slice of `pixels` (rows, columns), small and empty if not given; CT or PET by SOPClassUID and Modality."""
    pixels = np.zeros((16, 16), np.uint16) if pixels is None else pixels.astype(np.uint16)
    placed = {
        "FrameOfReferenceUID": uid.generate_uid(),
        "ImagePositionPatient": [0.0, 0.0, 0.0],
        "ImageOrientationPatient": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        "PixelSpacing": [1.0, 1.0],
        "SliceThickness": 1.0,
        "BodyPartExamined": "BRAIN",
    }
    image = instance(uid.MRImageStorage, "MR", placed | attributes)
    set_pixels(image, pixels, bits=16)
    return image


def make_series(volume: np.ndarray, spacing: Triple = (1.0, 1.0, 1.0), **attributes: object) -> list[Dataset]:
    """Parallel slices of `volume` (slices, rows, columns), `spacing` in mm in the same order, as one series."""
    shared = {
        "StudyInstanceUID": uid.generate_uid(),
        "SeriesInstanceUID": uid.generate_uid(),
        "FrameOfReferenceUID": uid.generate_uid(),
        "PixelSpacing": list(spacing[1:]),
        "SliceThickness": spacing[0],
    } | attributes
    return [
        make_image(pixels, **shared, ImagePositionPatient=[0.0, 0.0, index * spacing[0]], InstanceNumber=index + 1)
        for index, pixels in enumerate(volume)
    ]


OF_STUDY = ("PatientID", "PatientName", "PatientBirthDate", "StudyInstanceUID", "StudyDate", "StudyTime")
"""What all instances of a study say alike."""


QUALITY: Code = ("113001", "DCM", "Rejected for Quality Reasons")


def make_kos(instances: Sequence[Dataset], title: Code = QUALITY, **attributes: object) -> Dataset:
    """A Key Object Selection that names `instances`: by `title` a rejection note; study and patient are the first's."""
    first = instances[0]
    about = {name: first.get(name) for name in OF_STUDY}
    note = instance(uid.KeyObjectSelectionDocumentStorage, "KO", about | attributes)
    note.ValueType, note.ContinuityOfContent = "CONTAINER", "SEPARATE"
    note.ConceptNameCodeSequence = [code(*title)]
    note.CurrentRequestedProcedureEvidenceSequence = [_evidence(instance) for instance in instances]
    note.ContentSequence = [
        item(RelationshipType="CONTAINS", ValueType="COMPOSITE", ReferencedSOPSequence=[reference(instance)])
        for instance in instances
    ]
    return note


def replacing(report: Dataset, *predecessors: Dataset) -> Dataset:
    """`report` as one that takes the place of `predecessors` (0040,A360)."""
    report.PredecessorDocumentsSequence = [_evidence(predecessor) for predecessor in predecessors]
    return report


def save(dataset: Dataset, path: Path, transfer_syntax: uid.UID = uid.ExplicitVRLittleEndian) -> Path:
    """Write a DICOM file and return its path."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = transfer_syntax
    path.parent.mkdir(parents=True, exist_ok=True)
    dcmwrite(path, dataset, enforce_file_format=True)
    return path


def _content(relationship: str, value_type: str, name: Code, **attributes: object) -> Dataset:
    named = {"RelationshipType": relationship, "ValueType": value_type, "ConceptNameCodeSequence": [code(*name)]}
    return item(**named, **attributes)


def _container(name: Code, children: Sequence[Dataset]) -> Dataset:
    return _content("CONTAINS", "CONTAINER", name, ContinuityOfContent="SEPARATE", ContentSequence=list(children))


def _group(lesion: SyntheticLesion) -> list[Dataset]:
    """A measurement group after TID 1411."""
    items = [_coded("CONTAINS", ("121071", "DCM", "Finding"), lesion.finding)]
    if lesion.identifier:
        name = ("112039", "DCM", "Tracking Identifier")
        items.append(_content("HAS OBS CONTEXT", "TEXT", name, TextValue=lesion.identifier))
    if lesion.tracking_uid:
        name = ("112040", "DCM", "Tracking Unique Identifier")
        items.append(_content("HAS OBS CONTEXT", "UIDREF", name, UID=lesion.tracking_uid))
    if lesion.site:
        items.append(_coded("HAS CONCEPT MOD", ("363698007", "SCT", "Finding Site"), lesion.site))
    if lesion.mark:
        items.append(_coded("CONTAINS", name_of_mark(lesion.mark), lesion.mark))
    return items + [_number(name, stated, lesion.why_no_value) for name, stated in lesion.numbers.items()]


def _coded(relationship: str, name: Code, value: Code) -> Dataset:
    return _content(relationship, "CODE", name, ConceptCodeSequence=[code(*value)])


def _number(name: str | Code, stated: tuple[float, str] | None, why_not: Code | None) -> Dataset:
    measured = []
    if stated:
        value, unit = stated
        measured = [item(FloatingPointValue=value, NumericValue=f"{value:.10g}"[:16])]
        measured[0].MeasurementUnitsCodeSequence = [code(unit, "UCUM", unit)]
    concept = CONCEPTS[name] if isinstance(name, str) else name
    number = _content("CONTAINS", "NUM", concept, MeasuredValueSequence=measured)
    if not stated and why_not:
        number.NumericValueQualifierCodeSequence = [code(*why_not)]
    return number


def _evidence(instance: Dataset) -> Dataset:
    """An instance with its study and series, as documents name those they are about."""
    series = item(SeriesInstanceUID=instance.SeriesInstanceUID, ReferencedSOPSequence=[reference(instance)])
    return item(StudyInstanceUID=instance.StudyInstanceUID, ReferencedSeriesSequence=[series])

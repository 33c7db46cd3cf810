"""Images, and segmentations of them with the codes and labels that known makers write; highdicom writes the files."""

from collections.abc import Mapping, Sequence

import numpy as np
from highdicom import AlgorithmIdentificationSequence
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentDescription
from pydicom import Dataset, uid
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code, snomed_mapping

from tests.dicom.factories import make_series

SPACING = (5.0, 2.0, 2.0)  # mm: slices, rows, columns
VOLUME, DIAMETER = 2 * 4 * 5 * 20.0 / 1000, (8.0**2 + 10.0**2) ** 0.5
"""Of every segment here: 4 rows and 5 columns in two slices, in ml and mm."""

ABNORMAL = codes.SCT.MorphologicallyAbnormalStructure
WRITER: Mapping[str, object] = {
    "series_number": 9,
    "instance_number": 1,
    "manufacturer": "maker",
    "manufacturer_model_name": "model",
    "software_versions": "1",
    "device_serial_number": "1",
}


def images() -> list[Dataset]:
    """A CT of six slices."""
    unknown = ("PatientSex", "AccessionNumber", "StudyID", "ReferringPhysicianName")
    attributes = dict.fromkeys(unknown, "") | {"SOPClassUID": uid.CTImageStorage, "Modality": "CT"}
    return make_series(np.zeros((6, 16, 16)), SPACING, **attributes)


def segment(
    number: int,
    label: str,
    category: Code,
    kind: Code,
    tracking_uid: str | None = None,
    name: str = "",
    region: Code | None = None,
) -> SegmentDescription:
    """One segment, with a tracking UID, by an algorithm of this `name` and in a `region` where these are given."""
    family = codes.DCM.ArtificialIntelligence
    return SegmentDescription(
        segment_number=number,
        segment_label=label,
        segmented_property_category=category,
        segmented_property_type=kind,
        algorithm_type=SegmentAlgorithmTypeValues.SEMIAUTOMATIC if name else SegmentAlgorithmTypeValues.MANUAL,
        algorithm_identification=AlgorithmIdentificationSequence(name, family, "1") if name else None,
        anatomic_regions=[region] if region else None,
        tracking_uid=tracking_uid,
        tracking_id=label if tracking_uid else None,
    )


def outlined(drawn_on: Sequence[Dataset], *segments: SegmentDescription, kind: str = "BINARY") -> Segmentation:
    """A segmentation in which each segment fills a part of two slices of its own."""
    labels = np.zeros((len(drawn_on), drawn_on[0].Rows, drawn_on[0].Columns), np.uint8)
    for number in range(1, len(segments) + 1):
        labels[2 * number - 1 : 2 * number + 1, 2:6, 2:7] = number
    return Segmentation(
        source_images=drawn_on,
        pixel_array=labels,
        segmentation_type=kind,
        segment_descriptions=segments,
        series_instance_uid=uid.generate_uid(),
        sop_instance_uid=uid.generate_uid(),
        **WRITER,
    )


def with_old_codes(dataset: Dataset) -> Dataset:
    """The dataset with its SNOMED codes as they were written until 2018."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                with_old_codes(item)
    if dataset.get("CodingSchemeDesignator") == "SCT" and dataset.CodeValue in snomed_mapping["SCT"]:
        dataset.CodeValue, dataset.CodingSchemeDesignator = snomed_mapping["SCT"][dataset.CodeValue], "SRT"
    return dataset


def slicer(drawn_on: Sequence[Dataset]) -> list[Dataset]:
    """Slicer and dcmqi: old codes, a tumour in an organ and the organ."""
    tumor = segment(1, "Tumor", ABNORMAL, codes.SCT.Neoplasm, name="SlicerEditor", region=codes.SCT.Liver)
    liver = segment(2, "Liver", codes.SCT.AnatomicalStructure, codes.SCT.Liver, name="SlicerEditor")
    return [with_old_codes(outlined(drawn_on, tumor, liver))]


def mitk(drawn_on: Sequence[Dataset]) -> list[Dataset]:
    """MITK: whatever a person outlined is Tissue."""
    return [with_old_codes(outlined(drawn_on, segment(1, "New label 1", codes.SCT.Tissue, codes.SCT.Tissue)))]


def ohif(drawn_on: Sequence[Dataset]) -> list[Dataset]:
    """OHIF and dcmjs: Tissue as well, several segments."""
    segments = [segment(number, f"Segment {number}", codes.SCT.Tissue, codes.SCT.Tissue) for number in (1, 2)]
    return [with_old_codes(outlined(drawn_on, *segments))]


def organ_map(drawn_on: Sequence[Dataset]) -> list[Dataset]:
    """TotalSegmentator by dcmqi: organs, each with a tracking UID."""
    organs = (codes.SCT.Liver, codes.SCT.Spleen)
    segments = [
        segment(number, organ.meaning, codes.SCT.AnatomicalStructure, organ, uid.generate_uid(), "TotalSegmentator")
        for number, organ in enumerate(organs, 1)
    ]
    return [outlined(drawn_on, *segments)]


def tracked(drawn_on: Sequence[Dataset], kind: str = "BINARY") -> list[Dataset]:
    """What highdicom's guide shows: a lesion with a tracking UID."""
    return [outlined(drawn_on, segment(1, "Lesion 1", ABNORMAL, codes.SCT.Lesion, uid.generate_uid()), kind=kind)]


def label_map(drawn_on: Sequence[Dataset]) -> list[Dataset]:
    """The same as a label map (2024)."""
    return tracked(drawn_on, "LABELMAP")


def fractional(drawn_on: Sequence[Dataset]) -> list[Dataset]:
    """The same as probabilities."""
    return tracked(drawn_on, "FRACTIONAL")

"""Reports on what people or programs measured without a segmentation, in the structures that makers publish."""

from collections.abc import Sequence

import numpy as np
from highdicom.sr import (
    ContainerContentItem,
    ContentSequence,
    CoordinatesForMeasurement,
    EnhancedSR,
    FindingSite,
    ImageRegion3D,
    Measurement,
    MeasurementsAndQualitativeEvaluations,
    NumContentItem,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    SourceImageForMeasurement,
    TimePointContext,
)
from pydicom import Dataset, uid
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from tests.dicom.makers.outlines import ABNORMAL, WRITER, with_old_codes
from tests.dicom.makers.templates import CM, LENGTH, LIVER, LONG, LUNG, MM, MM2, MM3, SHORT, VOLUME, tracking, written


def line(image: Dataset, name: Code, value: float, unit: Code = MM) -> Measurement:
    """A measurement with the line that it was taken from."""
    source = SourceImageForMeasurement(image.SOPClassUID, image.SOPInstanceUID)
    source.RelationshipType = "SELECTED FROM"  # as it has to be below coordinates; highdicom leaves INFERRED FROM
    drawn = CoordinatesForMeasurement("POLYLINE", np.array([[2.0, 2.0], [2.0, 2.0 + value / 2]]), source)
    return Measurement(name, value, unit, referenced_coordinates=[drawn])


def viewer(images: Sequence[Dataset], tool: str) -> list[Dataset]:
    """What a cornerstone viewer saves of two diameters, a line, an area and an arrow, each a group of its own."""
    shown = images[2]
    drawn = {
        "Bidirectional": [line(shown, LONG, 14), line(shown, SHORT, 8)],
        "Length": [line(shown, LENGTH, 12)],
        "EllipticalROI": [line(shown, codes.SCT.Area, 6, MM2)],
        "ArrowAnnotate": [],
    }
    groups = [
        MeasurementsAndQualitativeEvaluations(
            tracking(f"{tool}:{name}"),
            finding_type=Code("CORNERSTONEFREETEXT", "CORNERSTONEJS", "left"),
            finding_sites=[LUNG],
            measurements=measurements,
        )
        for name, measurements in drawn.items()
    ]
    return [with_old_codes(written(images, groups, "unknown^unknown"))]


def ohif_2(images: Sequence[Dataset]) -> list[Dataset]:
    """OHIF 2, of cornerstoneTools."""
    return viewer(images, "cornerstoneTools@^4.0.0")


def ohif_3(images: Sequence[Dataset]) -> list[Dataset]:
    """OHIF 3, of Cornerstone3D."""
    return viewer(images, "Cornerstone3DTools@^0.1.0")


def recist(images: Sequence[Dataset]) -> list[Dataset]:
    """Response by RECIST: what is a target, and the values of the baseline repeated beside today's."""
    responses = codes.cid6144
    stable, gone = responses.TargetLesionStableDisease, responses.NonTargetLesionCompleteResponse
    stated = [
        ("T1", LUNG, [(LONG, 22.0)], stable, codes.SCT.Neoplasm),
        ("T2", None, [(LONG, 24.0), (SHORT, 16.0)], stable, codes.SCT.LymphNode),
        ("NT1", LIVER, [(LONG, 0.0)], gone, codes.SCT.Neoplasm),
    ]
    groups = [
        MeasurementsAndQualitativeEvaluations(
            tracker,
            time_point_context=TimePointContext(f"TP{visit}", time_point_order=visit),
            finding_type=finding,
            finding_sites=[site] if site else None,
            measurements=[Measurement(name, value + 10 * (2 - visit), MM) for name, value in sizes],
            qualitative_evaluations=[QualitativeEvaluation(codes.DCM.CurrentResponse, response)],
        )
        for label, site, sizes, response, finding in stated
        for tracker in [tracking(label)]
        for visit in (1, 2)
    ]
    return [written(images, groups, "Reader^Two")]


def planar_in_space(images: Sequence[Dataset]) -> list[Dataset]:
    """highdicom's TID 1410 with an outline in space: the mean and the maximum of a diameter, and where it is."""
    ring = np.array([[4.0, 4, 5], [12, 4, 5], [12, 14, 5], [4, 14, 5], [4, 4, 5]])
    group = PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking("Lesion 1"),
        referenced_region=ImageRegion3D("POLYGON", ring, images[0].FrameOfReferenceUID),
        finding_type=codes.SCT.Neoplasm,
        finding_category=ABNORMAL,
        finding_sites=[FindingSite(codes.SCT.Lung, laterality=codes.SCT.Left)],
        measurements=[
            Measurement(codes.SCT.Diameter, 11, MM, derivation=codes.SCT.Mean),
            Measurement(codes.SCT.Diameter, 1.3, CM, derivation=codes.SCT.Maximum),
        ],
    )
    return [written(images, [group])]


def nodules(images: Sequence[Dataset]) -> list[Dataset]:
    """A program for lung nodules: two axes, their mean and a volume, in the lobe."""
    group = MeasurementsAndQualitativeEvaluations(
        tracking("Nodule 1"),
        finding_type=codes.SCT.Nodule,
        finding_sites=[FindingSite(Code("44714003", "SCT", "Upper lobe of left lung"))],
        measurements=[
            Measurement(codes.SCT.Diameter, 7, MM, derivation=codes.SCT.Mean),
            Measurement(LONG, 0.8, CM),
            Measurement(SHORT, 6, MM),
            Measurement(VOLUME, 180, MM3),
        ],
    )
    return [written(images, [group])]


def own_codes(images: Sequence[Dataset]) -> list[Dataset]:
    """A finding that no table knows, and a size in a unit of the maker's own."""
    pixels = Code("px", "99MAKER", "px")
    group = MeasurementsAndQualitativeEvaluations(
        tracking("Spot"),
        finding_type=Code("17", "99MAKER", "Spot"),
        measurements=[Measurement(LONG, 17, MM), Measurement(SHORT, 5, pixels)],
    )
    return [written(images, [group])]


def fetus(images: Sequence[Dataset]) -> list[Dataset]:
    """An ultrasound machine's report on a fetus (TID 5000), an Enhanced SR."""
    root = ContainerContentItem(Code("125000", "DCM", "OB-GYN Ultrasound Procedure Report"), template_id="5000")
    biometry = ContainerContentItem(Code("125002", "DCM", "Fetal Biometry"), relationship_type="CONTAINS")
    femur = NumContentItem(Code("11963-6", "LN", "Femur Length"), 31.0, MM, relationship_type="CONTAINS")
    biometry.ContentSequence = ContentSequence([femur])
    root.ContentSequence = ContentSequence([biometry])
    series, instance = uid.generate_uid(), uid.generate_uid()
    return [EnhancedSR(images, root, series, sop_instance_uid=instance, is_complete=True, **WRITER)]

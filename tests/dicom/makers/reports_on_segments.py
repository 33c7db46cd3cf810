"""Reports on segments (TID 1410, 1411), most beside their segmentation, in the structures that makers publish."""

from collections.abc import Sequence

from highdicom.sr import (
    Measurement,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    ReferencedSegment,
    ReferencedSegmentationFrame,
    SourceImageForSegmentation,
    TimePointContext,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from tests.dicom.makers.outlines import ABNORMAL, outlined, segment, slicer, with_old_codes
from tests.dicom.makers.templates import LIVER, LONG, LUNG, ML, MM, MM3, SHORT, VOLUME, tracking, written

ONE, SUV = Code("1", "UCUM", "no units"), Code("g/ml{SUVbw}", "UCUM", "SUVbw")
MESH_VOLUME, VOXEL_VOLUME = Code("RNU0", "IBSI", "Volume (Mesh)"), Code("YEKZ", "IBSI", "Volume (Voxels)")
SPHERICITY, LARGEST_DIAMETER = Code("QCFX", "IBSI", "Sphericity"), Code("L0JK", "IBSI", "Maximum 3D diameter")
REFERENCE_REGION = Code("C94970", "NCIt", "Reference Region")


def reference(segmentation: Dataset, number: int = 1) -> ReferencedSegment:
    """What a group says of the segment that it is about."""
    item = segmentation.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0]
    source = SourceImageForSegmentation(item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID)
    return ReferencedSegment(segmentation.SOPClassUID, segmentation.SOPInstanceUID, number, source_images=[source])


def quantitative_reporting(images: Sequence[Dataset]) -> list[Dataset]:
    """Slicer's QuantitativeReporting and dcmqi: volume and mean density of a segment, beside the segmentation."""
    [segmentation] = slicer(images)
    density = codes.UCUM.HounsfieldUnit
    group = VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking("Measurements group 1"),
        referenced_segment=reference(segmentation),
        time_point_context=TimePointContext("1"),
        session="1",
        finding_type=codes.SCT.Neoplasm,
        finding_sites=[LIVER],
        measurements=[
            Measurement(VOLUME, 0.9, ML),
            Measurement(codes.DCM.AttenuationCoefficient, 37.5, density, derivation=codes.SCT.Mean),
        ],
    )
    return [segmentation, with_old_codes(written([*images, segmentation], [group], "Reader1^"))]


def radiomics(images: Sequence[Dataset]) -> list[Dataset]:
    """pyradiomics by dcmqi: shape and texture after IBSI."""
    [segmentation] = slicer(images)
    stated = [(VOXEL_VOLUME, 800, MM3), (MESH_VOLUME, 780, MM3), (SPHERICITY, 0.7, ONE), (LARGEST_DIAMETER, 15, MM)]
    group = VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking("Measurements group 1"),
        referenced_segment=reference(segmentation),
        finding_type=codes.SCT.Neoplasm,
        measurements=[Measurement(name, value, unit) for name, value, unit in stated],
    )
    return [segmentation, written([*images, segmentation], [group])]


def positron_emission(images: Sequence[Dataset]) -> list[Dataset]:
    """Slicer's PET reports: uptake and volume of a tumour, and of the reference region in the liver."""
    regions = [(1, codes.SCT.NeoplasmPrimary, LUNG, 5.0, 8.0), (2, REFERENCE_REGION, LIVER, 14.0, 2.0)]
    drawn = [segment(number, finding.meaning, ABNORMAL, finding) for number, finding, *_ in regions]
    segmentation = outlined(images, *drawn)
    groups = [
        VolumetricROIMeasurementsAndQualitativeEvaluations(
            tracking(finding.meaning),
            referenced_segment=reference(segmentation, number),
            finding_type=finding,
            finding_sites=[site],
            measurements=[
                Measurement(codes.DCM.Suvbw, uptake, SUV, derivation=codes.SCT.Mean),
                Measurement(VOLUME, volume, ML),
            ],
        )
        for number, finding, site, volume, uptake in regions
    ]
    return [with_old_codes(one) for one in (segmentation, written([*images, segmentation], groups))]


def planar_by_frame(images: Sequence[Dataset]) -> list[Dataset]:
    """highdicom's TID 1410 with a frame of a segmentation, whose segment has no tracking UID."""
    segmentation = outlined(images, segment(1, "Lesion 1", ABNORMAL, codes.SCT.Neoplasm))
    source = SourceImageForSegmentation(images[1].SOPClassUID, images[1].SOPInstanceUID)
    group = PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking("Lesion 1"),
        referenced_segment=ReferencedSegmentationFrame(
            segmentation.SOPClassUID, segmentation.SOPInstanceUID, 1, 1, source
        ),
        finding_type=codes.SCT.Neoplasm,
        measurements=[Measurement(LONG, 13, MM), Measurement(SHORT, 9, MM)],
    )
    return [segmentation, written([*images, segmentation], [group])]


def organ_values(images: Sequence[Dataset], organ: Code = codes.SCT.Liver) -> list[Dataset]:
    """Volumes of organs by a program: TID 1411 of an organ, its segmentation in no scan."""
    [segmentation] = slicer(images)
    group = VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking(organ.meaning),
        referenced_segment=reference(segmentation),
        finding_type=organ,
        measurements=[Measurement(VOLUME, 40, ML)],
    )
    return [written([*images, segmentation], [group])]


def zone_values(images: Sequence[Dataset]) -> list[Dataset]:
    """Slicer's reports on a prostate's zones."""
    return organ_values(images, codes.SCT.PeripheralZoneOfTheProstate)

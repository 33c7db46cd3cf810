"""Made-up segmentations: masks over the slices of a series."""

from collections.abc import Sequence

import numpy as np
from pydicom import Dataset, uid
from pydicom.datadict import tag_for_keyword

from stream.simulated.codes import NEOPLASM
from stream.simulated.datasets import code, instance, item, reference, set_pixels
from stream.simulated.synthetic import OF_STUDY


def make_seg(masks: Sequence[np.ndarray], images: Sequence[Dataset], **attributes: object) -> Dataset:
    """A binary segmentation of `images`: one segment per mask (slices, rows, columns), a frame for every slice."""
    first = images[0]
    same = (*OF_STUDY, "FrameOfReferenceUID")
    seg = instance(uid.SegmentationStorage, "SEG", {name: first.get(name) for name in same} | attributes)
    seg.SegmentationType = "BINARY"
    seg.SegmentSequence = [_segment(number) for number in range(1, len(masks) + 1)]
    seg.ReferencedSeriesSequence = [item(SeriesInstanceUID=first.SeriesInstanceUID)]
    seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence = [reference(image) for image in images]
    seg.SharedFunctionalGroupsSequence = [_shared_groups(images)]
    seg.DimensionOrganizationSequence, seg.DimensionIndexSequence = _dimensions(seg)
    seg.PerFrameFunctionalGroupsSequence = [
        _frame_groups(number, place, image)
        for number in range(1, len(masks) + 1)
        for place, image in enumerate(images, start=1)
    ]
    set_pixels(seg, np.concatenate([np.asarray(mask, bool) for mask in masks]), bits=1)
    return seg


def _segment(number: int) -> Dataset:
    segment = item(SegmentNumber=number, SegmentLabel=f"lesion-{number}", SegmentAlgorithmType="MANUAL")
    segment.SegmentedPropertyCategoryCodeSequence = [code("49755003", "SCT", "Morphologically Abnormal Structure")]
    segment.SegmentedPropertyTypeCodeSequence = [code(*NEOPLASM)]
    return segment


def _shared_groups(images: Sequence[Dataset]) -> Dataset:
    first = images[0]
    step = abs(images[1].ImagePositionPatient[2] - first.ImagePositionPatient[2]) if len(images) > 1 else 1.0
    measures = item(PixelSpacing=first.PixelSpacing, SliceThickness=step, SpacingBetweenSlices=step)
    orientation = item(ImageOrientationPatient=first.ImageOrientationPatient)
    return item(PixelMeasuresSequence=[measures], PlaneOrientationSequence=[orientation])


def _dimensions(seg: Dataset) -> tuple[list[Dataset], list[Dataset]]:
    """Frames are indexed by segment, then by position (PS3.3 C.7.6.17)."""
    organization = uid.generate_uid(entropy_srcs=[seg.SOPInstanceUID, "dimensions"])
    pointers = (
        ("ReferencedSegmentNumber", "SegmentIdentificationSequence"),
        ("ImagePositionPatient", "PlanePositionSequence"),
    )
    indices = [
        item(
            DimensionOrganizationUID=organization,
            DimensionIndexPointer=tag_for_keyword(attribute),
            FunctionalGroupPointer=tag_for_keyword(sequence),
        )
        for attribute, sequence in pointers
    ]
    return [item(DimensionOrganizationUID=organization)], indices


def _frame_groups(number: int, place: int, image: Dataset) -> Dataset:
    source = reference(image)
    source.PurposeOfReferenceCodeSequence = [code("121322", "DCM", "Source image for image processing operation")]
    derived = item(SourceImageSequence=[source])
    derived.DerivationCodeSequence = [code("113076", "DCM", "Segmentation")]
    return item(
        FrameContentSequence=[item(DimensionIndexValues=[number, place])],
        DerivationImageSequence=[derived],
        PlanePositionSequence=[item(ImagePositionPatient=image.ImagePositionPatient)],
        SegmentIdentificationSequence=[item(ReferencedSegmentNumber=number)],
    )

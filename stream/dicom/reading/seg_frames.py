"""The frames of a segmentation as fractions of a voxel, one at a time, whatever way they are stored."""

from collections.abc import Iterator

import numpy as np
from pydicom import Dataset

from stream.dicom.reading.pixel_format import NotDecodable, PixelFormat
from stream.dicom.reading.pixels import stored_frames
from stream.errors import SetAside
from stream.vocabulary import ReasonCode

HALF = 0.5  # a voxel that is in a lesion with this probability counts as inside (PS3.3 C.8.20.2)


def fractions(dataset: Dataset, form: PixelFormat) -> Iterator[tuple[int | None, np.ndarray]]:
    """Segment number and values (rows, columns) in [0, 1] per frame; of a label map no number, and the labels."""
    kind = str(dataset.get("SegmentationType") or "BINARY")
    numbers = [None] * form.frames if kind == "LABELMAP" else list(_segment_numbers(dataset))
    whole = float(dataset.get("MaximumFractionalValue") or 255) if kind == "FRACTIONAL" else 1.0
    probability = kind == "FRACTIONAL" and dataset.get("SegmentationFractionalType") == "PROBABILITY"
    for number, values in zip(numbers, _values(dataset, form), strict=True):
        fraction = values / whole if kind == "FRACTIONAL" else values
        yield number, fraction >= HALF if probability else fraction


def _segment_numbers(dataset: Dataset) -> Iterator[int]:
    shared = dataset.get("SharedFunctionalGroupsSequence") or [Dataset()]
    for group in dataset.get("PerFrameFunctionalGroupsSequence") or []:
        identification = group.get("SegmentIdentificationSequence") or shared[0].get("SegmentIdentificationSequence")
        if not identification:
            raise SetAside(ReasonCode.DECODE_FAILED, "A frame of the segmentation does not say which segment it shows.")
        yield int(identification[0].ReferencedSegmentNumber)


def _values(dataset: Dataset, form: PixelFormat) -> Iterator[np.ndarray]:
    """Frames (rows, columns) as stored, one at a time."""
    try:
        yield from stored_frames(dataset, form)
    except NotDecodable as error:
        raise SetAside(ReasonCode.DECODE_FAILED, f"The segmentation cannot be read: {error}") from None

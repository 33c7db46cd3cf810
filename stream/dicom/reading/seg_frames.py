"""The frames of a segmentation as fractions of a voxel, one at a time, however they are stored (PS3.3 C.8.20.2)."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NoReturn

import numpy as np
from pydicom import Dataset

from stream.dicom.reading.pixel_format import NotDecodable, PixelFormat
from stream.dicom.reading.pixels import stored_frames
from stream.dicom.reading.sop_classes import PLAIN
from stream.errors import SetAside
from stream.vocabulary import ReasonCode

HALF = 0.5  # a voxel that is in a lesion with this probability counts as inside (PS3.3 C.8.20.2)


def fractions(dataset: Dataset, form: PixelFormat) -> Iterator[tuple[int | None, np.ndarray]]:
    """Segment number and values (rows, columns) in [0, 1] per frame; of a label map no number, and the labels.

    SetAside(decode_failed) where the pixels are not what the header says of them.
    """
    _check_size(dataset, form)
    fraction = _rule(dataset, form)
    for number, values in zip(segment_numbers(dataset, form), _values(dataset, form), strict=True):
        yield number, fraction(values)


def segment_numbers(dataset: Dataset, form: PixelFormat) -> list[int | None]:
    """Which segment each frame shows; None in a label map, where every frame shows all."""
    if _kind(dataset) == "LABELMAP":
        return [None] * form.frames
    numbers = list(_stated_numbers(dataset))
    if not _described(dataset).issuperset(numbers):
        _refuse("A frame of the segmentation shows a segment that is not described.")
    return [*numbers]


def background(dataset: Dataset) -> list[int]:
    """The label that a label map gives to what is in no segment; other segmentations have none."""
    return [int(dataset.get("PixelPaddingValue") or 0)] if _kind(dataset) == "LABELMAP" else []


def together(
    shown: Iterator[tuple[int | None, np.ndarray]], places: Sequence[tuple[int | None, int]], wanted: Collection[int]
) -> Iterator[tuple[int | None, int, list[np.ndarray]]]:
    """Segment, number of a frame, and the values of all frames that show the segment in that place.

    `places` has the segment and the slice of each frame. Frames of segments that are not `wanted` are left out.
    """
    missing, seen = Counter(places), dict[tuple[int | None, int], list[np.ndarray]]()
    for frame, (place, (number, values)) in enumerate(zip(places, shown, strict=True)):
        missing[place] -= 1
        if number is None or number in wanted:
            seen.setdefault(place, []).append(values)
            if not missing[place]:
                yield number, frame, seen.pop(place)


def _kind(dataset: Dataset) -> str:
    return str(dataset.get("SegmentationType") or "")


def _described(dataset: Dataset) -> set[int]:
    return {int(segment.SegmentNumber) for segment in dataset.get("SegmentSequence") or []}


def _rule(dataset: Dataset, form: PixelFormat) -> Callable[[np.ndarray], np.ndarray]:
    """What makes fractions, or labels, of stored values."""
    kind = _kind(dataset)
    if kind == "BINARY":
        return lambda values: _at_most(values, 1)
    if kind == "FRACTIONAL":
        return _fractional(dataset, form)
    if kind != "LABELMAP":
        _refuse("The segmentation does not say of which type it is.")
    known = np.zeros(2**form.bits_allocated, dtype=bool)
    known[[*background(dataset), *_described(dataset)]] = True
    return lambda labels: labels if known[labels].all() else _refuse("A label of the segmentation is not described.")


def _fractional(dataset: Dataset, form: PixelFormat) -> Callable[[np.ndarray], np.ndarray]:
    most, meaning = int(dataset.get("MaximumFractionalValue") or 0), dataset.get("SegmentationFractionalType")
    if not 0 < most < 2**form.bits_stored or meaning not in ("PROBABILITY", "OCCUPANCY"):
        _refuse("The segmentation does not say what its fractions mean.")
    if meaning == "PROBABILITY":
        return lambda values: _at_most(values, most) >= HALF * most
    return lambda values: _at_most(values, most) / most


def _at_most(values: np.ndarray, most: int) -> np.ndarray:
    return values if values.max() <= most else _refuse("The segmentation holds values above its maximum.")


def _check_size(dataset: Dataset, form: PixelFormat) -> None:
    """Native data is as long as the header says: frames padded one by one are not where they are read."""
    if form.signed or form.samples != 1 or not form.rows * form.columns or form.bits_allocated not in (1, 8, 16):
        _refuse("The segmentation has no pixels of the kind that segmentations have.")
    encoded = dataset.get("PixelData") or b""
    if dataset.file_meta.TransferSyntaxUID not in PLAIN:
        return
    spare = encoded[form.native_bytes :]
    unused = -form.rows * form.columns * form.frames % 8 if form.bits_allocated == 1 else 0
    last = encoded[form.native_bytes - 1 : form.native_bytes]
    if len(spare) > 1 or any(spare) or (last and last[0] >> (8 - unused)):
        _refuse("The segmentation holds more pixels than its header says.")


def _stated_numbers(dataset: Dataset) -> Iterator[int]:
    shared = dataset.get("SharedFunctionalGroupsSequence") or [Dataset()]
    for group in dataset.get("PerFrameFunctionalGroupsSequence") or []:
        identification = group.get("SegmentIdentificationSequence") or shared[0].get("SegmentIdentificationSequence")
        if not identification:
            _refuse("A frame of the segmentation does not say which segment it shows.")
        yield int(identification[0].ReferencedSegmentNumber)


def _values(dataset: Dataset, form: PixelFormat) -> Iterator[np.ndarray]:
    """Frames (rows, columns) as stored, one at a time."""
    try:
        yield from stored_frames(dataset.get("PixelData") or b"", form, dataset.file_meta.TransferSyntaxUID)
    except NotDecodable as error:
        _refuse(f"The segmentation cannot be read: {error}")


def _refuse(sentence: str) -> NoReturn:
    raise SetAside(ReasonCode.DECODE_FAILED, sentence) from None

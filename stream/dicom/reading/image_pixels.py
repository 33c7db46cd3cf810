"""Grey values of images as the modality means them (PS3.3 C.11.1): stored values, rescaled."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydicom import Dataset

from stream.dicom.reading.files import read_whole
from stream.dicom.reading.pixel_format import NotDecodable, PixelFormat
from stream.dicom.reading.pixels import stored_frames


class NoImage(Exception):
    """Why there is no image of a lesion, in a few words that carry no value from a file."""


class RescaledFrame(NamedTuple):
    """A frame (from 0) as stored (rows, columns), and what makes grey values of it."""

    number: int
    stored: np.ndarray
    slope: float
    intercept: float


def grey_values(path: Path, frames: Collection[int]) -> Iterator[tuple[int, np.ndarray]]:
    """Each of `frames` (from 0) of the image in a file with its values (rows, columns) float.

    Raises NoImage, and SetAside (too_large, decode_failed) for the file as a whole.
    """
    dataset = read_whole(path)
    form = PixelFormat.of(dataset)
    if form.samples != 1 or not form.photometric.startswith("MONOCHROME"):
        raise NoImage("the image is not of grey values")
    try:
        encoded = dataset.get("PixelData") or b""
        for number, stored, slope, intercept in rescaled_frames(dataset, encoded, form, frames):
            yield number, stored * slope + intercept
    except NotDecodable:
        raise NoImage("the pixel data cannot be decoded") from None


def rescaled_frames(
    header: Dataset, encoded: bytes, form: PixelFormat, frames: Collection[int]
) -> Iterator[RescaledFrame]:
    """Each of `frames` (from 0) of an image of one sample a pixel, `encoded` its pixel data; raises NotDecodable."""
    for number, stored in enumerate(stored_frames(encoded, form, header.file_meta.TransferSyntaxUID)):
        if number in frames:
            slope, intercept = (_transformed(header, number, name, usual) for name, usual in RESCALE)
            yield RescaledFrame(number, stored, slope, intercept)


RESCALE = (("RescaleSlope", 1.0), ("RescaleIntercept", 0.0))


def holds_hounsfield(header: Dataset) -> bool:
    """Whether the values are CT numbers: of a CT, and of no other unit (0028,1054)."""
    return header.get("Modality") == "CT" and str(_stated(header, 0, "RescaleType") or "HU") == "HU"


def is_rescaled(header: Dataset) -> bool:
    """Whether it says how stored values become those of the modality, as CT and PET must (PS3.3 C.8.2.1, C.8.9.1)."""
    return all(_stated(header, 0, keyword) is not None for keyword, _ in RESCALE)


def _transformed(dataset: Dataset, frame: int, keyword: str, usual: float) -> float:
    stated = _stated(dataset, frame, keyword)
    return usual if stated is None else float(stated)


def _stated(dataset: Dataset, frame: int, keyword: str) -> Any:
    """A value of the transformation of a frame: its own, else that of all frames, else that of the image."""
    own = (dataset.get("PerFrameFunctionalGroupsSequence") or [])[frame : frame + 1]
    for group in (*own, *(dataset.get("SharedFunctionalGroupsSequence") or [])):
        for transformation in group.get("PixelValueTransformationSequence") or []:
            if transformation.get(keyword) is not None:
                return transformation.get(keyword)
    return dataset.get(keyword)

"""The volume of one series: its slices in order, in the modality's unit, turned as people look at them."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from pydicom import Dataset

from models.imaging.volume import Volume
from stream.dicom.reading.decoder import AT_ONCE
from stream.dicom.reading.files import read_pixel_data
from stream.dicom.reading.header import text
from stream.dicom.reading.image_pixels import holds_hounsfield, is_rescaled, rescaled_frames
from stream.dicom.reading.pictures.drawing import turn_of
from stream.dicom.reading.pictures.image_stacks import Image
from stream.dicom.reading.pixel_format import NotDecodable, PixelFormat
from stream.dicom.reading.volumes.no_volume import NoVolume
from stream.dicom.reading.volumes.slices import Slices, VolumeSlice, slices_of
from stream.dicom.reading.volumes.suv import suv_factor
from stream.errors import SetAside
from stream.hindrances import Hindrance
from stream.vocabulary import ReasonCode

LARGEST = 1e30
"""Of slope and intercept: below it values of 16 bits are numbers as float32."""


def series_volume(images: Sequence[Image]) -> Volume:
    """The volume of the images of one series, in any order; raises NoVolume, and OSError where a file is away."""
    return volume_of(slices_of(images))


def volume_of(slices: Slices) -> Volume:
    """The volume of slices in their order; raises NoVolume, and OSError where a file is away.

    Rows and columns are turned as a view is looked at: of axial slices the front is up and the patient's left is on the
    right. What is brightest is largest, also where the image says it the other way round (MONOCHROME1) and its values
    have no unit.
    """
    first = slices.ordered[0]
    factor = _factor([one.image.header for one in slices.ordered])
    values = _values(slices.ordered, factor)
    if _is_inverted(slices.ordered):
        values = values.max() + values.min() - values
    swapped, down, right = turn_of(first.plane.orientation)
    rows_mm, columns_mm = first.plane.spacing
    if swapped:
        values, rows_mm, columns_mm = values.swapaxes(1, 2), columns_mm, rows_mm
    turned = np.ascontiguousarray(values[:, ::down, ::right])
    return Volume(turned, (slices.step_mm, rows_mm, columns_mm), text(first.image.header, "Modality"))


def _factor(headers: Sequence[Dataset]) -> float:
    """What rescaled values are multiplied by; NoVolume where a header does not say what they mean."""
    if any(header.get("ModalityLUTSequence") for header in headers) or len({_modality(one) for one in headers}) > 1:
        raise NoVolume(Hindrance.NO_UNIT)
    modality = _modality(headers[0])
    if modality != "MR" and not all(map(is_rescaled, headers)):
        raise NoVolume(Hindrance.NO_UNIT)
    if modality == "PT":
        return suv_factor(headers)
    if modality not in ("CT", "MR") or (modality == "CT" and not all(map(holds_hounsfield, headers))):
        raise NoVolume(Hindrance.NO_UNIT)
    return 1.0


def _modality(header: Dataset) -> str:
    return text(header, "Modality")


def _is_inverted(slices: Sequence[VolumeSlice]) -> bool:
    """Of MR, whose values have no unit; those of CT and PET mean the same whatever is shown white."""
    stated = {text(one.image.header, "PhotometricInterpretation") for one in slices}
    if _modality(slices[0].image.header) != "MR" or "MONOCHROME1" not in stated:
        return False
    if len(stated) > 1:
        raise NoVolume(Hindrance.NO_UNIT)
    return True


def _values(slices: Sequence[VolumeSlice], factor: float) -> np.ndarray:
    """Values (D, rows, columns) float32 as stored, rescaled and multiplied; every file is read once."""
    plane = slices[0].plane
    values = np.empty((len(slices), plane.rows, plane.columns), np.float32)
    images = {one.image.path: one.image for one in slices}
    levels: dict[Path, dict[int, int]] = {path: {} for path in images}
    for level, one in enumerate(slices):
        levels[one.image.path][one.frame] = level
    with ThreadPoolExecutor(AT_ONCE) as readers:
        list(readers.map(lambda path: _fill(values, images[path], levels[path], factor), images))
    return values


def _fill(values: np.ndarray, image: Image, levels: Mapping[int, int], factor: float) -> None:
    """Write the frames of one file, `levels` by their number, into their places."""
    try:
        form = PixelFormat.of(image.header)
        _check_format(form)
        encoded = read_pixel_data(image.path, image.beginning)
        for frame in rescaled_frames(image.header, encoded, form, levels):
            scale, offset = frame.slope * factor, frame.intercept * factor
            if not abs(scale) + abs(offset) < LARGEST:
                raise NoVolume(Hindrance.NOT_FINITE)
            level = values[levels[frame.number]]
            np.multiply(frame.stored, np.float32(scale), out=level, casting="same_kind")
            if offset:
                level += np.float32(offset)
    except NotDecodable:
        raise NoVolume(Hindrance.NOT_DECODABLE) from None
    except SetAside as error:
        too_large = error.reason_code == ReasonCode.TOO_LARGE
        raise NoVolume(Hindrance.TOO_LARGE if too_large else Hindrance.NOT_DECODABLE) from None


def _check_format(form: PixelFormat) -> None:
    if form.bits_allocated == 1:
        raise NoVolume(Hindrance.SINGLE_BITS)
    if form.samples != 1 or not form.photometric.startswith("MONOCHROME"):
        raise NoVolume(Hindrance.NOT_GREY)

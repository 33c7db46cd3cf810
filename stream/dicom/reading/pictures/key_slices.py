"""The key slice of a lesion: the one that shows most of it, as a small picture without anything of the header."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from pydicom import Dataset, uid

from stream.dicom.reading.geometry import Plane
from stream.dicom.reading.image_pixels import NoImage, grey_values
from stream.dicom.reading.pictures.drawing import Oriented, draw, oriented, view_of
from stream.dicom.reading.pictures.drawn_lesions import LesionFrame
from stream.dicom.reading.pictures.image_stacks import Image, ShownSlice, level_of
from stream.dicom.reading.pictures.windows import brightness
from stream.dicom.reading.stacks import SAME_PLACE_MM
from stream.measured_scan import KeySlice
from stream.png import png

TOMOGRAPHIC = (
    uid.CTImageStorage,
    uid.EnhancedCTImageStorage,
    uid.LegacyConvertedEnhancedCTImageStorage,
    uid.MRImageStorage,
    uid.EnhancedMRImageStorage,
    uid.LegacyConvertedEnhancedMRImageStorage,
    uid.PositronEmissionTomographyImageStorage,
    uid.EnhancedPETImageStorage,
    uid.LegacyConvertedEnhancedPETImageStorage,
)
"""Kinds of images whose pixels hold no words; into screenshots and ultrasound names are often written."""


@dataclass(frozen=True)
class KeyPlace:
    """Where the key slice of a lesion is: frame of an image, its number of so many slices, `inside` (rows, columns)."""

    lesion_uid: str
    shown: ShownSlice
    number: int
    slices: int
    inside: np.ndarray


def key_place(lesion_uid: str, drawn: Sequence[LesionFrame], stack: Sequence[ShownSlice]) -> KeyPlace:
    """The slice of `stack` that shows the largest area; of several, the one nearest to the middle of the lesion.

    Slices are counted along the patient's axis: from the feet, the front or the right. NoImage where the stack shows
    places at several times.
    """
    if len(stack) > 1 and np.diff([shown.along for shown in stack]).min() <= SAME_PLACE_MM:
        raise NoImage("the series shows the lesion several times")
    levels: dict[int, np.ndarray] = {}
    for frame in drawn:
        inside = levels.setdefault(level_of(frame, stack), np.zeros((frame.plane.rows, frame.plane.columns), bool))
        height, width = frame.inside.shape
        inside[frame.top : frame.top + height, frame.left : frame.left + width] |= frame.inside
    middle = (min(levels) + max(levels)) / 2
    level = max(levels, key=lambda each: (np.count_nonzero(levels[each]), -abs(each - middle), -each))
    normal = drawn[0].plane.normal
    upwards = normal[np.abs(normal).argmax()] > 0
    number = level + 1 if upwards else len(stack) - level
    return KeyPlace(lesion_uid, stack[level], number, len(stack), levels[level])


def key_slices(places: Sequence[KeyPlace], image: Image) -> Iterator[KeySlice]:
    """The pictures of `places`, all of them in `image`, whose file is read once.

    Raises NoImage where words may be burnt into it or it has no values, SetAside where it cannot be read.
    """
    if not is_nameless(image.header):
        raise NoImage("words may be burnt into the image")
    greys = dict(grey_values(image.path, {place.shown.frame for place in places}))
    for place in places:
        yield _key_slice(place, greys[place.shown.frame], image.header)


def is_nameless(header: Dataset) -> bool:
    """PS3.3 C.7.6.1.1.2 and C.12.1: what is a screen's picture, or says that words are burnt in, is not shown."""
    burnt_in = header.get("BurnedInAnnotation") == "YES" or "SCREEN SAVE" in (header.get("ImageType") or [])
    return header.get("SOPClassUID") in TOMOGRAPHIC and not burnt_in


def _key_slice(place: KeyPlace, grey: np.ndarray, header: Dataset) -> KeySlice:
    if not np.isfinite(grey).all():
        raise NoImage("grey values are no numbers")
    plane = place.shown.plane
    shares = brightness(header, place.shown.frame, grey)
    picture = draw(oriented(Oriented(shares, place.inside, plane.spacing), plane.orientation))
    rows, columns = picture.grey.shape
    return KeySlice(
        lesion_uid=place.lesion_uid,
        png=png(picture.grey),
        width=columns,
        height=rows,
        mm_per_pixel=picture.mm_per_pixel,
        view=view_of(plane.normal),
        slice_number=place.number,
        slices=place.slices,
        area_mm2=_area_mm2(place.inside, plane),
        instance_uid=place.shown.uid,
    )


def _area_mm2(inside: np.ndarray, plane: Plane) -> float:
    return float(np.count_nonzero(inside) * plane.spacing[0] * plane.spacing[1])

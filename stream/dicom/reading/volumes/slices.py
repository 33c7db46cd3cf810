"""The slices of one series in their order along the patient, without localizers and screens; never guessed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydicom import Dataset

from stream import logs
from stream.dicom.reading.geometry import ANGLE_TOLERANCE, SIZE_TOLERANCE, Plane, planes
from stream.dicom.reading.pictures.image_stacks import Image
from stream.dicom.reading.pictures.key_slices import TOMOGRAPHIC
from stream.dicom.reading.seg_geometry import UNIT_TOLERANCE
from stream.dicom.reading.stacks import Stack, are_steps_of
from stream.dicom.reading.volumes.no_volume import NoVolume
from stream.hindrances import Hindrance

MOST_SLICES, MOST_VOXELS = 2000, 2**28
"""A whole body at 1 mm, 1,024 slices of 512²: a gigabyte as float32, which a worker holds beside its models."""
SCREENS = frozenset({"LOCALIZER", "SCREEN SAVE", "DOSE_INFO", "DOSE INFO"})
"""Words of Image Type (0008,0008) of what is sent in a series and is none of its slices."""


@dataclass(frozen=True)
class VolumeSlice:
    """One frame (from 0) of a kept image, its plane, and where in the patient (3,) its first pixel lies, in mm."""

    image: Image
    frame: int
    plane: Plane
    position: np.ndarray


@dataclass(frozen=True)
class Slices:
    """Slices from the lowest position up, `step_mm` between them."""

    ordered: Sequence[VolumeSlice]
    step_mm: float


def slices_of(images: Sequence[Image]) -> Slices:
    """The slices of the images of one series, by position and direction and never by their number; raises NoVolume."""
    slices = _of_most(_all_placed(images))
    if not slices:
        raise NoVolume(Hindrance.NO_SLICES)
    if len(slices) == 1:
        raise NoVolume(Hindrance.ONE_SLICE)
    _check_grid(slices)
    normal = slices[0].plane.normal
    upwards = normal * np.sign(normal[np.abs(normal).argmax()])
    ordered = sorted(slices, key=lambda one: float(one.position @ upwards))
    step_mm = _step(Stack.of([float(one.position @ upwards) for one in ordered]), len(ordered))
    _check_straight(ordered)
    return Slices(ordered, step_mm)


def _all_placed(images: Sequence[Image]) -> list[VolumeSlice]:
    """All frames that are slices; NoVolume where one does not say where it lies, or there are too many."""
    slices: list[VolumeSlice] = []
    for image in images:
        words = image_type(image.header)
        described = [] if _is_screen(image.header, words) else list(planes(image.header))
        if "DERIVED" in words and None in described:  # a picture of what was computed
            described = []
        if not described:
            logs.event("slice_left_out", reason="a localizer or screen")
        if len(slices) + len(described) > MOST_SLICES:
            raise NoVolume(Hindrance.TOO_LARGE)
        slices += [_placed(image, frame, plane) for frame, plane in enumerate(described)]
    return slices


def _is_screen(header: Dataset, words: set[str]) -> bool:
    return header.get("SOPClassUID") not in TOMOGRAPHIC or bool(SCREENS & words)


def image_type(header: Dataset) -> set[str]:
    """The words of Image Type (0008,0008)."""
    return {str(word) for word in header.get("ImageType") or []}


def _placed(image: Image, frame: int, plane: Plane | None) -> VolumeSlice:
    if plane is None or plane.position is None or not plane.rows or not plane.columns:
        raise NoVolume(Hindrance.NO_PLACE)
    products = plane.orientation @ plane.orientation.T
    numbers = np.array([*plane.position, *plane.spacing, *plane.orientation.ravel()])
    if not np.isfinite(numbers).all() or min(plane.spacing) <= 0 or np.abs(products - np.eye(2)).max() > UNIT_TOLERANCE:
        raise NoVolume(Hindrance.NO_PLACE)
    return VolumeSlice(image, frame, plane, plane.position)


def _of_most(slices: Sequence[VolumeSlice]) -> list[VolumeSlice]:
    """Those of the direction that most have; single slices of others are localizers that do not say so."""
    groups: list[list[VolumeSlice]] = []
    for one in slices:
        near = (group for group in groups if _is_turned_alike(one.plane, group[0].plane))
        if (group := next(near, None)) is None:
            groups.append(group := [])
        group.append(one)
    groups.sort(key=len, reverse=True)
    if any(len(group) > 1 for group in groups[1:]):
        raise NoVolume(Hindrance.SEVERAL_DIRECTIONS)
    for _ in groups[1:]:
        logs.event("slice_left_out", reason="alone in its direction")
    return groups[0] if groups else []


def _is_turned_alike(one: Plane, other: Plane) -> bool:
    return bool(np.abs(one.orientation - other.orientation).max() <= ANGLE_TOLERANCE)


def _check_grid(slices: Sequence[VolumeSlice]) -> None:
    """One matrix, one size of pixels, one space."""
    first = slices[0].plane
    for plane in (one.plane for one in slices):
        if plane.frame_of_reference != first.frame_of_reference:
            raise NoVolume(Hindrance.SEVERAL_SPACES)
        if (plane.rows, plane.columns) != (first.rows, first.columns):
            raise NoVolume(Hindrance.SEVERAL_SIZES)
        if not np.allclose(plane.spacing, first.spacing, rtol=SIZE_TOLERANCE):
            raise NoVolume(Hindrance.SEVERAL_SIZES)
    if len(slices) * first.rows * first.columns > MOST_VOXELS:
        raise NoVolume(Hindrance.TOO_LARGE)


def _step(stack: Stack, slices: int) -> float:
    """The distance (mm) between all neighbours; NoVolume where slices are doubled, missing or uneven."""
    if len(stack.places) < slices:
        raise NoVolume(Hindrance.DOUBLED_SLICES)
    if stack.step is None:
        skips = all(are_steps_of(stack.gaps, min(stack.gaps)))
        raise NoVolume(Hindrance.MISSING_SLICES if skips else Hindrance.UNEVEN_STEPS)
    return stack.step


def _check_straight(ordered: Sequence[VolumeSlice]) -> None:
    """Whether slices lie above each other: a tilted gantry moves each of them along the table, against the last."""
    first = ordered[0]
    shifts = [first.plane.orientation @ (one.position - first.position) for one in ordered]
    if np.abs(shifts).max() > min(first.plane.spacing) / 2:
        raise NoVolume(Hindrance.GANTRY_TILT)

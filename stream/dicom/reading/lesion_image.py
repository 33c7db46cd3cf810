"""The image of a lesion under its segmentation: grey values, outline and spacing, for the image embedding.

An image is never guessed: where it is not clear which slices were drawn on, or they cannot be read, there is none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset

from models.image import Patch
from stream.dicom.reading.geometry import Plane, planes
from stream.dicom.reading.image_pixels import NoImage, grey_values, holds_hounsfield
from stream.dicom.reading.pixel_format import PixelFormat
from stream.dicom.reading.seg_frames import HALF, fractions
from stream.dicom.reading.seg_geometry import frame_planes, frame_sources
from stream.dicom.reading.stacks import SAME_PLACE_MM

UNEVEN = 0.01  # of the distance between slices: positions come as rounded decimal strings
MAX_VOXELS = 2**24
"""Most voxels of the box around a lesion, 20 cm at 0.8 mm: interpolating them takes half a gigabyte."""


@dataclass(frozen=True)
class Image:
    """A kept image: where its file is, and its header."""

    path: Path
    header: Dataset


@dataclass(frozen=True)
class _Outline:
    """What a frame of a segmentation says of a lesion: `inside` (h, w) bool, its first row and column in the frame."""

    plane: Plane
    top: int
    left: int
    inside: np.ndarray


@dataclass(frozen=True)
class _Slice:
    """One frame of an image, `along` (mm) the normal of the stack; `named`: a segmentation says it was drawn on it."""

    uid: str
    frame: int
    plane: Plane
    along: float
    named: bool


def lesion_patch(segmentation: Dataset, segment: int, images: Mapping[str, Image]) -> Patch:
    """The lesion of `segment` in the images (by SOP Instance UID) it was drawn on.

    Raises NoImage, saying why; SetAside where segmentation or image cannot be read.
    """
    outlines = list(_outlines(segmentation, segment))
    if not outlines:
        raise NoImage("the lesion is empty")
    stack = _stack(outlines, images, _named(segmentation))
    levels = [_level(outline, stack) for outline in outlines]
    stack = stack[max(0, min(levels) - 1) : max(levels) + 2]
    spacing_mm = (_step(stack), *stack[0].plane.spacing)
    rows, columns = _box(outlines)
    inside = _inside(outlines, stack, rows, columns)
    hounsfield = all(holds_hounsfield(images[shown.uid].header) for shown in stack)
    return Patch(_values(stack, images, rows, columns), inside, spacing_mm, hounsfield)


def _outlines(segmentation: Dataset, segment: int) -> Iterator[_Outline]:
    form = PixelFormat.of(segmentation)
    for plane, (number, values) in zip(frame_planes(segmentation, form), fractions(segmentation, form), strict=True):
        if number not in (None, segment):
            continue
        inside = values == segment if number is None else values >= HALF
        if inside.any():
            rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
            top, left = int(rows[0]), int(columns[0])
            yield _Outline(plane, top, left, inside[top : rows[-1] + 1, left : columns[-1] + 1].copy())


def _named(segmentation: Dataset) -> set[str]:
    """The images that the frames name as their sources."""
    return {uid for group in segmentation.PerFrameFunctionalGroupsSequence for uid in frame_sources(group)}


def _stack(outlines: Sequence[_Outline], images: Mapping[str, Image], named: set[str]) -> list[_Slice]:
    """The frames of the only series that shows the lesion's place in every voxel, in order.

    A series may show one place at several times: then what is named stands for it.
    """
    like = outlines[0].plane
    by_series: dict[str, list[_Slice]] = {}
    for uid, image in images.items():
        for frame, plane in enumerate(planes(image.header)):
            if plane and plane.position is not None and (plane.rows, plane.columns) == (like.rows, like.columns):
                shown = _Slice(uid, frame, plane, float(plane.position @ like.normal), uid in named)
                by_series.setdefault(str(image.header.get("SeriesInstanceUID")), []).append(shown)
    drawn_on = [each for each in by_series.values() if not named or any(shown.named for shown in each)]
    stacks = [stack for each in drawn_on if _shows_all(outlines, stack := _in_order(each))]
    if len(stacks) != 1:
        raise NoImage("several series show the lesion" if stacks else "the images it was drawn on are not there")
    return stacks[0]


def _in_order(series: Sequence[_Slice]) -> list[_Slice]:
    taken = np.array([shown.along for shown in series if shown.named])
    kept = [shown for shown in series if shown.named or not (np.abs(taken - shown.along) <= SAME_PLACE_MM).any()]
    return sorted(kept, key=lambda shown: shown.along)


def _shows_all(outlines: Sequence[_Outline], stack: Sequence[_Slice]) -> bool:
    return all(outline.plane.agrees_with(stack[_level(outline, stack)].plane) for outline in outlines)


def _level(outline: _Outline, stack: Sequence[_Slice]) -> int:
    """Where in the stack the nearest slice lies."""
    along = outline.plane.position @ outline.plane.normal
    return int(np.abs(np.array([shown.along for shown in stack]) - along).argmin())


def _step(stack: Sequence[_Slice]) -> float:
    """Distance (mm) between the slices of a stack."""
    steps = np.diff([shown.along for shown in stack])
    if len(steps) == 0:
        raise NoImage("a single slice has no depth")
    if steps.min() <= 0 or np.ptp(steps) > UNEVEN * steps.mean():
        raise NoImage("the slices are not evenly spaced")
    return float(steps.mean())


def _box(outlines: Sequence[_Outline]) -> tuple[slice, slice]:
    """Rows and columns of all outlines and, as in the stack, a voxel around them: what their edges fade into."""
    bottom = max(outline.top + outline.inside.shape[0] for outline in outlines)
    right = max(outline.left + outline.inside.shape[1] for outline in outlines)
    top, left = min(outline.top for outline in outlines), min(outline.left for outline in outlines)
    plane = outlines[0].plane
    return slice(max(0, top - 1), min(plane.rows, bottom + 1)), slice(max(0, left - 1), min(plane.columns, right + 1))


def _inside(outlines: Sequence[_Outline], stack: Sequence[_Slice], rows: slice, columns: slice) -> np.ndarray:
    """What lies within the outlines (D, h, w) bool, in the box."""
    inside = np.zeros((len(stack), rows.stop - rows.start, columns.stop - columns.start), dtype=bool)
    if inside.size > MAX_VOXELS:
        raise NoImage("the lesion has too many voxels")
    for outline in outlines:
        top, left = outline.top - rows.start, outline.left - columns.start
        height, width = outline.inside.shape
        inside[_level(outline, stack), top : top + height, left : left + width] |= outline.inside
    return inside


def _values(stack: Sequence[_Slice], images: Mapping[str, Image], rows: slice, columns: slice) -> np.ndarray:
    """Grey values (D, h, w) float32 of the box in each slice; every file is read once."""
    values = np.empty((len(stack), rows.stop - rows.start, columns.stop - columns.start), dtype=np.float32)
    wanted: dict[str, dict[int, int]] = {}
    for level, shown in enumerate(stack):
        wanted.setdefault(shown.uid, {})[shown.frame] = level
    for uid, frames in wanted.items():
        for frame, grey in grey_values(images[uid].path, frames):
            values[frames[frame]] = grey[rows, columns]
    return values

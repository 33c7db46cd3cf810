"""The image of a lesion under its segmentation: grey values, outline and spacing, for the image embedding.

An image is never guessed: where it is not clear which slices were drawn on, or they cannot be read, there is none.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from models.image import Patch
from stream.dicom.reading.image_pixels import NoImage, grey_values, holds_hounsfield
from stream.dicom.reading.pictures.drawn_lesions import LesionFrame
from stream.dicom.reading.pictures.image_stacks import Image, ShownSlice, level_of

UNEVEN = 0.01  # of the distance between slices: positions come as rounded decimal strings
MAX_VOXELS = 2**24
"""Most voxels of the box around a lesion, 20 cm at 0.8 mm: interpolating them takes half a gigabyte."""


def lesion_patch(drawn: Sequence[LesionFrame], stack: Sequence[ShownSlice], images: Mapping[str, Image]) -> Patch:
    """The lesion of these frames in the `stack` of images (by SOP Instance UID) it was drawn on.

    Raises NoImage, saying why; SetAside where an image cannot be read.
    """
    levels = [level_of(frame, stack) for frame in drawn]
    stack = stack[max(0, min(levels) - 1) : max(levels) + 2]
    spacing_mm = (_step(stack), *stack[0].plane.spacing)
    rows, columns = _box(drawn)
    inside = _inside(drawn, stack, rows, columns)
    hounsfield = all(holds_hounsfield(images[shown.uid].header) for shown in stack)
    return Patch(_values(stack, images, rows, columns), inside, spacing_mm, hounsfield)


def _step(stack: Sequence[ShownSlice]) -> float:
    """Distance (mm) between the slices of a stack."""
    steps = np.diff([shown.along for shown in stack])
    if len(steps) == 0:
        raise NoImage("a single slice has no depth")
    if steps.min() <= 0 or np.ptp(steps) > UNEVEN * steps.mean():
        raise NoImage("the slices are not evenly spaced")
    return float(steps.mean())


def _box(drawn: Sequence[LesionFrame]) -> tuple[slice, slice]:
    """Rows and columns of all frames and, as in the stack, a voxel around them: what their edges fade into."""
    bottom = max(frame.top + frame.inside.shape[0] for frame in drawn)
    right = max(frame.left + frame.inside.shape[1] for frame in drawn)
    top, left = min(frame.top for frame in drawn), min(frame.left for frame in drawn)
    plane = drawn[0].plane
    return slice(max(0, top - 1), min(plane.rows, bottom + 1)), slice(max(0, left - 1), min(plane.columns, right + 1))


def _inside(drawn: Sequence[LesionFrame], stack: Sequence[ShownSlice], rows: slice, columns: slice) -> np.ndarray:
    """What lies within the outlines (D, h, w) bool, in the box."""
    inside = np.zeros((len(stack), rows.stop - rows.start, columns.stop - columns.start), dtype=bool)
    if inside.size > MAX_VOXELS:
        raise NoImage("the lesion has too many voxels")
    for frame in drawn:
        top, left = frame.top - rows.start, frame.left - columns.start
        height, width = frame.inside.shape
        inside[level_of(frame, stack), top : top + height, left : left + width] |= frame.inside
    return inside


def _values(stack: Sequence[ShownSlice], images: Mapping[str, Image], rows: slice, columns: slice) -> np.ndarray:
    """Grey values (D, h, w) float32 of the box in each slice; every file is read once."""
    values = np.empty((len(stack), rows.stop - rows.start, columns.stop - columns.start), dtype=np.float32)
    wanted: dict[str, dict[int, int]] = {}
    for level, shown in enumerate(stack):
        wanted.setdefault(shown.uid, {})[shown.frame] = level
    for uid, frames in wanted.items():
        for frame, grey in grey_values(images[uid].path, frames):
            values[frames[frame]] = grey[rows, columns]
    return values

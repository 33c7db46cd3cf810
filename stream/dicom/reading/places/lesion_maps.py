"""A lesion's outline on the grid of growth maps: a cube of voxels along the patient's axes, around its own middle."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.ndimage import map_coordinates

from models.growth.maps import SHAPE, SPACING_MM, VOXELS, packed
from stream.dicom.reading.geometry import ANGLE_TOLERANCE, Plane
from stream.dicom.reading.stacks import SAME_PLACE_MM
from stream.measured_scan import LesionMap

HALF = 0.5
"""From which share on a voxel is inside."""
BESIDE_MM = 0.01
"""How far the grid lies beside the middle: else voxels lie just on the edge between two of the image's, and all of them
would be in, or in on one machine and out on another."""
APART = 1.5
"""Of a slice's depth: outlines further apart have a slice without the lesion between them."""
MOST_OUTSIDE = 0.01
"""Of a lesion, beyond its cube."""
MOST_VOXELS = 2**22
"""Of the boxes around a lesion in its slices, 8 cm at 0.35 mm: where each lies takes 200 MB while it is looked at. The
one box around all of them may hold four times as many."""


class NoMap(Exception):
    """Why the outline of a lesion is on no map, in words."""


class OutlinedSlice(NamedTuple):
    """What a lesion fills (h, w), from 0 to 1, of a slice of this depth, and its first row and column there."""

    plane: Plane
    top: int
    left: int
    inside: np.ndarray
    depth_mm: float

    @classmethod
    def of(cls, plane: Plane, inside: np.ndarray, depth_mm: float) -> "OutlinedSlice":
        """Of a whole slice (rows, columns) that has a voxel of the lesion: what is around it is left out."""
        rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
        top, left = int(rows[0]), int(columns[0])
        filled = inside[top : rows[-1] + 1, left : columns[-1] + 1].astype(np.float32)
        return cls(plane, top, left, filled, depth_mm)


def lesion_map(lesion_uid: str, slices: Sequence[OutlinedSlice]) -> LesionMap:
    """The outline of a lesion with these slices, one at least; raises NoMap."""
    if any(np.abs(one.plane.orientation - slices[0].plane.orientation).max() > ANGLE_TOLERANCE for one in slices):
        raise NoMap("its slices are turned against each other")
    if sum(one.inside.size for one in slices) > MOST_VOXELS or _box_voxels(slices) > 4 * MOST_VOXELS:
        raise NoMap("its outline has more pixels than are drawn")
    points, weights = _places(slices)
    middle = np.round(weights @ points / weights.sum(), 1)
    outside = np.abs(points - middle).max(axis=1) > VOXELS * SPACING_MM / 2
    if weights[outside].sum() > MOST_OUTSIDE * weights.sum():
        raise NoMap(f"it does not fit into the {VOXELS * SPACING_MM / 10:g} cm of a map")
    inside = _on_grid(slices, middle)
    if not inside.any():  # smaller than a voxel
        inside[(VOXELS // 2,) * 3] = True
    return LesionMap(lesion_uid, packed(inside))


def _box_voxels(slices: Sequence[OutlinedSlice]) -> int:
    """Of the box around all of them, slices without the lesion apart."""
    height = max(one.top + one.inside.shape[0] for one in slices) - min(one.top for one in slices)
    width = max(one.left + one.inside.shape[1] for one in slices) - min(one.left for one in slices)
    return int(height * width * len(slices))


def _places(slices: Sequence[OutlinedSlice]) -> tuple[np.ndarray, np.ndarray]:
    """Where the voxels of a lesion lie (n, 3), mm, and how much each holds of it (n,)."""
    points, weights = [], []
    for one in slices:
        rows, columns = np.nonzero(one.inside)
        points.append(one.plane.points(rows + one.top, columns + one.left))
        weights.append(one.inside[rows, columns] * one.depth_mm)
    return np.concatenate(points), np.concatenate(weights)


def _on_grid(slices: Sequence[OutlinedSlice], middle: np.ndarray) -> np.ndarray:
    """What lies inside (Z, Y, X) bool of a cube around `middle` (x, y, z), linear between voxels."""
    first = slices[0].plane
    offsets = (np.indices(SHAPE)[::-1] - (VOXELS - 1) / 2) * SPACING_MM
    points = np.moveaxis(offsets, 0, -1) + middle + BESIDE_MM - _corner(first)
    along, values, top, left = _stacked(slices)
    level = np.interp(points @ first.normal, along, np.arange(len(along)))
    row = points @ first.orientation[1] / first.spacing[0] - top
    column = points @ first.orientation[0] / first.spacing[1] - left
    inside: np.ndarray = map_coordinates(values, [level, row, column], order=1, mode="constant") >= HALF
    return inside


def _stacked(slices: Sequence[OutlinedSlice]) -> tuple[list[float], np.ndarray, int, int]:
    """Slices (D, H, W) with nothing around the lesion, where each lies along the first one's normal, first pixel."""
    placed = sorted(_beside_the_first(slices), key=lambda each: each[0])
    top, left = (min(getattr(one, side) for _, one in placed) - 1 for side in ("top", "left"))
    height = max(one.top + one.inside.shape[0] for _, one in placed) - top + 1
    width = max(one.left + one.inside.shape[1] for _, one in placed) - left + 1
    along, values, above = list[float](), list[np.ndarray](), 0.0
    for at, one in placed:
        if not along or at - along[-1] > SAME_PLACE_MM:
            if along and at - along[-1] > APART * one.depth_mm:
                along.append(along[-1] + above)
                values.append(np.zeros((height, width), np.float32))
            if not along or at - along[-1] > APART * one.depth_mm:
                along.append(at - one.depth_mm)
                values.append(np.zeros((height, width), np.float32))
            along.append(at)
            values.append(np.zeros((height, width), np.float32))
        above = one.depth_mm
        rows, columns = one.top - top, one.left - left
        here = values[-1][rows : rows + one.inside.shape[0], columns : columns + one.inside.shape[1]]
        np.maximum(here, one.inside, out=here)
    nothing = np.zeros((1, height, width), np.float32)
    return [*along, along[-1] + above], np.concatenate([np.stack(values), nothing]), top, left


def _beside_the_first(slices: Sequence[OutlinedSlice]) -> Iterator[tuple[float, OutlinedSlice]]:
    """Each with its distance along the normal; rows and columns as the first slice counts them."""
    first = slices[0].plane
    for one in slices:
        moved = _corner(one.plane) - _corner(first)
        down, right = np.round(first.orientation[::-1] @ moved / first.spacing).astype(int)
        yield float(moved @ first.normal), one._replace(top=one.top + int(down), left=one.left + int(right))


def _corner(plane: Plane) -> np.ndarray:
    """Where the first pixel lies in the patient (3,), mm."""
    corner: np.ndarray = plane.points(np.zeros(1), np.zeros(1))[0]
    return corner

"""The crop of a lesion: its outline at every visit on one grid, that of maps.py, centred on it at the first visit."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from models.growth.maps import SHAPE, SPACING_MM, VOXELS


class ScanVolume(NamedTuple):
    """Values of a scan (Z, Y, X), slices first, grey or an outline; `spacing_mm` between voxels along each axis."""

    values: np.ndarray
    spacing_mm: tuple[float, float, float]


class Alignment(NamedTuple):
    """Where a point p of one scan lies in another: `matrix` (3, 3) @ p + `shift` (3,), in mm from the first voxel.

    `similarity` of the two scans so laid: more is better.
    """

    matrix: np.ndarray
    shift: np.ndarray
    similarity: float


def middle_mm(outline: ScanVolume) -> np.ndarray:
    """The middle (3,) of what lies inside, in mm from the first voxel; ValueError where nothing does."""
    inside = np.argwhere(outline.values)
    if not len(inside):
        raise ValueError("A lesion that is nowhere has no crop.")
    middle: np.ndarray = inside.mean(0) * outline.spacing_mm
    return middle


def cropped(outline: ScanVolume, middle: np.ndarray, alignment: Alignment | None = None) -> np.ndarray:
    """What lies inside (Z, Y, X) bool, on the crop around `middle` (mm): half a voxel or more, linear between voxels.

    `middle` is a point of the first scan; of a later one `alignment` says where the first scan's points lie in it.
    """
    offsets = (np.indices(SHAPE) - (VOXELS - 1) / 2).reshape(3, -1) * SPACING_MM
    points = offsets + middle[:, None]
    if alignment:
        points = alignment.matrix @ points + alignment.shift[:, None]
    places = points / np.array(outline.spacing_mm)[:, None]
    share = ndimage.map_coordinates(outline.values.astype(np.float32), places, order=1, mode="constant")
    inside: np.ndarray = share.reshape(SHAPE) >= 0.5
    return inside

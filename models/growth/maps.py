"""Maps of a lesion on the grid of its crop: signed distance to the outline, volume, overlap.

A crop is a cube of VOXELS voxels of SPACING_MM, slices first, centred on the lesion at the first visit.
"""

import math

import numpy as np
from scipy import ndimage

SPACING_MM = 2.0
VOXELS = 40
SHAPE = (VOXELS, VOXELS, VOXELS)
VOXEL_ML = SPACING_MM**3 / 1000
FAR_MM = 30.0
"""Distances beyond this count as this; without a lesion every voxel is that far outside."""


def signed_distance(inside: np.ndarray) -> np.ndarray:
    """Distance (mm, float32) of each voxel (…) to the outline: negative inside, FAR_MM where there is no lesion."""
    if not inside.any():
        return np.full(inside.shape, FAR_MM, dtype=np.float32)
    out = ndimage.distance_transform_edt(~inside)
    within = ndimage.distance_transform_edt(inside)
    to_edge = np.where(inside, 0.5 - within, out - 0.5) * SPACING_MM
    clipped: np.ndarray = np.clip(to_edge, -FAR_MM, FAR_MM).astype(np.float32)
    return clipped


def volume_ml(inside: np.ndarray) -> float:
    """Volume of the voxels `inside`; of chances (float), the volume to be expected."""
    return float(inside.sum(dtype=np.float64)) * VOXEL_ML


def packed(inside: np.ndarray) -> bytes:
    """An outline (Z, Y, X) bool as it is stored: a bit for each voxel, slices first."""
    return np.packbits(inside).tobytes()


def unpacked(stored: bytes) -> np.ndarray:
    """The outline (Z, Y, X) bool that was stored; ValueError where the bytes are none."""
    return np.unpackbits(np.frombuffer(stored, np.uint8)).astype(bool).reshape(SHAPE)


def radius_mm(volume: float) -> float:
    """Radius of the ball of a volume (ml)."""
    return float((3000 * volume / (4 * math.pi)) ** (1 / 3))


def dice(one: np.ndarray, other: np.ndarray) -> float:
    """Overlap 2 |A ∩ B| / (|A| + |B|) (Dice, Ecology 1945;26:297-302); of two empty maps 1."""
    both = np.count_nonzero(one) + np.count_nonzero(other)
    return 2 * np.count_nonzero(one & other) / both if both else 1.0


def dice_by_cut(values: np.ndarray, cuts: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Overlap (C,) of what lies below each of `cuts` (C,) in `values` (…) with `inside` (…) bool."""
    drawn = np.searchsorted(np.sort(values, axis=None), cuts)
    common = np.searchsorted(np.sort(values[inside]), cuts)
    both = drawn + np.count_nonzero(inside)
    overlap: np.ndarray = np.divide(2 * common, both, out=np.ones(len(cuts)), where=both > 0)
    return overlap

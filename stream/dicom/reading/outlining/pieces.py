"""From the labels of voxels to lesions: what hangs together is one."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

MOST_PIECES = 50
"""More is no finding of lesions but the noise of a network that sees something else than it was made for."""
_TOUCHING = np.ones((3, 3, 3), bool)


class Pieces(NamedTuple):
    """`numbers` (D, H, W) uint8: 0, or the lesion that a voxel belongs to; the label of each, the first of lesion 1."""

    numbers: np.ndarray
    labels: tuple[int, ...]


def pieces_of(labels: np.ndarray, smallest_voxels: int) -> Pieces | None:
    """The pieces of each label (D, H, W) whose voxels touch, if only by a corner; None where there are too many.

    Numbered by label and by where they begin. What has fewer than `smallest_voxels` is none.
    """
    numbers, named = np.zeros(labels.shape, np.uint8), list[int]()
    for label in np.unique(labels[labels > 0]):
        found, _ = ndimage.label(labels == label, _TOUCHING)
        sizes = np.bincount(found.ravel())[1:]
        for piece in np.flatnonzero(sizes >= smallest_voxels) + 1:
            if len(named) == MOST_PIECES:
                return None
            named.append(int(label))
            numbers[found == piece] = len(named)
    return Pieces(numbers, tuple(named))

"""The voxels of one series as models see them: values in the modality's own unit, and how far apart they lie."""

from typing import NamedTuple

import numpy as np


class Volume(NamedTuple):
    """A series of parallel slices with equal steps, ordered along their normal from the lowest position up.

    `values` (D, H, W) float32 in the modality's unit: HU for CT, SUV by body weight (g/ml) for PET, the rescaled
    stored value for MR. The first slice of an axial series is the one nearest to the feet.
    """

    values: np.ndarray
    spacing_mm: tuple[float, float, float]  # between slices, between rows, between columns
    modality: str  # CT, MR or PT

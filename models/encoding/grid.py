"""From a volume to what an encoder reads: grey values that mean the same everywhere, on a grid of one size.

Training and serving call this one function. Nothing is cut out and nothing registered: the grid covers the series.
"""

import numpy as np

from models.imaging.preprocess import normalised, resampled
from models.imaging.volume import Volume

SLICES, PIXELS = 16, 48


def on_grid(volume: Volume) -> np.ndarray:
    """The series (SLICES, PIXELS, PIXELS) float32 from 0 to 1; ValueError for other modalities than CT, MR and PET."""
    coarse = resampled(volume, (SLICES, PIXELS, PIXELS))
    return normalised(coarse.values, coarse.modality)

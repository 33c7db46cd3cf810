"""A series in which somebody outlined tumour: what a network that reads images is taught with and judged by."""

from typing import NamedTuple

import numpy as np

from models.imaging.volume import Volume


class OutlinedSeries(NamedTuple):
    """One series of a `patient`, with its tumour: `outlined` (D, H, W) bool."""

    patient: str
    volume: Volume
    outlined: np.ndarray

"""Lesions of a known size."""

import numpy as np

from models.growth.maps import SHAPE, SPACING_MM


def ball(radius_mm: float) -> np.ndarray:
    """The voxels (Z, Y, X) bool within a radius of the crop's middle."""
    places = (np.indices(SHAPE) - (SHAPE[0] - 1) / 2) * SPACING_MM
    inside: np.ndarray = np.square(places).sum(0) <= radius_mm**2
    return inside

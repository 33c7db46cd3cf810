"""Pixels of a lesion to the few numbers that tell how it looks: the image embedding, a part of x_t.

Features of the Image Biomarker Standardisation Initiative (IBSI; Zwanenburg et al., Radiology 2020;295:328-338) in 3-D
on voxels of 2 mm: a rule, not a network, so that the same pixels give the same numbers for ever and nothing has to be
trained on images with outcomes. All but the attenuation are free of the scanner's grey scale, which of MR has no unit.
"""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from models.features import IMAGE_NAMES

VOXEL_MM = 2.0
LEVELS = 32
"""Grey levels between the darkest and the brightest voxel of the lesion (IBSI: fixed bin number)."""
FEWEST_VOXELS = 2 * LEVELS
"""About half a millilitre: in a smaller lesion most levels would be told from a voxel or none."""
WATER_HU = 1000.0
"""CT numbers count from -1000 (air, no attenuation) over 0 (water)."""
DIRECTIONS = tuple(step for step in product((-1, 0, 1), repeat=3) if step > (0, 0, 0))
"""One of each two opposite steps to a neighbouring voxel: 13."""


class Patch(NamedTuple):
    """A lesion and the voxels around it, slices first.

    `values` (D, H, W) grey values, `inside` (D, H, W) bool, `spacing_mm` (3,); `hounsfield`: values are CT numbers.
    """

    values: np.ndarray
    inside: np.ndarray
    spacing_mm: tuple[float, float, float]
    hounsfield: bool


def embedding(patch: Patch) -> np.ndarray:
    """The image features (K,) float64 in the order of IMAGE_NAMES; NaN where one cannot be told."""
    nothing = np.full(len(IMAGE_NAMES), np.nan)
    if not np.isfinite(patch.values).all():
        return nothing
    values, inside = _resampled(patch)
    if np.count_nonzero(inside) < FEWEST_VOXELS:
        return nothing
    levels = discretised(values, inside)
    looks = intensity(levels[inside]) | texture(levels, inside)
    # Attenuation beside that of water: the definition of CT numbers, turned round.
    looks["relative_attenuation"] = 1.0 + values[inside].mean() / WATER_HU if patch.hounsfield else np.nan
    return np.array([looks[name] for name in IMAGE_NAMES])


def discretised(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Grey levels 1 to LEVELS of equal width over what lies `inside`; all 1 where that is of one grey."""
    lowest, highest = values[inside].min(), values[inside].max()
    if lowest == highest:
        return np.ones(values.shape, dtype=int)
    share = np.clip((values - lowest) / (highest - lowest), 0.0, 1.0)
    levels: np.ndarray = np.minimum((share * LEVELS).astype(int) + 1, LEVELS)
    return levels


def intensity(levels: np.ndarray) -> dict[str, float]:
    """Entropy (bits; IBSI TLU2) and uniformity (BJ5W) of grey levels (N,)."""
    share = np.bincount(levels)[1:] / len(levels)
    return {"intensity_entropy": _bits(share), "intensity_uniformity": float(np.square(share).sum())}


def texture(levels: np.ndarray, inside: np.ndarray) -> dict[str, float]:
    """Joint entropy (bits; IBSI TU9B), contrast (ACUI) and inverse difference (IB1Z) of neighbouring grey levels.

    `levels` (D, H, W) from 1; pairs of neighbours of all 13 directions are counted together, both `inside`. NaN where
    no voxel has a neighbour.
    """
    pairs = _pairs(levels, inside)
    share = pairs / total if (total := pairs.sum()) else np.full(pairs.shape, np.nan)
    first, second = np.indices(share.shape)
    apart = np.abs(first - second)
    return {
        "texture_joint_entropy": _bits(share),
        "texture_contrast": float((share * apart**2).sum()),
        "texture_inverse_difference": float((share / (1 + apart)).sum()),
    }


def _pairs(levels: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """How often (L, L) each two levels are neighbours, counted both ways (IBSI: merged co-occurrence matrix)."""
    many = int(levels[inside].max())
    counts = np.zeros((many, many))
    for step in DIRECTIONS:
        here, there = _overlap(levels.shape, step)
        both = inside[here] & inside[there]
        number = (levels[here][both] - 1) * many + levels[there][both] - 1
        counts += np.bincount(number, minlength=many * many).reshape(many, many)
    return counts + counts.T


def _overlap(shape: Sequence[int], step: Sequence[int]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """The voxels that have a neighbour at `step`, and those neighbours."""
    here = tuple(slice(max(0, -by), size - max(0, by)) for size, by in zip(shape, step, strict=True))
    there = tuple(slice(max(0, by), size - max(0, -by)) for size, by in zip(shape, step, strict=True))
    return here, there


def _bits(share: np.ndarray) -> float:
    """Entropy of shares that sum to 1; NaN stays NaN."""
    held = share[share != 0]
    return float(-(held * np.log2(held)).sum())


def _resampled(patch: Patch) -> tuple[np.ndarray, np.ndarray]:
    """Values and inside on voxels of VOXEL_MM by linear interpolation; half a voxel or more inside counts."""
    values, inside = patch.values.astype(float), patch.inside.astype(float)
    for axis, spacing_mm in enumerate(patch.spacing_mm):
        weights = _weights(values.shape[axis], spacing_mm)
        values, inside = (np.moveaxis(np.tensordot(weights, grid, (1, axis)), 0, axis) for grid in (values, inside))
    return values, inside >= 0.5


def _weights(size: int, spacing_mm: float) -> np.ndarray:
    """Linear interpolation (M, size) along an axis: both grids share their centre, beyond the edge the edge goes on."""
    many = max(1, round(np.ceil(size * spacing_mm / VOXEL_MM - 1e-9)))
    centred = (np.arange(many) - (many - 1) / 2) * VOXEL_MM / spacing_mm + (size - 1) / 2
    apart = np.clip(centred, 0, size - 1)[:, None] - np.arange(size)
    weights: np.ndarray = np.maximum(0.0, 1.0 - np.abs(apart))
    return weights

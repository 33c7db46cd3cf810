"""Growth of a tumour by reaction and diffusion on a grid: cells wander, multiply and are killed by treatment.

    ∂u/∂t = ∇·(D ∇u) + ρ u (1 − u) − κ u

u is the density of cells as a share of the most that tissue holds (Fisher, Ann Eugen 1937;7:355-369; Kolmogorov,
Petrovsky & Piskunov 1937). For gliomas: Swanson, Alvord & Murray, Cell Prolif 2000;33:317-329, who found D in white
matter about five times that in grey matter; radiotherapy as a kill by the linear-quadratic model after Rockne et al.,
Phys Med Biol 2010;55:3271-3285. A front that has formed moves at 2 √(D ρ).
"""

import math
from typing import NamedTuple

import numpy as np

STABLE = 0.9
"""Share taken of the longest step at which explicit diffusion is stable, h² / (2 d D) in d dimensions."""
LONGEST_DAYS = 2.0
"""Longest step: a tenth or less of what cells need to multiply e-fold at the fastest rate simulated."""


class Conductance(NamedTuple):
    """How easily cells pass between neighbouring voxels, per day: one array per axis, one shorter along it."""

    axes: tuple[np.ndarray, ...]
    stable_days: float

    @classmethod
    def of(cls, diffusion: np.ndarray, spacing_mm: float) -> "Conductance":
        """Of a field D (mm²/day) of any number of dimensions; nothing leaves the grid, nor enters where D is 0.

        Between two voxels the harmonic mean of their D counts, as of two resistors in a row.
        """
        axes = []
        for axis in range(diffusion.ndim):
            here, there = _neighbours(diffusion, axis)
            both = np.divide(2 * here * there, here + there, out=np.zeros_like(here), where=here + there > 0)
            axes.append((both / spacing_mm**2).astype(np.float32))
        fastest = max(float(diffusion.max()), 1e-9)
        return cls(tuple(axes), min(STABLE * spacing_mm**2 / (2 * diffusion.ndim * fastest), LONGEST_DAYS))


def grown(
    cells: np.ndarray, conductance: Conductance, growth: float, kill: np.ndarray | float, days: float
) -> np.ndarray:
    """The density (…) float32 after `days` at growth ρ and kill κ (both per day); `cells` stays as it was."""
    cells = cells.astype(np.float32)
    if days <= 0:
        return cells
    steps = math.ceil(days / conductance.stable_days)
    step_days = np.float32(days / steps)
    net = np.float32(growth) - np.asarray(kill, dtype=np.float32)
    change, passing = np.empty_like(cells), [np.empty_like(axis) for axis in conductance.axes]
    for _ in range(steps):
        np.multiply(cells, np.float32(-growth), out=change)
        change += net
        change *= cells
        for axis, (through, flux) in enumerate(zip(conductance.axes, passing, strict=True)):
            here, there = _neighbours(cells, axis)
            np.subtract(there, here, out=flux)
            np.multiply(flux, through, out=flux)
            gains, loses = _neighbours(change, axis)
            gains += flux
            loses -= flux
        change *= step_days
        cells += change
    return cells


def _neighbours(field: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Views of the voxels that have a next one along `axis`, and of those next ones."""
    first = [slice(None)] * field.ndim
    second = list(first)
    first[axis], second[axis] = slice(None, -1), slice(1, None)
    return field[tuple(first)], field[tuple(second)]

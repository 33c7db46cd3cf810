"""Simulated growth against what is known of reaction and diffusion by others than us."""

import math

import numpy as np
import pytest

from models.growth.simulation import Conductance, grown

D, RHO, STEP_MM = 0.13, 0.03, 0.25


def front_mm(cells: np.ndarray) -> float:
    """Where the density falls below one half, between voxels."""
    at = int(np.argmax(cells < 0.5))
    return (at - 1 + (cells[at - 1] - 0.5) / (cells[at - 1] - cells[at])) * STEP_MM


def test_a_front_moves_as_fisher_kolmogorov_and_bramson_say() -> None:
    """Speed 2 √(D ρ), approached from below as 3/2 √(D/ρ) / t (Bramson, Commun Pure Appl Math 1978;31:531-581)."""
    conductance = Conductance.of(np.full(1100, D), STEP_MM)
    cells = np.zeros(1100)
    cells[:20] = 1.0
    early = grown(cells, conductance, RHO, 0.0, 800)
    late = grown(early, conductance, RHO, 0.0, 1000)
    expected = 2 * math.sqrt(D * RHO) * 1000 - 1.5 * math.sqrt(D / RHO) * math.log(1800 / 800)
    assert front_mm(late) - front_mm(early) == pytest.approx(expected, rel=0.015)


def test_without_growth_no_cell_is_made_or_lost_whatever_the_tissue() -> None:
    random = np.random.default_rng(1)
    diffusion = random.uniform(0, 0.5, (12, 14, 16))
    diffusion[random.random(diffusion.shape) < 0.2] = 0.0
    cells = random.random(diffusion.shape)
    after = grown(cells, Conductance.of(diffusion, 2.0), 0.0, 0.0, 300)
    assert after.sum(dtype=float) == pytest.approx(cells.sum(), rel=1e-5)
    assert not np.allclose(after, cells, atol=0.05)


def test_no_cell_enters_where_nothing_diffuses() -> None:
    diffusion = np.full((20, 20), 0.3)
    diffusion[:, 10:] = 0.0
    cells = np.zeros((20, 20))
    cells[10, 5] = 1.0
    after = grown(cells, Conductance.of(diffusion, 2.0), 0.02, 0.0, 400)
    assert after[:, :10].min() > 0.01 and after[:, 10:].max() == 0.0


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_cells_spread_as_einstein_says(dimensions: int) -> None:
    """The mean square distance along an axis grows by 2 D t."""
    size = 41
    cells = np.zeros((size,) * dimensions)
    cells[(size // 2,) * dimensions] = 1.0
    after = grown(cells, Conductance.of(np.full(cells.shape, D), 2.0), 0.0, 0.0, 200)
    along = (np.indices(cells.shape)[0] - size // 2) * 2.0
    assert (after * along**2).sum() == pytest.approx(2 * D * 200, rel=1e-3)


@pytest.mark.parametrize("kill", [0.0, 0.012, 0.045])
def test_cells_everywhere_follow_the_logistic_curve(kill: float) -> None:
    cells, net = np.full((6, 6), 0.2), RHO - kill
    after = grown(cells, Conductance.of(np.full((6, 6), D), 2.0), RHO, kill, 90)
    most = net / RHO
    expected = most / (1 + (most / 0.2 - 1) * math.exp(-net * 90))
    np.testing.assert_allclose(after, expected, rtol=0.05)  # steps of two days


def test_growing_in_two_pieces_is_growing_at_once_and_changes_nothing_given() -> None:
    conductance = Conductance.of(np.full((15, 15), 0.3), 2.0)
    cells = np.zeros((15, 15), dtype=np.float32)
    cells[7, 7] = 1.0
    before = cells.copy()
    halves = grown(grown(cells, conductance, RHO, 0.0, 60), conductance, RHO, 0.0, 60)
    np.testing.assert_allclose(halves, grown(cells, conductance, RHO, 0.0, 120), atol=1e-6)
    assert np.array_equal(cells, before)

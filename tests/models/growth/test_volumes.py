"""The interval of a volume holds what it says on patients like those it was set on, however wrong the quantiles are."""

import numpy as np
import pytest
import torch

from models.growth.volumes import COVERAGE, log_volume, pinball, widening


def made(rows: int, spread: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Quantiles (N, 3) that claim a spread of one, of values (N,) that have another."""
    value = spread * torch.randn(rows, generator=torch.Generator().manual_seed(rows))
    return torch.tensor([-1.645, 0.0, 1.645]).expand(rows, -1), value


@pytest.mark.parametrize("spread", [0.4, 1.0, 3.0])
def test_an_interval_too_narrow_or_too_wide_is_moved_until_it_holds(spread: float) -> None:
    wider = widening(*made(2000, spread))
    quantiles, value = made(5000, spread)
    held = (quantiles[:, 0] - wider <= value) & (value <= quantiles[:, 2] + wider)
    assert held.float().mean().item() == pytest.approx(COVERAGE, abs=0.02)
    assert (wider > 0) == (spread > 1.2) or spread == 1.0


def test_the_pinball_loss_is_least_at_the_quantiles_themselves() -> None:
    _, value = made(20000, 1.0)
    best = torch.tensor([-1.645, 0.0, 1.645])
    least = pinball(best.expand(len(value), -1), value).mean()
    for at in range(3):
        for by in (-0.3, 0.3):
            moved = best.clone()
            moved[at] += by
            assert pinball(moved.expand(len(value), -1), value).mean() > least


def test_no_lesion_and_a_speck_are_close_on_the_scale_of_volumes() -> None:
    none, speck, large, larger = log_volume(torch.tensor([0.0, 0.008, 10.0, 20.0])).tolist()
    assert speck - none < 0.1 < larger - large == pytest.approx(np.log(2), rel=0.02)

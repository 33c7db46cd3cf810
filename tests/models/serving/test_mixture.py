import math
from itertools import product

import pytest
import torch

from models.serving.mixture import (
    COMPONENTS,
    PER_COMPONENT,
    negative_log_likelihood,
    on_day,
    quantiles,
    risk_at_next_visit,
    start,
)

MEMBERS, ROWS = 3, 7


def heads(*, seed: int = 0) -> torch.Tensor:
    """Outputs (E, n, 5 M) of a head that has learnt something."""
    random = torch.Generator().manual_seed(seed)
    return start() + 0.5 * torch.randn(MEMBERS, ROWS, PER_COMPONENT * COMPONENTS, generator=random)


@pytest.mark.parametrize("days", [1.0, 28.0, 84.0, 4000.0])
def test_the_chance_to_stay_below_rises_from_nothing_to_one(days: float) -> None:
    coming = on_day(heads()[:, :1].expand(-1, 200, -1), torch.full((MEMBERS, 200), days))
    below = coming.below(torch.linspace(-400.0, 400.0, 200).expand(MEMBERS, -1))
    assert (below.diff(dim=1) >= -1e-6).all()
    torch.testing.assert_close(below[:, 0], torch.zeros(MEMBERS), atol=1e-2, rtol=0)
    torch.testing.assert_close(below[:, -1], torch.ones(MEMBERS), atol=1e-2, rtol=0)


def test_the_chances_of_all_sizes_that_can_be_read_sum_to_one() -> None:
    """Sizes are read to the millimetre; those from 0 to 20 m leave nothing out."""
    sizes = torch.arange(0.0, 20001.0)
    head = heads()[0, :1].expand(len(sizes), -1)
    now = torch.full_like(sizes, math.log(41.0))
    chance = torch.exp(-negative_log_likelihood(head, torch.full_like(sizes, 42.0), now, torch.log1p(sizes)).double())
    assert chance.sum().item() == pytest.approx(1.0, abs=2e-3)


def test_below_a_quantile_lies_its_share() -> None:
    head, levels, days = heads(), (0.025, 0.1, 0.5, 0.9, 0.975), (28.0, 42.0, 84.0)
    found = quantiles(head, days, levels)
    for (d, day), (q, level) in product(enumerate(days), enumerate(levels)):
        below = on_day(head, torch.full((MEMBERS, ROWS), day)).below(found[:, d, q].expand(MEMBERS, -1))
        torch.testing.assert_close(below.mean(0), torch.full((ROWS,), level), atol=1e-4, rtol=0)


def test_the_risk_falls_with_headroom_and_is_a_probability_without_any_knowledge_of_it() -> None:
    elapsed = torch.full((ROWS,), 42.0)
    risks = [risk_at_next_visit(heads(), torch.full((MEMBERS, ROWS), room), elapsed) for room in (-9.0, 0.0, 0.2, 1.0)]
    assert all((more > less).all() for more, less in zip(risks, risks[1:], strict=False))
    unknown = risk_at_next_visit(heads(), torch.full((MEMBERS, ROWS), math.nan), elapsed)
    assert ((unknown > 0) & (unknown < 1)).all()


def test_the_likelihood_of_what_cannot_be_is_small_but_finite() -> None:
    """A lesion of 10 m, and one that is gone, with gradients that training can use."""
    head = heads().requires_grad_()
    now, coming = torch.full((MEMBERS, ROWS), math.log(31.0)), torch.log1p(torch.tensor([0.0, 1e4] + [30.0] * 5))
    loss = negative_log_likelihood(head, torch.zeros(MEMBERS, ROWS), now, coming.expand(MEMBERS, -1))
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert torch.isfinite(head.grad).all()

"""Lesions that nobody has: drawn into brain, by seed, and outlined where they shine and nowhere else."""

import torch

from models.imaging.preprocess import slice_stack
from models.training.slices.simulated_lesions import drawn_into
from tests.models.imaging.heads import head

SLICES = torch.from_numpy(slice_stack(head()))[3:9].repeat(4, 1, 1, 1)
NOTHING = torch.zeros_like(SLICES)


def drawn(seed: int, outlined: torch.Tensor = NOTHING) -> tuple[torch.Tensor, torch.Tensor]:
    both = drawn_into(SLICES, outlined, torch.Generator().manual_seed(seed))
    return both[:, :1], both[:, 1:]


def test_a_seed_decides_where_they_lie_and_how_they_look() -> None:
    one, same, other = (torch.cat(drawn(seed), 1) for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert one.min() >= 0 and one.max() <= 1


def test_what_is_outlined_is_brighter_than_the_brain_that_was_there() -> None:
    shown, outlined = drawn(1)
    inside = outlined > 0.5
    assert (inside.flatten(1).any(1)).float().mean() > 0.9
    assert (shown - SLICES)[inside].median() > 0.04
    assert (SLICES[inside] < 0.55).all()  # never in the skin


def test_dark_middles_and_what_is_far_away_are_not_outlined() -> None:
    shown, outlined = drawn(1)
    darker = shown < SLICES - 0.03
    assert darker.any() and (outlined[darker] == 0).float().mean() > 0.95
    assert ((shown - SLICES).abs() < 1e-3).float().mean() > 0.8


def test_a_tumour_that_is_there_stays_outlined() -> None:
    there = torch.zeros_like(SLICES)
    there[..., 40:44, 40:44] = 1.0
    _, outlined = drawn(1, there)
    assert (outlined >= there).all() and (outlined > there).any()

"""Pictures as others would have sent them: changed as said, by seed, and no further than 0 to 1."""

import pytest
import torch

from models.imaging.augment import CORRUPTIONS, coarser, gaps, ghosting, moved, noise, pasted
from models.imaging.preprocess import slice_stack
from tests.models.imaging.heads import head

PICTURES = torch.from_numpy(slice_stack(head()))


def seeded(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_seed_gives_the_same_pictures_and_strength_none_the_pictures_themselves(name: str) -> None:
    corruption = CORRUPTIONS[name]
    changed = corruption(PICTURES, seeded(), 0.3)
    assert torch.equal(changed, corruption(PICTURES, seeded(), 0.3))
    assert changed.min() >= 0 and changed.max() <= 1
    torch.testing.assert_close(corruption(PICTURES, seeded(), 0.0), PICTURES, atol=2e-3, rtol=0)


def test_noise_in_air_is_of_a_magnitude_image() -> None:
    """Rayleigh's distribution, whose mean is σ √(π/2): the receiver's noise never averages out to black."""
    air = noise(torch.zeros(1, 1, 200, 200), seeded(), 0.1)
    assert air.mean().item() == pytest.approx(0.1253, rel=0.02)


def test_ghosts_lie_along_the_phase_direction_only() -> None:
    bar = torch.zeros(1, 1, 64, 64)
    bar[..., 28:36, 28:36] = 0.8
    ghosts = ghosting(bar, seeded(), 0.5)
    assert ghosts[..., :24, 28:36].max() > 0.05  # above the bar
    assert ghosts[..., :24].max() < 1e-5 and ghosts[..., 40:].max() < 1e-5  # and not beside it


def test_fewer_pixels_keep_how_bright_a_head_is_and_lose_what_is_small() -> None:
    stripes = torch.zeros(1, 1, 96, 96)
    stripes[..., ::2] = 0.5
    softer = coarser(stripes, seeded(2), 0.6)
    assert softer.mean().item() == pytest.approx(0.25, abs=0.01)
    assert softer.std() < 0.5 * stripes.std()


def test_a_slice_left_out_leaves_the_others_in_order() -> None:
    numbered = torch.arange(10.0).reshape(10, 1, 1, 1)
    kept = gaps(numbered, seeded(), 0.4).flatten()
    assert len(kept) == 6 and torch.equal(kept, kept.sort().values)
    assert len(gaps(numbered, seeded(), 1.0)) == 1


def test_an_outline_moves_with_its_picture() -> None:
    bright = (PICTURES > 0.5).float()
    both = moved(torch.cat([PICTURES, bright], 1), seeded(), 0.2)
    assert not torch.allclose(both[:, :1], PICTURES, atol=0.05)
    inside = both[:, 1:] > 0.99
    assert inside.any() and (both[:, :1][inside] > 0.45).all()


def test_a_pasted_lesion_is_outlined_where_it_shows() -> None:
    with_tumour = head(tumour=(6, 8, 16))
    donors = torch.from_numpy(slice_stack(with_tumour))[5:7]
    outlined = ((donors - PICTURES[5:7]) > 0.1).float()
    both = pasted(PICTURES[4:6], torch.zeros(2, 1, 96, 96), (donors, outlined), seeded(3))
    changed, inside = (both[:, :1] - PICTURES[4:6]).abs(), both[:, 1:] > 0.5
    assert inside.flatten(1).any(1).all()
    assert changed[inside].mean() > 0.1 > 10 * changed[both[:, 1:] == 0].mean()

"""Lesions that nobody has, drawn into slices: eight patients show few of the shapes that a tumour can have.

As after contrast: a rim of any thickness around a dark middle, open or closed, or a solid nodule; darker brain around.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

RADIUS, TIMES = 2.5, 6.0
"""Pixels of the smallest, and how many times as large the largest is: of a head of 18 cm, 1 to 6 cm across."""
WAVES, UNEVEN = 5, 0.45
"""Of the radius around the lesion, and how far the slowest may move it; faster ones less."""
THICKEST = 4.0
"""Pixels of a rim, from 1 on."""
SOLID, OPEN = 0.35, 0.4
"""Shares of lesions that are bright throughout, and of those whose rim is seen in part."""
TISSUE = (0.12, 0.42)
"""Grey values of brain in a picture, whose median is 0.25; skin is brighter, water and air are darker."""
NOT_TISSUE = 0.55


def drawn_into(pictures: Tensor, outlined: Tensor, random: torch.Generator) -> Tensor:
    """`pictures` and what is `outlined` in them (N, 1, S, S each) with a lesion in each: (N, 2, S, S) from 0 to 1."""
    brain = ((pictures > TISSUE[0]) & (pictures < TISSUE[1])).float()
    whole, middle, around = _shapes(brain, random)
    here = (pictures * whole * brain).sum((1, 2, 3), True) / (whole * brain).sum((1, 2, 3), True).clamp(min=1e-6)
    here = here.clamp(*TISSUE)
    inside = (avg_pool2d((pictures > TISSUE[0]).float(), 3, 1, 1) > 0.9) & (pictures < NOT_TISSUE)
    rim, middle = (whole - middle) * inside, middle * inside
    swollen = pictures * (1.0 - 0.15 * _share(random, pictures) * around * inside)
    dark = torch.lerp(swollen, (here * (0.35 + 0.6 * _share(random, pictures))).expand_as(pictures), middle)
    bright = here * (1.25 + 0.9 * _share(random, pictures)) * _texture(pictures, random)
    shown = torch.lerp(dark, bright, 0.9 * rim).clamp(0.0, 1.0)
    return torch.cat([shown, torch.maximum(outlined, (rim > 0.5).float())], 1)


def _shapes(brain: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Soft masks (N, 1, S, S) of lesions somewhere in the `brain`: what is seen of each, its dark middle, around it."""
    away, angle = _polar(brain, random)
    radius = RADIUS * TIMES ** _share(random, brain) * _uneven(angle, random)
    thickness = 1.0 + (THICKEST - 1.0) * _share(random, brain)
    solid = _share(random, brain) < SOLID
    whole = torch.sigmoid(2.5 * (radius - away))
    middle = torch.where(solid, 0.0, torch.sigmoid(2.5 * (radius - thickness - away)))
    turn, width = 2 * math.pi * _share(random, brain), 3.6 * _share(random, brain) - 0.6
    arc = torch.sigmoid(2.5 * (3.0 * torch.cos(angle + turn) + width))
    seen = torch.where(_share(random, brain) < OPEN, middle + (whole - middle) * arc, whole)
    return seen, middle, torch.sigmoid(2.5 * (1.6 * radius - away))


def _polar(brain: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Distance and angle of each pixel (N, 1, S, S) from a place with brain around it."""
    side = brain.shape[-1]
    share = avg_pool2d(brain, 13, 1, 6)
    place = torch.multinomial((share * (share > 0.75) + 1e-9).flatten(1), 1, generator=random)[:, 0]
    pixels = torch.arange(side, dtype=brain.dtype)
    down = pixels[:, None] - (place // side)[:, None, None, None]
    right = pixels - (place % side)[:, None, None, None]
    return torch.hypot(down, right), torch.atan2(down, right)


def _uneven(angle: Tensor, random: torch.Generator) -> Tensor:
    """Factors of the radius (N, 1, S, S) at each angle."""
    factors = torch.ones_like(angle)
    for wave in range(1, WAVES + 1):
        turn = 2 * math.pi * _share(random, angle)
        factors += UNEVEN / wave * _share(random, angle) * torch.cos(wave * angle + turn)
    return factors.clamp(min=0.3)


def _texture(pictures: Tensor, random: torch.Generator) -> Tensor:
    """Factors (N, 1, S, S) about 1 that change over a few pixels."""
    coarse = 2.0 * torch.rand(len(pictures), 1, 16, 16, generator=random) - 1.0
    return 1.0 + 0.35 * interpolate(coarse, pictures.shape[-2:], mode="bicubic", align_corners=True)


def _share(random: torch.Generator, pictures: Tensor) -> Tensor:
    """A number from 0 to 1 for each picture (N, 1, 1, 1)."""
    return torch.rand(len(pictures), 1, 1, 1, generator=random)

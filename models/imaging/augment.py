"""Slices as other scanners, patients and bad days would have shown them: for training, and to see what a model bears.

Every function takes pictures (N, 1, S, S) from 0 to 1 and a seeded generator, and returns new ones; `strength` is 0 for
no change. What moves pictures moves what is outlined in them in the same way.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate

GHOSTS = 2
"""Times the motion repeats over the lines of k-space: that many ghosts lie beside the head, on either side."""


def noise(pictures: Tensor, random: torch.Generator, strength: float) -> Tensor:
    """Noise of the receiver with this standard deviation, in both channels: magnitudes follow Rice's distribution."""
    real, imaginary = (torch.randn(2, *pictures.shape, generator=random) * strength).unbind()
    return torch.hypot(pictures + real, imaginary).clamp(0.0, 1.0)


def intensity(pictures: Tensor, random: torch.Generator, strength: float) -> Tensor:
    """Another gain, contrast and coil: factor, exponent and a smooth field over the slice, each up to ± `strength`."""
    several = len(pictures)
    gain, gamma = (1.0 + strength * _spread(random, 2, several, 1, 1, 1)).unbind()
    field = interpolate(_spread(random, several, 1, 3, 3), pictures.shape[-2:], mode="bicubic", align_corners=True)
    dimmed = pictures.clamp(min=1e-6).pow(gamma) * gain * (1.0 + strength * field)
    return torch.clamp(dimmed, 0.0, 1.0)


def ghosting(pictures: Tensor, random: torch.Generator, strength: float) -> Tensor:
    """A head that moves with the breath: every few lines of k-space lose some of their signal and turn their phase.

    Lines along the rows are read one after the other (phase encoding), so that ghosts lie above and below.
    """
    lines = torch.fft.fftfreq(pictures.shape[-2]) * pictures.shape[-2]
    start = torch.rand(len(pictures), 1, 1, 1, generator=random) * 2 * math.pi
    wave = torch.sin(2 * math.pi * lines[:, None] / (2 * GHOSTS) + start)
    k_space: Tensor = torch.fft.fft2(pictures) * (1.0 - strength * wave.square()) * torch.exp(1j * strength * wave)
    ghosts: Tensor = torch.fft.ifft2(k_space).abs()
    return ghosts.clamp(0.0, 1.0)


def coarser(pictures: Tensor, _: torch.Generator, strength: float) -> Tensor:
    """Fewer pixels, each 1 / (1 - `strength`) as wide: edges are softer, what is small is fainter."""
    side = pictures.shape[-1]
    fewer = round(side * (1.0 - strength))
    averaged = interpolate(pictures, (fewer, fewer), mode="bilinear", antialias=True)
    return interpolate(averaged, (side, side), mode="bilinear")


def moved(pictures: Tensor, random: torch.Generator, strength: float) -> Tensor:
    """A random crop: turned by up to 60 ° · `strength`, scaled and shifted by up to `strength`; 0 outside.

    The second dimension may hold more than grey values (what is outlined): all of it moves together.
    """
    several = len(pictures)
    turn, scale, right, down = strength * _spread(random, 4, several)
    turn, scale = turn * math.pi / 3, 1.0 + scale
    cosine, sine = torch.cos(turn) * scale, torch.sin(turn) * scale
    matrix = torch.stack([torch.stack([cosine, -sine, right], -1), torch.stack([sine, cosine, down], -1)], 1)
    return grid_sample(pictures, affine_grid(matrix, list(pictures.shape), False), align_corners=False)


def flipped(pictures: Tensor, random: torch.Generator, share: float) -> Tensor:
    """A `share` of the pictures with left and right changed."""
    chosen = torch.rand(len(pictures), 1, 1, 1, generator=random) < share
    return torch.where(chosen, pictures.flip(-1), pictures)


def gaps(pictures: Tensor, random: torch.Generator, share: float) -> Tensor:
    """The stack without a `share` of its slices, never without all: what is left keeps its order."""
    kept = max(1, round(len(pictures) * (1.0 - share)))
    return pictures[torch.randperm(len(pictures), generator=random)[:kept].sort().values]


def pasted(pictures: Tensor, outlined: Tensor, donors: tuple[Tensor, Tensor], random: torch.Generator) -> Tensor:
    """Pictures and outlines (N, 2, S, S) with the lesion of a donor slice set into each, elsewhere in the brain.

    `outlined` (N, 1, S, S) from 0 to 1, `donors` pictures and outlines of the same shapes. The lesion comes mirrored or
    not, moved and scaled, with a soft rim, and as bright beside its new place as it was beside its old one.
    """
    lesions = moved(flipped(torch.cat(donors, 1), random, 0.5), random, 0.35)
    theirs, lesion = lesions[:, :1], lesions[:, 1:]
    rim = torch.nn.functional.avg_pool2d((lesion > 0.1).float(), 7, 1, 3).clamp(0.0, 1.0) ** 0.5
    rim = rim * (pictures > 0.08)  # not into the air
    place = (pictures * rim).sum((1, 2, 3), keepdim=True) / rim.sum((1, 2, 3), keepdim=True).clamp(min=1e-6)
    around = rim * (lesion < 0.1)
    old = (theirs * around).sum((1, 2, 3), keepdim=True) / around.sum((1, 2, 3), keepdim=True).clamp(min=1e-6)
    scaled = theirs * (place / old.clamp(min=0.05)).clamp(0.5, 2.0)
    return torch.cat([torch.lerp(pictures, scaled, rim).clamp(0.0, 1.0), torch.maximum(outlined, lesion * rim)], 1)


def _spread(random: torch.Generator, *shape: int) -> Tensor:
    """Uniform between -1 and 1."""
    return 2.0 * torch.rand(*shape, generator=random) - 1.0


CORRUPTIONS: dict[str, Callable[[Tensor, torch.Generator, float], Tensor]] = {
    "noise": noise,
    "intensity": intensity,
    "motion ghosting": ghosting,
    "coarser pixels": coarser,
    "random crop": moved,
    "slice gaps": gaps,
}

"""Why a slice was said to show tumour: what was remembered on the way to it, and which parts of it count.

Maps are of the picture that the network saw, from 0 (does not count) to 1 (counts most).
"""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torch.nn.functional import interpolate

from models.explaining.gating import Gating
from models.imaging.network import NO_TIME, SliceNetwork

SQUARE, STEP = 16, 8
"""Sides of what is covered and of the steps in which it moves, in pixels: a sixth and a twelfth of the picture."""
COVER = 0.25
"""The grey value of the head's median: brain."""
AIR = 0.06
"""The grey value up to which a pixel is air: brain beside a head would count whatever it covers."""
BLUR = 2.0
"""Standard deviation in pixels by which gradients, which flicker from pixel to pixel, are smoothed."""


def gates_along(network: SliceNetwork, pictures: Tensor) -> list[Gating]:
    """Gates and cell of the first layer at each slice of `pictures` (T, 1, S, S), read upwards."""
    with torch.inference_mode():
        reading, layer = network.encoder(pictures), network.sequence.first
        inputs = torch.cat([reading.embedding, reading.logit[:, None] / 4.0], -1)
        core, state, gatings = layer.core, layer.start(1), []
        for features in inputs[:, None, None]:
            opened = core.gates(features, state)
            _, state = core.step(features, NO_TIME, state)
            parts = (opened.input, opened.forget, opened.output, state.cell.abs())
            gatings.append(Gating(*(part.mean().item() for part in parts)))
    return gatings


def occlusion_map(members: Sequence[SliceNetwork], pictures: Tensor, level: int) -> np.ndarray:
    """How far (S, S) the log odds of slice `level` fall where a square of it is covered with brain; mean of members."""
    covered = _covered(pictures[level])
    sides = ((pictures, covered), (pictures.flip(-1), covered.flip(-1)))  # as it is read
    with torch.inference_mode():
        falls = torch.stack([_falls(member, *side, level) for member in members for side in sides]).mean(0)
    places = pictures.shape[-1] // STEP
    grid = falls.reshape(1, 1, places, places).clamp(min=0.0)
    return _from_0_to_1(interpolate(grid, pictures.shape[-2:], mode="bilinear")[0, 0].numpy())


def gradient_map(members: Sequence[SliceNetwork], pictures: Tensor, level: int) -> np.ndarray:
    """How steeply (S, S) the log odds of slice `level` change with each of its pixels, smoothed; mean of members."""
    total = np.zeros(pictures.shape[-2:])
    for member in members:
        seen = pictures.clone().requires_grad_()
        (slopes,) = torch.autograd.grad(member(seen).slices[level, 0], seen)
        total += gaussian_filter(slopes[level, 0].abs().numpy(), BLUR)
    return _from_0_to_1(total)


def _covered(picture: Tensor) -> Tensor:
    """The picture (1, S, S) once for each place of the square, around each of a grid of middles: (P, 1, S, S)."""
    side, several = picture.shape[-1], []
    for row in range(STEP // 2, side, STEP):
        for column in range(STEP // 2, side, STEP):
            one, half = picture.clone(), SQUARE // 2
            part = one[:, max(0, row - half) : row + half, max(0, column - half) : column + half]
            part[part > AIR] = COVER
            several.append(one)
    return torch.stack(several)


def _falls(member: SliceNetwork, pictures: Tensor, covered: Tensor, level: int) -> Tensor:
    """How much less (P,) the log odds of slice `level` are with each of `covered` in its place."""
    whole, parts = member.encoder(pictures), member.encoder(covered)
    embedding = whole.embedding[:, None].repeat(1, len(covered) + 1, 1)
    logit = whole.logit[:, None].repeat(1, len(covered) + 1)
    embedding[level, 1:], logit[level, 1:] = parts.embedding, parts.logit
    said: Tensor = member.sequence(embedding, logit).slices[level]
    return said[:1] - said[1:]


def _from_0_to_1(values: np.ndarray) -> np.ndarray:
    largest = float(values.max())
    shares: np.ndarray = (values / largest if largest > 0 else values).astype(np.float32)
    return shares

"""A small convolutional network that reads one slice: where it sees tumour, and a few numbers that say what it saw.

Contracting and expanding (U-Net; Ronneberger et al., MICCAI 2015): the outlined voxels teach it where to look, which
hundreds of slices could not by a yes or no each. Beside the slice it sees how it differs from its mirror image.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, dropout, interpolate, relu

from models.imaging.preprocess import BRIGHTEST

WIDTH = 16
EMBEDDING = 32
DROPPED = 0.2
"""Share of the inputs of each linear layer hidden in training."""
RARE = -4.0
"""Log odds of a pixel before training: one in 55 is tumour."""


class SliceReading(NamedTuple):
    """What the encoder says of N slices.

    `pixels` (N, 1, S/2, S/2) log odds of tumour, `maps` (N, C, S/4, S/4) features, `embedding` (N, EMBEDDING),
    `logit` (N,) log odds that the slice shows tumour.
    """

    pixels: Tensor
    maps: Tensor
    embedding: Tensor
    logit: Tensor


class SliceEncoder(nn.Module):
    """One network for all slices; what it says of a slice does not depend on the others."""

    def __init__(self) -> None:
        super().__init__()
        w = WIDTH
        self.down = nn.ModuleList(
            [_block(2, w, 2, side=5), _block(w, w), _block(w, 2 * w, 2), _block(2 * w, 2 * w)]
            + [_block(2 * w, 3 * w, 2), _block(3 * w, 3 * w), _block(3 * w, 3 * w, 2)]
        )
        self.up = nn.ModuleList([_block(6 * w, 3 * w), _block(5 * w, 2 * w, side=1), _block(3 * w, w, side=1)])
        self.pixel = nn.Conv2d(w, 1, 1)
        self.embed = nn.Linear(2 * w + 3 * w + 3, EMBEDDING)
        self.head = nn.Linear(EMBEDDING, 1)
        nn.init.constant_(self.pixel.bias, RARE)  # type: ignore[arg-type]

    def forward(self, pictures: Tensor) -> SliceReading:
        """The reading of `pictures` (N, 1, S, S) from 0 to 1."""
        levels = self._levels(beside_mirror(pictures))
        deepest = level = levels[-1]
        upwards = []
        for block, skipped in zip(self.up, levels[-2::-1], strict=True):
            level = block(torch.cat([skipped, interpolate(level, scale_factor=2.0)], 1))
            upwards.append(level)
        pixels, maps = self.pixel(level), upwards[-2]
        embedding = relu(self.embed(self._dropped(self._seen(pixels, maps, deepest))))
        return SliceReading(pixels, maps, embedding, self.head(self._dropped(embedding))[:, 0])

    def _levels(self, seen: Tensor) -> list[Tensor]:
        """Features at S/2, S/4, S/8 and S/16."""
        levels = []
        for number, block in enumerate(self.down):
            seen = block(seen)
            if number % 2 or number == len(self.down) - 1:
                levels.append(seen)
        return levels

    def _seen(self, pixels: Tensor, maps: Tensor, deepest: Tensor) -> Tensor:
        """The slice in numbers: features where tumour is likeliest, those of the whole, how much tumour there is."""
        each = pixels.flatten(1)
        weight = torch.softmax(2.0 * avg_pool2d(pixels, 2).flatten(1), 1)
        there = (maps.flatten(2) * weight[:, None]).sum(-1)
        extent = torch.log1p(torch.sigmoid(each).sum(1))
        amounts = torch.stack([each.amax(1) / 4.0, torch.logsumexp(each, 1) / 4.0, extent], 1)
        return torch.cat([there, deepest.mean((2, 3)), amounts], 1)

    def _dropped(self, numbers: Tensor) -> Tensor:
        return dropout(numbers, DROPPED, self.training)


def beside_mirror(pictures: Tensor) -> Tensor:
    """What the first layer sees (N, 2, S, S): grey values about the head's median, and less the blurred other side."""
    around = BRIGHTEST * pictures - 1.0
    other = avg_pool2d(around, 5, 1, 2).flip(-1)
    return torch.cat([around, 2.0 * (around - other)], 1)


def _block(inputs: int, outputs: int, stride: int = 1, side: int = 3) -> nn.Sequential:
    """Convolution of `side` × `side`, group normalisation, which knows no batch, and a ramp."""
    convolution = nn.Conv2d(inputs, outputs, side, stride, side // 2)
    return nn.Sequential(convolution, nn.GroupNorm(outputs // 8, outputs), nn.ReLU())

"""The encoder of series: one small convolutional network for each modality, and one code that all of them speak.

Each slice is read alone (2-D), then what was seen is brought together over slices and places: its mean, and its most.
The embedding is squeezed to 0 to 1, so that it is a feature like others and a mean of several is one of them again.
"""

import torch
from torch import Tensor, nn

from models.features import EMBEDDING, MODALITIES

WIDTHS = (12, 20, 28)
HIDDEN = 24
STEEP = 4.0
TOLD = 2
"""What it is taught to tell of a series: the grade of the tumour and the logarithm of its diameter."""


class SeriesEncoder(nn.Module):
    """For one modality: series (N, D, S, S) from 0 to 1 → embeddings (N, EMBEDDING) from 0 to 1."""

    def __init__(self) -> None:
        super().__init__()
        sizes = [1, *WIDTHS]
        self.blocks = nn.ModuleList(
            [_block(before, after, 5 if before == 1 else 3) for before, after in zip(sizes, WIDTHS, strict=False)]
        )
        self.embed = nn.Sequential(nn.Linear(2 * WIDTHS[-1], HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, EMBEDDING))

    def forward(self, series: Tensor) -> Tensor:
        """What is said of each series, whatever the others are."""
        many, slices = series.shape[:2]
        seen = series.flatten(0, 1)[:, None] * 2.0 - 1.0
        for block in self.blocks:
            seen = block(seen)
        places = torch.unflatten(seen, 0, (many, slices)).movedim(2, 1).flatten(2)  # (N, C, everywhere)
        return torch.sigmoid(self.embed(torch.cat([places.mean(-1), places.amax(-1)], 1)))


class Encoders(nn.Module):
    """One for each modality, and the head that all are taught by: it hears their mean alone, as a model does."""

    def __init__(self) -> None:
        super().__init__()
        self.of = nn.ModuleDict({name: SeriesEncoder() for name in MODALITIES.values()})
        self.told = nn.Linear(EMBEDDING, TOLD)
        nn.init.uniform_(self.told.weight, -STEEP, STEEP)  # numbers from 0 to 1 say what is several times as wide


def _block(before: int, after: int, side: int) -> nn.Sequential:
    """Half as many pixels each way; in service the norm is one fixed scale, so that a series stands for itself."""
    return nn.Sequential(nn.Conv2d(before, after, side, 2, side // 2, bias=False), nn.BatchNorm2d(after), nn.ReLU())

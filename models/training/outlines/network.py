"""A small 2.5-D U-Net that outlines an axial slice by what it and its neighbours show; scripted, a bundle's model."""

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, pad

NEIGHBOURS = 2  # slices on either side that a slice is outlined with
WIDTHS = (8, 16, 32, 64)
BRIGHTEST = 6.0  # beside the mean of what is bright; fat is about 3
COARSER = 2  # side, in voxels, of the squares that the network reads
MULTIPLE = COARSER * 2 ** (len(WIDTHS) - 1)


class Block(nn.Module):
    """Two convolutions of slices (N, C, H, W), each normalised."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(before, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.LeakyReLU(0.01),
            nn.Conv2d(after, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.LeakyReLU(0.01),
        )

    def forward(self, slices: Tensor) -> Tensor:
        """(N, C', H, W)."""
        seen: Tensor = self.layers(slices)
        return seen


class SliceUNet(nn.Module):
    """From slices with their neighbours (N, 2 k + 1, H, W) to the log odds of tumour (N, 1, H, W); sides by 8."""

    def __init__(self) -> None:
        super().__init__()
        before = (2 * NEIGHBOURS + 1, *WIDTHS[:-1])
        self.down = nn.ModuleList([Block(a, b) for a, b in zip(before, WIDTHS, strict=True)])
        self.up = nn.ModuleList([Block(a + b, a) for a, b in zip(WIDTHS[-2::-1], WIDTHS[:0:-1], strict=True)])
        self.last = nn.Conv2d(WIDTHS[0], 1, 1)

    def forward(self, slices: Tensor) -> Tensor:
        """Log odds (N, 1, H, W)."""
        finer: list[Tensor] = []
        for level, block in enumerate(self.down):
            slices = block(slices if level == 0 else avg_pool2d(slices, 2))
            finer.append(slices)
        finer.pop()
        for block in self.up:
            wider = interpolate(slices, scale_factor=2.0, mode="bilinear", align_corners=False)
            slices = block(torch.cat([finer.pop(), wider], dim=1))
        odds: Tensor = self.last(slices)
        return odds


class BrainSegmenter(nn.Module):
    """From volumes (B, 1, X, Y, Z), any grey values, to the scores of background and tumour (B, 2, X, Y, Z).

    A volume and its mirror image are read, and the mean counts: what lies left might lie right.
    """

    def __init__(self, unet: SliceUNet) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, volumes: Tensor) -> Tensor:
        """Scores (B, 2, X, Y, Z): 0 for background, log odds for tumour."""
        odds: list[Tensor] = []
        for volume in volumes:
            slices = with_neighbours(read_slices(volume[0].permute(2, 0, 1)))
            seen = self.unet(slices) + self.unet(slices.flip(2)).flip(2)
            finer = interpolate(seen / 2, scale_factor=2.0, mode="bilinear", align_corners=False)
            odds.append(finer[:, 0, : volume.shape[1], : volume.shape[2]].permute(1, 2, 0))
        tumour = torch.stack(odds)
        return torch.stack([torch.zeros_like(tumour), tumour], dim=1)


def read_slices(
    slices: Tensor, brightest: float = BRIGHTEST, coarser: int = COARSER, multiple: int = MULTIPLE
) -> Tensor:
    """Slices (N, X, Y) as the network reads them: beside the mean of what is bright, coarser, filled up to `multiple`.

    Numbers are arguments because a scripted function sees nothing outside of it.
    """
    bright = slices[slices > slices.mean()]
    slices = slices / bright.mean().clamp(min=1e-6) if bright.numel() > 0 else slices
    across, along = slices.shape[1], slices.shape[2]
    slices = pad(slices, (0, -along % multiple, 0, -across % multiple))
    return avg_pool2d(slices.clamp(0.0, brightest), coarser)


def with_neighbours(slices: Tensor, neighbours: int = NEIGHBOURS) -> Tensor:
    """Slices (N, H, W) each with those around it (N, 2 k + 1, H, W); at the ends the last one stands for what is not
    there.
    """
    last = slices.shape[0] - 1
    shown = [slices[(torch.arange(last + 1) + step).clamp(0, last)] for step in range(-neighbours, neighbours + 1)]
    return torch.stack(shown, dim=1)

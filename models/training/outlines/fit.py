"""Fitting the network that outlines tumour: cut-outs of slices, turned, scaled, mirrored and with other brightness."""

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, binary_cross_entropy_with_logits, grid_sample

from models.imaging.outlined import OutlinedSeries
from models.training.outlines.network import COARSER, SliceUNet, read_slices, with_neighbours
from models.training.terminal import progress

STEPS, SLICES, SIDE = 400, 16, 64
"""Steps, cut-outs in each, two of three of them from slices with tumour, and their sides in pixels of the network."""
LEARNING_RATE, WEIGHT_DECAY = 1e-2, 0.02
RARE = -3.0
"""Log odds of tumour before anything is learned: what is rare need not be unlearned everywhere first."""
TUMOUR_WEIGHT = 3.0
AROUND_TUMOUR = 0.8
"""Share of the cut-outs of a slice with tumour that lie around it."""
TURN, LOG_SCALE, BRIGHTER, CONTRAST, NOISE, ASTRAY = 0.3, 0.2, 0.25, 0.2, 0.05, 8.0


class OutlineLesson(NamedTuple):
    """A series as the network learns from it: `shown` (D, 2 k + 1, X, Y), `outlined` (D, 1, X, Y) from 0 to 1."""

    patient: str
    shown: Tensor
    outlined: Tensor

    @classmethod
    def of(cls, series: OutlinedSeries) -> Self:
        """The lesson of `series`, made by the functions that the scripted network calls."""
        outlined = as_bundle(series.outlined.astype(np.float32)).permute(2, 0, 1)
        shown = with_neighbours(read_slices(as_bundle(series.volume.values).permute(2, 0, 1)))
        return cls(series.patient, shown, avg_pool2d(outlined[:, None], COARSER))


def as_bundle(values: np.ndarray) -> Tensor:
    """Voxels (D, H, W) of an axial volume along the axes of a bundle (X, Y, Z): to the right, to the front, up."""
    return torch.from_numpy(np.ascontiguousarray(values[:, ::-1, ::-1].transpose(2, 1, 0)))


def fit_network(lessons: Sequence[OutlineLesson], seed: int) -> SliceUNet:
    """The network taught with `lessons`; the same seed gives the same weights on one kind of processor."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums split over threads round differently
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return _fitted(lessons, torch.Generator().manual_seed(seed))
    finally:
        torch.set_num_threads(threads)


def _fitted(lessons: Sequence[OutlineLesson], random: torch.Generator) -> SliceUNet:
    network = SliceUNet()
    torch.nn.init.constant_(network.last.bias, RARE)  # type: ignore[arg-type]
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, STEPS)
    shown = torch.cat([lesson.shown for lesson in lessons])
    outlined = torch.cat([lesson.outlined for lesson in lessons])
    for _ in progress(range(STEPS), "teaching the network"):
        chosen = _chosen(outlined, random)
        loss = _loss(network, *_cut_out(shown[chosen], outlined[chosen], random))
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return network.eval()


def _loss(network: SliceUNet, shown: Tensor, outlined: Tensor) -> Tensor:
    """Of each pixel, and one minus the Dice coefficient of all together."""
    odds = network(shown)
    tumour = odds.sigmoid()
    dice = (2 * (tumour * outlined).sum() + 1) / (tumour.sum() + outlined.sum() + 1)
    weight = torch.tensor(TUMOUR_WEIGHT)
    pixels = binary_cross_entropy_with_logits(odds, outlined, pos_weight=weight)
    total: Tensor = pixels + 1 - dice
    return total


def _chosen(outlined: Tensor, random: torch.Generator) -> Tensor:
    """Numbers of slices, two of three of them with tumour."""
    with_tumour = outlined.amax((1, 2, 3)) > 0
    many = SLICES * 2 // 3
    rows = ((torch.where(with_tumour)[0], many), (torch.where(~with_tumour)[0], SLICES - many))
    return torch.cat([each[torch.randint(len(each), (count,), generator=random)] for each, count in rows])


def _cut_out(shown: Tensor, outlined: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Squares of SIDE pixels out of slices and outlines, as another patient on another scanner might show them."""
    many, scale = len(shown), SIDE / shown.shape[-1]
    turn, larger = (_within(many, limit, random) for limit in (TURN, LOG_SCALE))
    size = scale * torch.exp(larger)
    mirrored = torch.where(torch.rand(many, generator=random) < 0.5, -1.0, 1.0)
    across = torch.stack([size * torch.cos(turn), -size * torch.sin(turn)], dim=1)
    along = torch.stack([size * torch.sin(turn), size * torch.cos(turn)], dim=1) * mirrored[:, None]
    centre = torch.stack([_centre(*each, random) for each in zip(shown, outlined, strict=True)])
    affine = torch.cat([torch.stack([across, along], dim=1), centre[:, :, None]], dim=2)
    grid = affine_grid(affine, [many, 1, SIDE, SIDE], align_corners=False)
    seen = grid_sample(shown, grid, align_corners=False)
    seen = seen * torch.exp(_within(many, BRIGHTER, random))[:, None, None, None]
    seen = seen.clamp(min=1e-4) ** torch.exp(_within(many, CONTRAST, random))[:, None, None, None]
    noise = torch.randn(seen.shape, generator=random) * torch.rand(many, 1, 1, 1, generator=random)
    return seen + NOISE * noise, grid_sample(outlined, grid, align_corners=False)


def _within(many: int, limit: float, random: torch.Generator) -> Tensor:
    """Numbers (N,) between -limit and limit."""
    return (torch.rand(many, generator=random) * 2 - 1) * limit


def _centre(shown: Tensor, outlined: Tensor, random: torch.Generator) -> Tensor:
    """Where to cut out (2,), from -1 to 1 along Y and X: around tumour mostly, else anywhere in the head."""
    tumour = outlined[0] > 0.3
    around = bool(tumour.any()) and float(torch.rand(1, generator=random)) < AROUND_TUMOUR
    places = torch.nonzero(tumour if around else shown[len(shown) // 2] > 0.3)
    if not len(places):
        return torch.zeros(2)
    place = places[int(torch.randint(len(places), (1,), generator=random))].flip(0)
    sides = torch.tensor([shown.shape[2], shown.shape[1]])
    place = place + torch.randn(2, generator=random) * ASTRAY
    return ((place + 0.5) / sides * 2 - 1).clamp(-0.6, 0.6)

"""Teaching the encoders: simulated series of lesions of every grade and size, one lesion seen by all modalities.

Taught is the grade, which a pathologist would tell, and the size; heard is the mean of a random choice of modalities,
so that each of them says alone what it can, in the code that all share.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from models.encoding.grid import on_grid
from models.encoding.network import Encoders
from models.features import MODALITIES
from models.simulation.series import simulated_series
from models.training.terminal import progress

EPOCHS, BATCH, RATE, DECAY = 10, 16, 1e-2, 1e-4
LARGEST_MM = 75.0
MIDDLING = 3.1
"""The logarithm of a diameter in the middle, so that both that are taught lie around 0."""
NONE_SHARE = 0.1
"""Of the lessons show no lesion: gone is a size, too."""
BYTE = 255.0


class Lessons(NamedTuple):
    """`series`: by modality, as features name it, (N, D, S, S) bytes; `told` (N, 2) grade and log size."""

    series: dict[str, Tensor]
    told: Tensor


def lessons(many: int, seed: int) -> Lessons:
    """`many` simulated lesions, each with a series of every modality."""
    random = np.random.default_rng([seed, many])
    grade = random.normal(size=many)
    diameter = np.where(random.random(many) < NONE_SHARE, 0.0, random.uniform(3.0, LARGEST_MM, many))
    series: dict[str, list[np.ndarray]] = {name: [] for name in MODALITIES.values()}
    for of_grade, mm in progress(list(zip(grade.tolist(), diameter.tolist(), strict=True)), "simulating series"):
        for modality, name in MODALITIES.items():
            volume = simulated_series(modality, of_grade, mm, random)
            series[name].append(np.round(on_grid(volume) * BYTE).astype(np.uint8))
    told = np.column_stack([grade, np.log1p(diameter) - MIDDLING]).astype(np.float32)
    return Lessons({name: torch.from_numpy(np.stack(each)) for name, each in series.items()}, torch.from_numpy(told))


def fit_encoders(taught: Lessons, seed: int) -> Encoders:
    """Encoders taught with `taught`; the seed decides every weight, on one kind of processor."""
    torch.manual_seed(seed)
    encoders, random = Encoders(), torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(encoders.parameters(), lr=RATE, weight_decay=DECAY)
    steps = EPOCHS * -(-len(taught.told) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps)
    for _ in progress(range(EPOCHS), "teaching encoders"):
        for rows in torch.randperm(len(taught.told), generator=random).chunk(-(-len(taught.told) // BATCH)):
            told = encoders.told(_heard(encoders, taught, rows, random))
            loss = mse_loss(told, taught.told[rows].expand_as(told))
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
    return encoders.eval()


def _heard(encoders: Encoders, taught: Lessons, rows: Tensor, random: torch.Generator) -> Tensor:
    """Embeddings (M + 1, B, EMBEDDING): of every modality alone, and the mean of a random choice of them."""
    said = torch.stack([network(_flipped(taught.series[name][rows], random)) for name, network in encoders.of.items()])
    shown = (torch.rand(said.shape[:2], generator=random) < 0.5).float()
    shown[torch.randint(len(said), (), generator=random)] = 1.0  # one of them at least
    mean = (said * shown[..., None]).sum(0) / shown.sum(0)[:, None]
    return torch.cat([said, mean[None]])


def _flipped(series: Tensor, random: torch.Generator) -> Tensor:
    """From 0 to 1, a whole batch mirrored along some of its axes."""
    axes = [axis for axis in (1, 2, 3) if torch.rand((), generator=random) < 0.5]
    return series.flip(axes).float() / BYTE


def errors(encoders: Encoders, unseen: Lessons) -> Iterator[tuple[str, Sequence[float]]]:
    """By modality, and of all together: R² of the grade and of the log size on lessons that nobody learned from."""
    with torch.inference_mode():
        said = {name: network(unseen.series[name].float() / BYTE) for name, network in encoders.of.items()}
        said["together"] = torch.stack(list(said.values())).mean(0)
        spread = (unseen.told - unseen.told.mean(0)).square().mean(0)
        for name, embedding in said.items():
            off = (encoders.told(embedding) - unseen.told).square().mean(0)
            yield name, (1.0 - off / spread).tolist()

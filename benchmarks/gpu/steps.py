"""How fast the states of an arena move on a device, called and recorded, beside what the device can do at most."""

from collections.abc import Iterator
from typing import NamedTuple

import torch

from benchmarks.gpu.arena import Arena, RecordedStep, moved, stacked_cores
from benchmarks.gpu.limits import Limits, limits, seconds
from models.serving.lstm import LSTM

INPUTS, HIDDEN, LAYERS = 128, 256, 2
BATCHES = (1, 8, 64, 256, 1024, 4096, 16384, 65536)
SEED = 20261130
VISITS = 20


class Stepped(NamedTuple):
    """Seconds of one step of `rows` patients, called and recorded, and the least that the device allows."""

    rows: int
    called: float
    recorded: float
    least: float


def measure(device: torch.device, kind: torch.dtype, batches: tuple[int, ...] = BATCHES) -> Iterator[Stepped]:
    """One row for each size of batch, of an arena that holds as many patients as the largest."""
    random = torch.Generator().manual_seed(SEED)
    cores = [moved(core, device, kind) for core in stacked_cores(INPUTS, HIDDEN, LAYERS, random)]
    arena, most = Arena(cores, max(batches)), limits(device, kind)
    for many in batches:
        rows = torch.randperm(max(batches), generator=random)[:many].to(device)
        features = torch.randn(many, INPUTS, generator=random).to(device, kind)
        with torch.inference_mode():
            step = RecordedStep(arena, many)
            called = seconds(device, lambda r=rows, x=features: arena.step(r, x))
            recorded = seconds(device, lambda s=step, r=rows, x=features: s(r, x))
        yield Stepped(many, called, recorded, _least(most, cores, many))


def error(device: torch.device, kind: torch.dtype) -> float:
    """The largest difference of a hidden state after VISITS steps from the same in float32 on the CPU."""
    random = torch.Generator().manual_seed(SEED)
    cores = stacked_cores(INPUTS, HIDDEN, LAYERS, random)
    visits = torch.randn(VISITS, 64, INPUTS, generator=random)
    exact = hidden_after(cores, visits)
    other = hidden_after([moved(core, device, kind) for core in cores], visits.to(device, kind))
    return float((exact - other.float().cpu()).abs().max())


def hidden_after(cores: list[LSTM], visits: torch.Tensor) -> torch.Tensor:
    """Hidden states (layers, n, H) of n patients after `visits` (T, n, I), stepped in place."""
    arena = Arena(cores, visits.shape[1])
    rows = torch.arange(visits.shape[1], device=visits.device)
    with torch.inference_mode():
        step = RecordedStep(arena, len(rows))
        for features in visits:
            step(rows, features)
    return arena.hidden[:, :-1]


def _least(most: Limits, cores: list[LSTM], rows: int) -> float:
    """Products of all weights with each row; states read and written, features read, weights read once."""
    weights = sum(getattr(core, name).numel() for core in cores for name in core.__dataclass_fields__)
    size = cores[0].bias.element_size()
    states = 2 * 2 * len(cores) * HIDDEN
    return most.seconds(2 * weights * rows, size * (weights + rows * (states + INPUTS)))

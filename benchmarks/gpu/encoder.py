"""How many slices a second the encoder of the slice classifier reads on a device, and how far it is from the CPU."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from benchmarks.gpu.limits import seconds
from models.imaging.encoder import SliceEncoder
from models.imaging.preprocess import PIXELS

BATCHES = (24, 192, 1536)
"""A series, one for each of eight members, and those of 64 scans."""
SEED = 20261130


class Read(NamedTuple):
    """Seconds in which `slices` are read at once."""

    slices: int
    seconds: float


def measure_encoder(device: torch.device, batches: tuple[int, ...] = BATCHES) -> Iterator[Read]:
    """One row for each size of batch, in float32; pictures lie on the device."""
    encoder = _encoder().to(device)
    for many in batches:
        pictures = _pictures(many).to(device)
        with torch.inference_mode():
            yield Read(many, seconds(device, lambda shown=pictures: encoder(shown)))


def encoder_error(device: torch.device, slices: int = BATCHES[0]) -> float:
    """The largest difference of what the encoder says of slices from the CPU, beside the largest value there."""
    encoder, pictures = _encoder(), _pictures(slices)
    with torch.inference_mode():
        exact = encoder(pictures)
        other = encoder.to(device)(pictures.to(device))
    pairs = zip(exact, other, strict=True)
    return max(float((there.cpu() - here).abs().max() / here.abs().max()) for here, there in pairs)


def _encoder() -> SliceEncoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        return SliceEncoder().eval()


def _pictures(many: int) -> Tensor:
    return torch.rand(many, 1, PIXELS, PIXELS, generator=torch.Generator().manual_seed(SEED))

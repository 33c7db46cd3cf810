"""What a device can do at most, measured: products of large matrices, and memory read and written.

The roofline (Williams, Waterman & Patterson, CACM 2009;52(4):65-76): work takes at least as long as its operations at
the device's rate of these, and as its bytes at the device's rate of those.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import torch

ROUNDS, ROUND_SECONDS = 7, 0.1


class Limits(NamedTuple):
    """Operations and bytes a second."""

    flops: float
    bytes: float

    def seconds(self, flops: float, moved: float) -> float:
        """The least that this much work can take."""
        return max(flops / self.flops, moved / self.bytes)


def limits(device: torch.device, kind: torch.dtype) -> Limits:
    """Measured with numbers of this `kind` on this device; on a CPU with smaller matrices."""
    side = 8192 if device.type == "cuda" else 512
    matrix = torch.randn(side, side, device=device).to(kind)
    out = torch.empty_like(matrix)
    product = seconds(device, lambda: torch.mm(matrix, matrix, out=out))
    large = torch.empty(2**28 if device.type == "cuda" else 2**22, dtype=torch.float32, device=device)
    target = torch.empty_like(large)
    copy = seconds(device, lambda: target.copy_(large))
    return Limits(2 * side**3 / product, 2 * large.numel() * large.element_size() / copy)


def seconds(device: torch.device, work: Callable[[], object]) -> float:
    """Median time of one call, over rounds of about ROUND_SECONDS; a round ends when the device has done it all."""

    def each(calls: int) -> float:
        _await(device)
        started = time.perf_counter()
        for _ in range(calls):
            work()
        _await(device)
        return (time.perf_counter() - started) / calls

    each(3)
    calls = max(1, int(ROUND_SECONDS / max(each(3), 1e-7)))
    return median(each(calls) for _ in range(ROUNDS))


def _await(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)

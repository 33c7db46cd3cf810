"""States of many patients that stay on a device: a batch of rows is read, stepped and written in place.

Two layers of the classic core, one on the other, as `torch.nn.LSTM` stacks them. On a GPU a small batch costs more in
launches than in work, so that its whole step is recorded once as a CUDA graph and launched as one
(https://pytorch.org/docs/stable/notes/cuda.html#cuda-graphs); elsewhere it is called as it is.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from models.serving.lstm import LSTM, State


def stacked_cores(inputs: int, hidden: int, layers: int, random: torch.Generator) -> list[LSTM]:
    """Cores of random weights, each of one member, of which each takes in what the one before lets out."""
    cores = []
    for layer in range(layers):
        shapes = LSTM.shapes(hidden if layer else inputs, hidden).items()
        weights = {name: torch.randn(1, *shape, generator=random) * hidden**-0.5 for name, shape in shapes}
        cores.append(LSTM.of(weights))
    return cores


def moved(core: LSTM, device: torch.device, kind: torch.dtype = torch.float32) -> LSTM:
    """The same weights on another device, or as another kind of number."""
    parts = {name: getattr(core, name).to(device, kind) for name in core.__dataclass_fields__}
    return replace(core, **parts)


class Arena:
    """States of `patients` on the device of `cores`: `hidden` and `cell`, each (layers, patients + 1, H), 0 at first.

    The last row is nobody's: it fills up a batch that is smaller than what was recorded.
    """

    def __init__(self, cores: Sequence[LSTM], patients: int) -> None:
        self.cores = cores
        like = cores[0].weight_hh
        shape = (len(cores), patients + 1, like.shape[-1])
        self.hidden, self.cell = (torch.zeros(shape, dtype=like.dtype, device=like.device) for _ in range(2))
        self.nobody = patients

    def step(self, rows: Tensor, features: Tensor) -> None:
        """Move the states of `rows` (n,) int64, each named once, by their `features` (n, I)."""
        output = features[None]
        for layer, core in enumerate(self.cores):
            hidden, cell = self.hidden[layer], self.cell[layer]
            before = State(hidden.index_select(0, rows)[None], cell.index_select(0, rows)[None])
            output, state = core.step(output, rows, before)
            hidden.index_copy_(0, rows, state.hidden[0])
            cell.index_copy_(0, rows, state.cell[0])


class RecordedStep:
    """A step of up to `size` rows of an arena as one launch; where there is no GPU, as the calls it is made of."""

    def __init__(self, arena: Arena, size: int) -> None:
        like = arena.hidden
        inputs = arena.cores[0].weight_ih.shape[-1]
        self._arena = arena
        self._rows = torch.full((size,), arena.nobody, dtype=torch.int64, device=like.device)
        self._features = torch.zeros(size, inputs, dtype=like.dtype, device=like.device)
        self._graph = self._recorded() if like.device.type == "cuda" else None

    def __call__(self, rows: Tensor, features: Tensor) -> None:
        """As `Arena.step`, for n ≤ size."""
        many = len(rows)
        self._rows[many:] = self._arena.nobody
        self._rows[:many].copy_(rows)
        self._features[:many].copy_(features)
        if self._graph is None:
            self._arena.step(self._rows[:many], self._features[:many])
        else:
            self._graph.replay()

    def _recorded(self) -> torch.cuda.CUDAGraph:
        """The step as a graph. What warms up steps nobody, whose row means nothing."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self._arena.step(self._rows, self._features)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._arena.step(self._rows, self._features)
        return graph

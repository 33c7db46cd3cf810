"""What could read along the slices instead: networks with the same inputs and the same head as the LSTM's."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from models.imaging.encoder import EMBEDDING, WIDTH
from models.training.slices.fit_sequence import Run

HIDDEN, MAP_HIDDEN = 64, 16
"""Units, and channels of the map that a ConvLSTM remembers."""


class Along(nn.Module):
    """A recurrent layer of torch over the embeddings; log odds (T, n) of the slices."""

    def __init__(self, layer: type[nn.RNN | nn.GRU | nn.LSTM], both_ways: bool = False) -> None:
        super().__init__()
        self.layer = layer(EMBEDDING + 1, HIDDEN, bidirectional=both_ways)
        self.head = nn.Linear(HIDDEN * (1 + both_ways), 1)

    def forward(self, run: Run) -> Tensor:
        outputs, _ = self.layer(torch.cat([run.embedding, run.logit[..., None] / 4.0], -1))
        corrections: Tensor = self.head(outputs)
        return run.logit + corrections[..., 0]


class ConvAlong(nn.Module):
    """ConvLSTM (Shi et al., NeurIPS 2015): gates and state are maps, products are convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.gates = nn.Conv2d(2 * WIDTH + MAP_HIDDEN, 4 * MAP_HIDDEN, 3, padding=1)
        self.head = nn.Linear(2 * MAP_HIDDEN, 1)

    def forward(self, run: Run) -> Tensor:
        """Log odds (T, n) of the slices."""
        hidden = cell = run.maps.new_zeros(run.maps.shape[1], MAP_HIDDEN, *run.maps.shape[3:])
        said = []
        for maps, logit in zip(run.maps, run.logit, strict=True):
            i, f, g, o = self.gates(torch.cat([maps, hidden], 1)).chunk(4, 1)
            cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
            hidden = torch.sigmoid(o) * torch.tanh(cell)
            seen = torch.cat([adaptive_avg_pool2d(hidden, 1)[..., 0, 0], hidden.amax((2, 3))], 1)
            said.append(logit + self.head(seen)[:, 0])
        return torch.stack(said)


CORES: dict[str, Callable[[], nn.Module]] = {
    "RNN": lambda: Along(nn.RNN),
    "GRU": lambda: Along(nn.GRU),
    "LSTM": lambda: Along(nn.LSTM),
    "LSTM both ways": lambda: Along(nn.LSTM, both_ways=True),
    "ConvLSTM": ConvAlong,
}

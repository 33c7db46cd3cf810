"""The network of the slice classifier: an encoder for every slice, and two LSTM layers that read along the slices.

The classic architecture for images in sequence: CNN encoder per slice → LSTM(128), which returns its sequence, for
every slice → LSTM(64), whose last output corrects what the clearest slice says of the whole series. The cells are those
of `models.serving.lstm`, where the equations stand beside the code: one step at a time equals the whole sequence.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.imaging.encoder import EMBEDDING, SliceEncoder, SliceReading
from models.serving.lstm import LSTM, State

FIRST, SECOND = 128, 64
ALONG = (f"LSTM({FIRST}), sequence", f"LSTM({SECOND}), last", "Dense(1), added to the clearest slice, sigmoid")
"""What a card says of this network: weights for another are told by it."""
NO_TIME = torch.zeros(1)
"""The elapsed days of a step from slice to slice, which the classic cell does not ask for."""


class SliceLogits(NamedTuple):
    """Log odds of tumour: `slices` (T, n) of every slice, `series` (n,) of all up to the last."""

    slices: Tensor
    series: Tensor


class Layer(nn.Module):
    """An LSTM along the slices, as parameters that a step function of `models.serving.lstm` takes (one member)."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        for name, shape in LSTM.shapes(inputs, hidden).items():
            self.register_parameter(name, nn.Parameter(torch.empty(1, *shape).uniform_(-(hidden**-0.5), hidden**-0.5)))
        self.hidden = hidden

    @property
    def core(self) -> LSTM:
        """The step function with these weights."""
        return LSTM.of(dict(self.named_parameters()))

    def start(self, series: int) -> State:
        """Before the first slice of n series: nothing is known."""
        return State(*torch.zeros(2, 1, series, self.hidden, device=next(self.parameters()).device))

    def forward(self, sequence: Tensor) -> Tensor:
        """Outputs (T, n, H) for a `sequence` (T, n, I)."""
        core, state, outputs = self.core, self.start(sequence.shape[1]), []
        for features in sequence:
            output, state = core.step(features[None], NO_TIME, state)
            outputs.append(output[0])
        return torch.stack(outputs)


class SliceSequence(nn.Module):
    """The two layers and their heads, over what an encoder said of each slice."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = Layer(EMBEDDING + 1, FIRST), Layer(FIRST, SECOND)
        self.slice_head, self.series_head = nn.Linear(FIRST, 1), nn.Linear(SECOND, 1)

    def forward(self, embedding: Tensor, logit: Tensor) -> SliceLogits:
        """What is said of n series, from `embedding` (T, n, EMBEDDING) and the encoder's own `logit` (T, n).

        The sequence corrects the encoder, it need not learn again what one slice shows: a series shows what its
        clearest slice does.
        """
        remembered = self.remembered(embedding, logit)
        series = logit.amax(0) + self.of_series(remembered)
        return SliceLogits(logit + self.slice_head(remembered)[..., 0], series)

    def remembered(self, embedding: Tensor, logit: Tensor) -> Tensor:
        """What the first layer knows at each slice (T, n, FIRST)."""
        outputs: Tensor = self.first(torch.cat([embedding, logit[..., None] / 4.0], -1))
        return outputs

    def of_series(self, remembered: Tensor) -> Tensor:
        """What the second layer says of n series (n,), from what the first `remembered`."""
        log_odds: Tensor = self.series_head(self.second(remembered)[-1])
        return log_odds[:, 0]


class SliceNetwork(nn.Module):
    """One member of the ensemble: encoder and sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.sequence = SliceEncoder(), SliceSequence()

    def forward(self, pictures: Tensor) -> SliceLogits:
        """Log odds for one series of `pictures` (T, 1, S, S): `slices` (T, 1), `series` (1,)."""
        return self.along(self.read(pictures))

    def read(self, pictures: Tensor) -> tuple[SliceReading, SliceReading]:
        """What the encoder says of `pictures`, and of them with left and right changed."""
        return self.encoder(pictures), self.encoder(pictures.flip(-1))

    def along(self, readings: Sequence[SliceReading]) -> SliceLogits:
        """Log odds of a series from `readings` of its slices, each read from both ends, and the mean taken.

        Neither the order of the slices nor the side of the head should matter.
        """
        said = []
        for reading in readings:
            upwards = self.sequence(reading.embedding[:, None], reading.logit[:, None])
            downwards = self.sequence(reading.embedding.flip(0)[:, None], reading.logit.flip(0)[:, None])
            said += [upwards, SliceLogits(downwards.slices.flip(0), downwards.series)]
        slices, series = zip(*said, strict=True)
        return SliceLogits(torch.stack(slices).mean(0), torch.stack(series).mean(0))

"""ConvLSTM: an LSTM whose state is a feature map, as a pure step; state goes in, state comes out, nothing is kept.

Shi et al., NeurIPS 2015, equation 3, without the peepholes W ∘ C, as most do since: the cell has no say in its gates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

import torch
from torch import Tensor
from torch.nn.functional import conv2d


class MapState(NamedTuple):
    """Hidden and cell state, each (n, H, Y, X): rows, channels, map."""

    hidden: Tensor
    cell: Tensor


@dataclass(frozen=True)
class ConvLSTM:
    """One layer; gates lie in the order of `torch.nn.LSTM` (input, forget, candidate, output).

        i, f, o = σ(W_x * X + W_h * H + W_c c + b)      g = tanh(W_x * X + W_h * H + W_c c + b)
        C' = f ∘ C + i ∘ g                              H' = o ∘ tanh(C')

    `weight_ih` (4H, I, k, k), `weight_hh` (4H, H, k, k), k odd, the map's outside is 0; `bias` (4H,). What holds for
    all of a map, as days do, would be an input map of one value: under a 1 × 1 kernel, `weight_ch` (4H, K), that is a
    number a row, and it is one here.
    """

    weight_ih: Tensor
    weight_hh: Tensor
    weight_ch: Tensor
    bias: Tensor

    @classmethod
    def of(cls, parameters: Mapping[str, Tensor]) -> Self:
        """The layer whose weights are the entries of `parameters` named like its fields."""
        return cls(**{name: parameters[name] for name in cls.__dataclass_fields__})

    @classmethod
    def shapes(cls, inputs: int, context: int, hidden: int, kernel: int) -> dict[str, tuple[int, ...]]:
        """Shape of each weight."""
        return {
            "weight_ih": (4 * hidden, inputs, kernel, kernel),
            "weight_hh": (4 * hidden, hidden, kernel, kernel),
            "weight_ch": (4 * hidden, context),
            "bias": (4 * hidden,),
        }

    def step(self, maps: Tensor, context: Tensor, prev_state: MapState) -> MapState:
        """One step with `maps` (n, I, Y, X) and `context` (n, K); the output is the next state's `hidden`."""
        same = self.weight_ih.shape[-1] // 2
        weights = torch.cat([self.weight_ih, self.weight_hh], dim=1)
        gates = conv2d(torch.cat([maps, prev_state.hidden], dim=1), weights, self.bias, padding=same)
        i, f, g, o = (gates + (context @ self.weight_ch.mT)[..., None, None]).chunk(4, dim=1)
        cell = torch.sigmoid(f) * prev_state.cell + torch.sigmoid(i) * torch.tanh(g)
        return MapState(torch.sigmoid(o) * torch.tanh(cell), cell)

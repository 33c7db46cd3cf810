"""Recurrent cores as pure step functions over an ensemble: state goes in, state comes out, nothing is remembered.

Weights carry a leading axis of ensemble members, so that all members step in one batched product. A CPU spends its time
on tanh and on fresh memory, not on products: tanh(x) = 2 σ(2x) − 1 lets one σ make all four gates, and what no gradient
needs is overwritten.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

import torch
from torch import Tensor


class State(NamedTuple):
    """Hidden and cell state, each (E, n, H): members, rows, units."""

    hidden: Tensor
    cell: Tensor


class Gates(NamedTuple):
    """Activations of one step, each (E, n, H), between 0 and 1; `candidate` is σ(2x) where others take tanh(x)."""

    input: Tensor
    forget: Tensor
    candidate: Tensor
    output: Tensor


@dataclass(frozen=True)
class LSTM:
    """The LSTM of the classic equations (Hochreiter & Schmidhuber 1997, forget gate by Gers et al. 2000).

    Gates lie in the order of `torch.nn.LSTM` (input, forget, candidate, output): `weight_ih` (E, 4H, I),
    `weight_hh` (E, 4H, H), `bias` (E, 4H), the sum of torch's two biases.
    """

    weight_ih: Tensor
    weight_hh: Tensor
    bias: Tensor

    @classmethod
    def of(cls, parameters: Mapping[str, Tensor]) -> Self:
        """The core whose weights are the entries of `parameters` named like its fields."""
        return cls(**{name: parameters[name] for name in cls.__dataclass_fields__})

    @classmethod
    def shapes(cls, inputs: int, hidden: int) -> dict[str, tuple[int, ...]]:
        """Shape of each weight of one member."""
        return {"weight_ih": (4 * hidden, inputs), "weight_hh": (4 * hidden, hidden), "bias": (4 * hidden,)}

    def gates(self, features: Tensor, prev_state: State) -> Gates:
        """What a step with `features` (E, n, I) takes in, keeps and lets out; the cell before has no say in it."""
        hidden = prev_state.hidden.shape[-1]
        gates = torch.baddbmm(self.bias[:, None], features, self.weight_ih.mT)
        gates = gates.baddbmm_(prev_state.hidden, self.weight_hh.mT)  # (E, n, 4H)
        gates[..., 2 * hidden : 3 * hidden].mul_(2.0)  # the candidate's
        return Gates(*gates.sigmoid_().chunk(4, dim=-1))

    def step(self, features: Tensor, elapsed_days: Tensor, prev_state: State) -> tuple[Tensor, State]:
        """One step: `features` (E, n, I), `elapsed_days` (n,) unused here → output (E, n, H) and the next state."""
        i, f, g, o = self.gates(features, prev_state)
        cell = _times_tanh(i, g).addcmul_(f, prev_state.cell)
        output = _times_tanh(o, (2.0 * cell).sigmoid_())
        return output, State(output, cell)


@dataclass(frozen=True)
class TimeAwareLSTM(LSTM):
    """T-LSTM for irregular gaps (Baytas et al., KDD 2017, doi:10.1145/3097983.3097997).

    The cell is split into a short-term part C^S = tanh(W_d C + b_d) and the rest; before the classic step the short
    part is discounted by g(Δt) = 1 / log(e + Δt), Δt in days. `weight_d` (E, H, H), `bias_d` (E, H).
    """

    weight_d: Tensor
    bias_d: Tensor

    @classmethod
    def shapes(cls, inputs: int, hidden: int) -> dict[str, tuple[int, ...]]:
        """Shape of each weight of one member."""
        return {**super().shapes(inputs, hidden), "weight_d": (hidden, hidden), "bias_d": (hidden,)}

    def step(self, features: Tensor, elapsed_days: Tensor, prev_state: State) -> tuple[Tensor, State]:
        """One step after `elapsed_days` (n,); `features` (E, n, I) → output (E, n, H) and the next state."""
        short = torch.tanh(torch.baddbmm(self.bias_d[:, None], prev_state.cell, self.weight_d.mT))
        kept = 1.0 / torch.log(torch.e + elapsed_days)  # (n,)
        cell = prev_state.cell - short * (1.0 - kept[None, :, None])
        return super().step(features, elapsed_days, State(prev_state.hidden, cell))


def _times_tanh(gate: Tensor, doubled: Tensor) -> Tensor:
    """gate · tanh(x) of `doubled` = σ(2x), as memory of its own."""
    return (gate * doubled).mul_(2.0).sub_(gate)


CORES: dict[str, type[LSTM]] = {"lstm": LSTM, "time-aware-lstm": TimeAwareLSTM}

"""The whole network, one step: recurrent core over what was measured, beside a linear part that also sees the context.

    logits = W_head h + Σ_j hat_j(days) (b_j + W_j inputs + C_j context) + W_link near
    sizes  = W_sizes h + b, of which P(progression at the next visit) is what lies beyond the limit (mixture.py);
    near   = that chance's logit and how near the limit is now; what the hazard learns leaves the sizes alone

The linear part alone is logistic regression on the history; its weights are interpolated between knots of the days
since the first scan, so that irregular and missed visits need no visit number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from models.card import Architecture
from models.serving.history import FALLS, cell_names, input_names
from models.serving.lstm import CORES, State
from models.serving.mixture import COMPONENTS, PER_COMPONENT, risk_at_next_visit

# Inputs beyond four standard deviations count as four: what is far outside the training data moves nothing further.
LIMIT = 4.0
# Products are at least this wide: for fewer than about 12 columns CPU kernels sum some rows of a block in another order
# than others, and a row's bits would depend on its place in the batch.
COLUMNS = 16


@dataclass(frozen=True)
class Normaliser:
    """Mean and scale of the training data; `scale` is 0 for what was constant there, so that it says nothing."""

    mean: Tensor
    scale: Tensor

    @classmethod
    def of(cls, rows: Tensor) -> "Normaliser":
        """From rows (n, I), NaN = unknown."""
        mean = torch.nan_to_num(rows.nanmean(0))
        spread = torch.nan_to_num((rows - mean).square().nanmean(0).sqrt())
        return cls(mean, torch.where(spread > 1e-4, 1.0 / spread, 0.0))

    def __call__(self, rows: Tensor) -> Tensor:
        """Standardised rows; unknown becomes the mean."""
        return torch.nan_to_num((rows - self.mean) * self.scale).clamp(-LIMIT, LIMIT)


class Moment(NamedTuple):
    """Where a visit stands, each (n,): days since the last visit and since the first, log headroom (NaN: not known)."""

    elapsed_days: Tensor
    days: Tensor
    headroom: Tensor


class NetworkOutput(NamedTuple):
    """What one visit says: `logits` (E, n, K) and, where sizes are forecast, their heads (E, n, 5 M) as mixture.py
    reads them and the risk of progression at the next visit (E, n, 1); else both are empty.
    """

    logits: Tensor
    sizes: Tensor
    next_visit: Tensor


def shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Shape of each weight of one member."""
    inputs, context = len(input_names(architecture.feature_names)), len(architecture.context_names)
    knots, outputs, hidden = len(architecture.knot_days), architecture.outputs, architecture.hidden
    core = CORES[architecture.core].shapes(inputs, hidden)
    sizes = PER_COMPONENT * COMPONENTS
    coming = {"sizes": (hidden, sizes), "sizes_offset": (1, sizes), "link": (1 + len(FALLS), outputs)}
    return {
        **core,
        **(coming if architecture.size_days else {}),
        "head": (hidden, outputs),
        "linear": (knots * inputs, outputs),
        "context": (knots * context, outputs),
        "offset": (knots, outputs),
    }


def state_size(architecture: Architecture) -> int:
    """Float32 numbers in one timeline's state: members × (h, c), then the running cells."""
    return architecture.members * 2 * architecture.hidden + len(cell_names(architecture.feature_names))


def initial_state(architecture: Architecture, rows: int, device: torch.device | None = None) -> State:
    """The state (E, n, H) before the first visit."""
    zeros = torch.zeros(architecture.members, rows, architecture.hidden, device=device)
    return State(zeros, zeros)


def step(
    architecture: Architecture,
    parameters: Mapping[str, Tensor],
    inputs: Tensor,
    context: Tensor,
    moment: Moment,
    prev_state: State,
) -> tuple[NetworkOutput, State]:
    """Standardised `inputs` (n, I) and `context` (E or 1, n, C) → what the visit says, and the next state."""
    core = CORES[architecture.core].of(parameters)
    output, state = core.step(inputs.expand(architecture.members, -1, -1), moment.elapsed_days, prev_state)
    hats = _hats(moment.days, architecture.knot_days)  # (n, J)
    logits = _product(output, parameters["head"]) + _product(_between(hats, inputs[None]), parameters["linear"])
    logits = logits + _product(_between(hats, context), parameters["context"])
    logits = logits + _product(hats[None], parameters["offset"])
    sizes = sizes_head(parameters, output)
    if not architecture.size_days:
        return NetworkOutput(logits, sizes, sizes), state
    headroom = moment.headroom.expand(sizes.shape[:-1])
    next_visit = risk_at_next_visit(sizes, headroom, moment.elapsed_days)[..., None]
    falls = [torch.exp(-torch.nan_to_num(headroom).clamp(min=0.0) / fall)[..., None] for fall in FALLS]
    near = torch.cat([torch.logit(next_visit.detach()), *falls], dim=-1)
    return NetworkOutput(logits + _product(near, parameters["link"]), sizes, next_visit), state


def sizes_head(parameters: Mapping[str, Tensor], hidden: Tensor) -> Tensor:
    """The distribution of coming sizes (E, n, 5 M), of the hidden state (E, n, H) alone."""
    if "sizes" not in parameters:
        return hidden[..., :0]
    return _product(hidden, parameters["sizes"]) + parameters["sizes_offset"]


def _between(hats: Tensor, rows: Tensor) -> Tensor:
    """Rows (E or 1, n, A) weighted by hats (n, J), one copy per knot: (E or 1, n, J · A)."""
    return (hats[None, :, :, None] * rows[:, :, None, :]).flatten(2)


def _product(rows: Tensor, weights: Tensor) -> Tensor:
    """Batched product (E or 1, n, A) × (E, A, K) → (E, n, K); rows that all members share are multiplied once."""
    if len(rows) == len(weights):
        return _in_order(rows, weights)
    members, _, outputs = weights.shape
    shared: Tensor
    (shared,) = _in_order(rows, weights.movedim(0, 1).flatten(1)[None])  # (n, E · K)
    return torch.unflatten(shared, -1, (members, outputs)).movedim(1, 0)


def _in_order(rows: Tensor, weights: Tensor) -> Tensor:
    """Batched product, summed for every row in the same order."""
    outputs = weights.shape[-1]
    return torch.bmm(rows, pad(weights, (0, max(0, COLUMNS - outputs))))[..., :outputs]


def _hats(days: Tensor, knot_days: tuple[float, ...]) -> Tensor:
    """Weights (n, J) of the knots at `days` (n,): linear between two, constant beyond the outer ones."""
    if len(knot_days) == 1:
        return torch.ones_like(days)[:, None]
    knots = days.new_tensor(knot_days)
    left = torch.bucketize(days.contiguous(), knots[1:-1], right=True)
    share = ((days - knots[left]) / (knots[left + 1] - knots[left])).clamp(0.0, 1.0)[:, None]
    unit = torch.eye(len(knot_days), dtype=days.dtype, device=days.device)
    return unit[left] * (1.0 - share) + unit[left + 1] * share

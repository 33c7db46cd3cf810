"""The whole network: a ConvLSTM over a lesion's outlines, and a head that draws the lesion some days after the last.

An outline comes as the signed distance to it, three-dimensional, so that a slice knows how near the lesion is in the
slices beside it; every slice is a row of its own. Maps lie in blocks of 2 × 2 voxels, each a channel, so that nothing
is lost and the state is a quarter as large: how fast a lesion grows changes over centimetres. The head moves the last
outline:

    logit(days) = − distance / 2 mm + conv(relu(conv([hidden, distance]) + W_days))
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pixel_shuffle, pixel_unshuffle

from models.growth.convlstm import ConvLSTM, MapState

HIDDEN, DRAWN, KERNEL, BLOCK = 8, 16, 3, 2
"""Channels of the state and of the head, width of the kernels in blocks, width of a block in voxels."""
INPUTS = 2 * BLOCK**2
NEAR_MM, WIDE_MM, EDGE_MM = 4.0, 20.0, 2.0
"""Distances as inputs: finely near the outline, coarsely far from it; and how soft the last outline's edge is."""
CONTEXT = ("first visit", "days", "log days", "drug", "radiation", "line", "days in line", "log days in line")
AHEAD = ("days", "log days", "root days")
SOONEST_DAYS, FURTHEST_DAYS, LONGEST_LINE_DAYS = 21.0, 150.0, 540.0
"""What weights learn from: days between visits, days in a line. What is longer ago counts as these."""
Parameters = Mapping[str, Tensor]


class GrowthState(NamedTuple):
    """What is kept between visits: the ConvLSTM's state (n, H, Y/2, X/2) and the last outline's distance (n, Y, X)."""

    maps: MapState
    distance_mm: Tensor


class VisitContext(NamedTuple):
    """What is known of a visit beside the outline: days since the last one (None: the first), and the treatment.

    `drug`: one is in force; `radiation`: some was given since the last visit; `line` of therapy (0: none) and its days.
    """

    elapsed_days: float | None
    drug: bool
    radiation: bool
    line: int
    line_days: float


def shapes() -> dict[str, tuple[int, ...]]:
    """Shape of each weight."""
    return {
        **ConvLSTM.shapes(INPUTS, len(CONTEXT), HIDDEN, KERNEL),
        "draw": (DRAWN, HIDDEN + INPUTS, KERNEL, KERNEL),
        "draw_ahead": (DRAWN, len(AHEAD)),
        "draw_bias": (DRAWN,),
        "edge": (BLOCK**2, DRAWN, KERNEL, KERNEL),
        "edge_bias": (BLOCK**2,),
    }


def initial_state(rows: int, size: int) -> GrowthState:
    """The state before the first visit of maps `size` × `size`; its distance is never looked at."""
    maps = torch.zeros(rows, HIDDEN, size // BLOCK, size // BLOCK)
    return GrowthState(MapState(maps, maps), torch.zeros(rows, size, size))


def context_of(given: VisitContext) -> Tensor:
    """Inputs (K,) that hold for the whole map."""
    days, line_days = min(given.elapsed_days or 0.0, FURTHEST_DAYS), min(given.line_days, LONGEST_LINE_DAYS)
    first = 1.0 if given.elapsed_days is None else 0.0
    flags = [float(given.drug), float(given.radiation), given.line / 2]
    return torch.tensor([first, days / 100, _log(days), *flags, line_days / 200, _log(line_days)])


def step(parameters: Parameters, distance_mm: Tensor, context: Tensor, prev_state: GrowthState) -> GrowthState:
    """One visit: `distance_mm` (n, Y, X) and `context` (n, K) → the next state."""
    return GrowthState(ConvLSTM.of(parameters).step(_inputs(distance_mm), context, prev_state.maps), distance_mm)


def forecast(parameters: Parameters, state: GrowthState, days: Tensor) -> Tensor:
    """Logits (n, Y, X) that a voxel is inside the lesion `days` (n,) after the last visit; the state stays as it is."""
    seen = torch.cat([state.maps.hidden, _inputs(state.distance_mm)], dim=1)
    ahead = torch.stack([days / 100, torch.log1p(days) / 5, torch.sqrt(days) / 10], dim=-1)
    drawn = conv2d(seen, parameters["draw"], parameters["draw_bias"], padding=KERNEL // 2)
    drawn = torch.relu(drawn + (ahead @ parameters["draw_ahead"].mT)[..., None, None])
    moved = pixel_shuffle(conv2d(drawn, parameters["edge"], parameters["edge_bias"], padding=KERNEL // 2), BLOCK)
    return moved[:, 0] - state.distance_mm.clamp(-WIDE_MM, WIDE_MM) / EDGE_MM


def unroll(
    parameters: Parameters, distances_mm: Sequence[Tensor], contexts: Sequence[Tensor], ahead_days: Sequence[Tensor]
) -> list[Tensor]:
    """Logits (n, Y, X) after each visit, all visits at once: the network as training sees it."""
    state, logits = initial_state(len(distances_mm[0]), distances_mm[0].shape[-1]), []
    for distance_mm, context, days in zip(distances_mm, contexts, ahead_days, strict=True):
        state = step(parameters, distance_mm, context, state)
        logits.append(forecast(parameters, state, days))
    return logits


def _inputs(distance_mm: Tensor) -> Tensor:
    """Distances (n, Y, X) fine and coarse, between −1 and 1, block by block: (n, INPUTS, Y/2, X/2)."""
    both = torch.stack([(distance_mm / NEAR_MM).clamp(-1, 1), (distance_mm / WIDE_MM).clamp(-1, 1)], dim=1)
    return pixel_unshuffle(both, BLOCK)


def _log(days: float) -> float:
    return float(torch.log1p(torch.tensor(days))) / 5

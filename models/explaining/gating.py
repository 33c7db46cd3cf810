"""What went on inside the network at each visit: what it saw, what its gates let through, how much it remembered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from models.fused import chosen
from models.serving.context import context
from models.serving.forecaster import Forecaster
from models.serving.history import cell_names, observe
from models.serving.lstm import CORES
from models.serving.network import Normaliser, initial_state
from models.timepoint import Timepoint


class NetworkInputs(NamedTuple):
    """Inputs (V, I) and context (V, C) of V visits as they are, before they are standardised; NaN where unknown."""

    inputs: Tensor
    context: Tensor


@dataclass(frozen=True)
class Gating:
    """Means over members and units at one visit: the gates, each between 0 and 1, and the size of the cell after it.

    `input`: how much of what the visit brought is taken in; `forget`: how much of what was known before is kept;
    `output`: how much of it shows; `cell`: mean of its absolute value.
    """

    input: float
    forget: float
    output: float
    cell: float


def network_inputs(forecaster: Forecaster, timepoints: Sequence[Timepoint]) -> NetworkInputs:
    """What the network saw at each of `timepoints`, a patient's from the first on."""
    architecture = forecaster.card.architecture
    cells, inputs = torch.zeros(1, len(cell_names(architecture.feature_names))), []
    for timepoint in timepoints:
        x = torch.tensor(chosen(timepoint.x, architecture.feature_names), dtype=torch.float32)[None]
        cells, row = observe(cells, x, torch.tensor([timepoint.elapsed_days]), architecture.feature_names)
        inputs.append(row)
    facts = [context(architecture.context_names, each.clinical, each.treatments) for each in timepoints]
    return NetworkInputs(torch.cat(inputs), torch.from_numpy(np.stack(facts)))


def gates(forecaster: Forecaster, timepoints: Sequence[Timepoint]) -> list[Gating]:
    """Gates and cell at each of `timepoints`, a patient's from the first on."""
    architecture, parameters = forecaster.card.architecture, forecaster.parameters
    core = CORES[architecture.core].of(parameters)
    rows = network_inputs(forecaster, timepoints).inputs.to(forecaster.device)
    standard = Normaliser(parameters["input_mean"], parameters["input_scale"])(rows)
    state, gatings = initial_state(architecture, 1, forecaster.device), []
    for row, timepoint in zip(standard, timepoints, strict=True):
        features = row.expand(architecture.members, 1, -1)
        opened = core.gates(features, state)
        _, state = core.step(features, row.new_tensor([timepoint.elapsed_days]), state)
        means = (part.mean().item() for part in (opened.input, opened.forget, opened.output, state.cell.abs()))
        gatings.append(Gating(*means))
    return gatings

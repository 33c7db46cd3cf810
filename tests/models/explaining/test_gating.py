import numpy as np
import torch
from torch import Tensor

from models.explaining.gating import Gating, gates, network_inputs
from models.explaining.risk_change import fold
from models.serving.forecaster import Forecaster
from models.serving.history import cell_names
from models.serving.network import Normaliser
from models.timepoint import Timepoint
from tests.models.timelines import simulated, sizes

ROUNDING = 1e-6


def timelines(forecaster: Forecaster) -> list[list[Timepoint]]:
    disease = "lung" if forecaster.card.model == "progression" else "breast"
    return [timeline.timepoints() for timeline in simulated(disease, 25)]


def cells_of_torch(forecaster: Forecaster) -> list[torch.nn.LSTMCell]:
    """One of torch's own cells for each member, with the same weights."""
    weights = forecaster.parameters
    made = []
    for member in range(forecaster.card.architecture.members):
        cell = torch.nn.LSTMCell(weights["weight_ih"].shape[-1], forecaster.card.architecture.hidden)
        products = {name: weights[name][member] for name in ("weight_ih", "weight_hh")}
        cell.load_state_dict(
            {**products, "bias_ih": weights["bias"][member], "bias_hh": torch.zeros_like(cell.bias_hh)}
        )
        made.append(cell)
    return made


def opened(cell: torch.nn.LSTMCell, row: Tensor, hidden: Tensor) -> list[Tensor]:
    """Input, forget and output gate of torch's cell, by its documentation."""
    i, f, _, o = (cell.weight_ih @ row + cell.weight_hh @ hidden + cell.bias_ih).chunk(4)
    return [torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o)]


@torch.no_grad()
def by_torch(forecaster: Forecaster, timeline: list[Timepoint]) -> list[Gating]:
    members, hidden = cells_of_torch(forecaster), forecaster.card.architecture.hidden
    weights = forecaster.parameters
    rows = Normaliser(weights["input_mean"], weights["input_scale"])(network_inputs(forecaster, timeline).inputs)
    states = [(torch.zeros(1, hidden), torch.zeros(1, hidden)) for _ in members]
    found = []
    for row in rows:
        parts = [opened(cell, row, state[0][0]) for cell, state in zip(members, states, strict=True)]
        states = [cell(row[None], state) for cell, state in zip(members, states, strict=True)]
        i, f, o = (torch.stack(part).mean().item() for part in zip(*parts, strict=True))
        found.append(Gating(i, f, o, torch.stack([cell for _, cell in states]).abs().mean().item()))
    return found


def test_gates_and_cell_are_those_of_torchs_own_cell(forecaster: Forecaster) -> None:
    for timeline in timelines(forecaster):
        for ours, theirs in zip(gates(forecaster, timeline), by_torch(forecaster, timeline), strict=True):
            np.testing.assert_allclose(list(vars(ours).values()), list(vars(theirs).values()), atol=ROUNDING)


def test_the_cell_told_is_the_one_in_the_stored_state(forecaster: Forecaster) -> None:
    architecture = forecaster.card.architecture
    for timeline in timelines(forecaster):
        state, _ = fold(forecaster, timeline)
        core = state[0, : -len(cell_names(architecture.feature_names))].reshape(architecture.members, 2, -1)
        assert abs(gates(forecaster, timeline)[-1].cell - np.abs(core[:, 1]).mean()) < ROUNDING


def test_there_is_a_row_for_every_visit_and_each_gate_is_a_share(progression: Forecaster) -> None:
    found = gates(progression, sizes(*range(60, 20, -2)))
    assert len(found) == 20
    assert all(0 < share < 1 for each in found for share in (each.input, each.forget, each.output))

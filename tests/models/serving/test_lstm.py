import math

import pytest
import torch

from models.serving.lstm import CORES, LSTM, State, TimeAwareLSTM

MEMBERS, ROWS, INPUTS, HIDDEN, VISITS = 3, 5, 4, 8, 6


def weights_of(core: type[LSTM], *, seed: int = 0) -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    shapes = core.shapes(INPUTS, HIDDEN)
    return {name: torch.randn(MEMBERS, *shape, generator=random) * 0.4 for name, shape in shapes.items()}


def start() -> State:
    return State(torch.zeros(MEMBERS, ROWS, HIDDEN), torch.zeros(MEMBERS, ROWS, HIDDEN))


def unrolled(core: LSTM, features: torch.Tensor, elapsed_days: float) -> torch.Tensor:
    """Outputs (T, E, n, H), the same input for all members."""
    state, outputs = start(), []
    for visit in features:
        output, state = core.step(visit.expand(MEMBERS, -1, -1), torch.full((ROWS,), elapsed_days), state)
        outputs.append(output)
    return torch.stack(outputs)


def torch_lstm(weights: dict[str, torch.Tensor], member: int) -> torch.nn.LSTM:
    theirs = torch.nn.LSTM(INPUTS, HIDDEN)
    theirs.load_state_dict(
        {
            "weight_ih_l0": weights["weight_ih"][member],
            "weight_hh_l0": weights["weight_hh"][member],
            "bias_ih_l0": weights["bias"][member],
            "bias_hh_l0": torch.zeros(4 * HIDDEN),
        }
    )
    return theirs


def test_every_member_equals_torch_nn_lstm_with_the_same_weights() -> None:
    weights, features = weights_of(LSTM), torch.randn(VISITS, ROWS, INPUTS)
    outputs = unrolled(LSTM.of(weights), features, elapsed_days=0.0)
    for member in range(MEMBERS):
        theirs, _ = torch_lstm(weights, member)(features)
        torch.testing.assert_close(outputs[:, member], theirs, atol=1e-6, rtol=1e-5)


def test_training_sees_the_gradients_of_torch_nn_lstm() -> None:
    weights = {name: tensor.requires_grad_() for name, tensor in weights_of(LSTM).items()}
    features = torch.randn(VISITS, ROWS, INPUTS)
    unrolled(LSTM.of(weights), features, elapsed_days=0.0).square().sum().backward()
    for member in range(MEMBERS):
        theirs = torch_lstm(weights, member)
        theirs(features)[0].square().sum().backward()
        for ours, their in (("weight_ih", "weight_ih_l0"), ("weight_hh", "weight_hh_l0"), ("bias", "bias_ih_l0")):
            torch.testing.assert_close(weights[ours].grad[member], getattr(theirs, their).grad, atol=1e-4, rtol=1e-4)


def test_without_time_between_visits_the_time_aware_core_is_the_classic_one() -> None:
    weights, features = weights_of(TimeAwareLSTM), torch.randn(VISITS, ROWS, INPUTS)
    classic = LSTM(weights["weight_ih"], weights["weight_hh"], weights["bias"])
    time_aware = TimeAwareLSTM.of(weights)
    torch.testing.assert_close(unrolled(time_aware, features, 0.0), unrolled(classic, features, 0.0))
    assert not torch.allclose(unrolled(time_aware, features, 90.0), unrolled(classic, features, 90.0), atol=1e-3)


def test_the_short_term_memory_fades_as_the_paper_says() -> None:
    """C* = C − C^S + C^S / log(e + Δt): with gates that only keep, the next cell is C* itself."""
    weights = {name: torch.zeros_like(tensor) for name, tensor in weights_of(TimeAwareLSTM).items()}
    weights["weight_d"] = torch.eye(HIDDEN).expand(MEMBERS, -1, -1)
    weights["bias"][:, HIDDEN : 2 * HIDDEN] = 50.0  # forget gate: keep all
    cell = torch.full((MEMBERS, ROWS, HIDDEN), 0.8)
    _, after = TimeAwareLSTM.of(weights).step(
        torch.zeros(MEMBERS, ROWS, INPUTS), torch.full((ROWS,), 60.0), State(torch.zeros_like(cell), cell)
    )
    short = math.tanh(0.8)
    expected = 0.8 - short + short / math.log(math.e + 60.0)
    torch.testing.assert_close(after.cell, torch.full_like(cell, expected))


@pytest.mark.parametrize("core", CORES)
def test_a_step_changes_nothing_it_was_given(core: str) -> None:
    state, features = start(), torch.randn(MEMBERS, ROWS, INPUTS)
    before = [tensor.clone() for tensor in (*state, features)]
    CORES[core].of(weights_of(CORES[core])).step(features, torch.full((ROWS,), 30.0), state)
    assert all(torch.equal(now, then) for now, then in zip((*state, features), before, strict=True))

import numpy as np
import torch

from models.growth.convlstm import ConvLSTM, MapState

INPUTS, CONTEXT, HIDDEN, ROWS, VISITS = 3, 2, 4, 5, 6


def layer(kernel: int, seed: int = 0) -> ConvLSTM:
    random = torch.Generator().manual_seed(seed)
    shapes = ConvLSTM.shapes(INPUTS, CONTEXT, HIDDEN, kernel)
    return ConvLSTM.of({name: torch.randn(shape, generator=random) * 0.4 for name, shape in shapes.items()})


def start(size: int) -> MapState:
    return MapState(torch.zeros(ROWS, HIDDEN, size, size), torch.zeros(ROWS, HIDDEN, size, size))


def test_on_a_map_of_one_place_it_is_torch_nn_lstm_with_the_same_weights() -> None:
    ours, theirs = layer(1), torch.nn.LSTM(INPUTS + CONTEXT, HIDDEN)
    weight = torch.cat([ours.weight_ih[..., 0, 0], ours.weight_ch], dim=1)
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    weights = (weight, ours.weight_hh[..., 0, 0], ours.bias, torch.zeros(4 * HIDDEN))
    theirs.load_state_dict(dict(zip(names, weights, strict=True)))
    maps, context = torch.randn(VISITS, ROWS, INPUTS, 1, 1), torch.randn(VISITS, ROWS, CONTEXT)
    state, outputs = start(1), []
    for now, given in zip(maps, context, strict=True):
        state = ours.step(now, given, state)
        outputs.append(state.hidden[..., 0, 0])
    expected, (_, cell) = theirs(torch.cat([maps[..., 0, 0], context], dim=2))
    torch.testing.assert_close(torch.stack(outputs), expected, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(state.cell[..., 0, 0], cell[0], atol=1e-6, rtol=1e-5)


def test_a_step_is_the_equations_of_shi_et_al_written_out_place_by_place() -> None:
    ours, state = layer(3), start(4)
    maps, context = torch.randn(ROWS, INPUTS, 4, 4), torch.randn(ROWS, CONTEXT)
    state = ours.step(torch.randn_like(maps), context, state)
    after = ours.step(maps, context, state)
    seen = np.pad(torch.cat([maps, state.hidden], dim=1).numpy(), ((0, 0), (0, 0), (1, 1), (1, 1)))
    weight = torch.cat([ours.weight_ih, ours.weight_hh], dim=1).numpy()
    for y in range(4):
        for x in range(4):
            around = seen[:, :, y : y + 3, x : x + 3]
            gates = np.einsum("nchw,gchw->ng", around, weight) + context.numpy() @ ours.weight_ch.numpy().T
            i, f, g, o = np.split(gates + ours.bias.numpy(), 4, axis=1)
            cell = state.cell[:, :, y, x].numpy() / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
            np.testing.assert_allclose(after.cell[:, :, y, x], cell, atol=1e-5)
            np.testing.assert_allclose(after.hidden[:, :, y, x], np.tanh(cell) / (1 + np.exp(-o)), atol=1e-5)


def test_what_is_moved_in_the_maps_is_moved_in_the_state() -> None:
    ours, context = layer(3), torch.randn(ROWS, CONTEXT)
    maps = torch.zeros(2, ROWS, INPUTS, 12, 12)
    maps[:, :, :, 3:6, 3:6] = torch.randn(2, ROWS, INPUTS, 3, 3)
    here, there = start(12), start(12)
    for now in maps:
        here, there = ours.step(now, context, here), ours.step(now.roll((2, 3), (2, 3)), context, there)
    inner = (slice(None), slice(None), slice(4, 10), slice(5, 10))
    torch.testing.assert_close(there.hidden[inner], here.hidden.roll((2, 3), (2, 3))[inner])


def test_a_step_changes_nothing_it_was_given() -> None:
    state, maps, context = start(4), torch.randn(ROWS, INPUTS, 4, 4), torch.randn(ROWS, CONTEXT)
    before = [tensor.clone() for tensor in (*state, maps, context)]
    layer(3).step(maps, context, state)
    assert all(torch.equal(now, then) for now, then in zip((*state, maps, context), before, strict=True))

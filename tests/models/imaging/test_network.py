"""The slice network is the one it says it is, and steps as it unrolls."""

import torch
from torch import nn

from models.imaging.encoder import EMBEDDING
from models.imaging.network import FIRST, NO_TIME, SECOND, Layer, SliceNetwork, SliceSequence
from models.imaging.preprocess import slice_stack
from tests.models.imaging.heads import head


def torch_twin(layer: Layer, inputs: int) -> nn.LSTM:
    weights, twin = dict(layer.named_parameters()), nn.LSTM(inputs, layer.hidden)
    twin.load_state_dict(
        {
            "weight_ih_l0": weights["weight_ih"][0],
            "weight_hh_l0": weights["weight_hh"][0],
            "bias_ih_l0": weights["bias"][0],
            "bias_hh_l0": torch.zeros(4 * layer.hidden),
        }
    )
    return twin


def test_both_layers_are_those_of_torch() -> None:
    torch.manual_seed(1)
    sequence, embedding, logit = SliceSequence(), torch.randn(24, 3, EMBEDDING), torch.randn(24, 3)
    inputs = torch.cat([embedding, logit[..., None] / 4.0], -1)
    remembered, _ = torch_twin(sequence.first, EMBEDDING + 1)(inputs)
    last = torch_twin(sequence.second, FIRST)(remembered)[0][-1]
    said = sequence(embedding, logit)
    torch.testing.assert_close(said.slices, logit + sequence.slice_head(remembered)[..., 0], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(said.series, logit.amax(0) + sequence.series_head(last)[:, 0], atol=1e-5, rtol=1e-5)
    assert (sequence.first.hidden, sequence.second.hidden) == (FIRST, SECOND) == (128, 64)


def test_slice_by_slice_with_a_state_put_away_equals_all_at_once() -> None:
    torch.manual_seed(2)
    layer, sequence = Layer(8, 16), torch.randn(24, 2, 8)
    state, outputs = layer.start(2), []
    for features in sequence:
        output, state = layer.core.step(features[None], NO_TIME, state)
        state = type(state)(*(torch.tensor(part.tolist()) for part in state))  # as if it had been stored
        outputs.append(output[0])
    torch.testing.assert_close(torch.stack(outputs), layer(sequence), atol=1e-6, rtol=0)


def test_neither_the_side_nor_the_order_of_reading_matters() -> None:
    torch.manual_seed(3)
    network = SliceNetwork().eval()
    pictures = torch.from_numpy(slice_stack(head(tumour=(6, 8, 16))))
    with torch.inference_mode():
        said, mirrored, reversed_ = network(pictures), network(pictures.flip(-1)), network(pictures.flip(0))
    torch.testing.assert_close(mirrored.slices, said.slices, atol=1e-5, rtol=0)
    torch.testing.assert_close(reversed_.slices.flip(0), said.slices, atol=1e-5, rtol=0)
    torch.testing.assert_close(reversed_.series, said.series, atol=1e-5, rtol=0)

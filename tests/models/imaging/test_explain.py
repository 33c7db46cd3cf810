"""What is shown as a reason is what the network goes by."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.imaging.classifier import SliceClassifier
from models.imaging.encoder import EMBEDDING, SliceReading
from models.imaging.explain import gates_along, gradient_map, occlusion_map
from models.imaging.image_card import ImageCard
from models.imaging.network import SliceNetwork
from models.imaging.preprocess import slice_stack
from models.imaging.volume import Volume
from models.judging.slices.weight_check import weight_check
from tests.models.imaging.heads import head

PICTURES = torch.from_numpy(slice_stack(head(tumour=(6, 10, 18))))
LEVEL = 6


@pytest.fixture
def network() -> SliceNetwork:
    """A network that goes by one thing only: how bright a corner of each slice is."""
    torch.manual_seed(1)
    network = SliceNetwork().eval()

    class Corner(nn.Module):
        def forward(self, pictures: Tensor) -> SliceReading:
            bright = pictures[:, 0, 56:72, 24:40].mean((1, 2))
            return SliceReading(pictures, pictures, torch.zeros(len(pictures), EMBEDDING), 40 * bright)

    network.encoder = Corner()  # type: ignore[assignment]
    return network


@pytest.mark.parametrize("way", [occlusion_map, gradient_map])
def test_a_map_shows_the_part_that_decides(network: SliceNetwork, way: Callable[..., np.ndarray]) -> None:
    pictures = PICTURES.clone()
    pictures[:, :, 56:72, 24:40] = 0.9
    found = way([network], pictures, LEVEL)
    assert found.shape == (96, 96) and found.max() == pytest.approx(1.0)
    assert found[56:72, 24:40].mean() > 0.5
    elsewhere = np.delete(np.delete(found, np.s_[48:80], 0), np.s_[16:80], 1)  # without its mirror image, read as well
    assert elsewhere.max() < 0.1


def test_gates_are_those_of_the_first_layer_slice_by_slice() -> None:
    torch.manual_seed(2)
    network = SliceNetwork().eval()
    with torch.no_grad():
        network.sequence.first.bias[:, 128:256] = 50.0  # the forget gate stays open
        network.sequence.first.bias[:, :128] = -50.0  # and nothing comes in
    gatings = gates_along(network, PICTURES)
    assert len(gatings) == len(PICTURES)
    assert all(each.forget == pytest.approx(1.0) and each.input == pytest.approx(0.0) for each in gatings)
    assert all(each.cell == pytest.approx(0.0, abs=1e-6) for each in gatings)


def test_other_weights_give_another_map() -> None:
    torch.manual_seed(11)
    check = weight_check([SliceNetwork().eval()], PICTURES, LEVEL)
    assert -1 <= check.mean <= check.largest < 0.999


def test_a_slice_is_explained_by_its_place_in_the_series_and_gates_by_every_slice(network: SliceNetwork) -> None:
    """The series has more slices than are read at once: the map is of the thick slice that the thin one lies in."""
    card = ImageCard("slices", "0" * 64, "tumour_presence", {}, {"members": 1}, {}, 0, {}, "", ())
    series = head(tumour=(6, 10, 18))
    many = Volume(np.repeat(series.values, 5, axis=0), series.spacing_mm, series.modality)
    why = SliceClassifier(card, [network]).explained(many, 5 * LEVEL + 2)
    assert {each.shape for each in (why.picture, why.occlusion, why.gradient)} == {(96, 96)}
    assert why.gates.shape == (4, len(many.values))
    near = why.picture.astype(float) - 255 * PICTURES[LEVEL, 0].numpy()
    assert np.abs(near).mean() < np.abs(why.picture - 255 * PICTURES[0, 0].numpy()).mean() / 2

"""An encoder in service: what it says of a series stands for itself, and what is no encoder is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.card import UnusableWeights
from models.encoding.encoder import EMBEDDING_OF_SERIES, Encoder, tried_out
from models.encoding.grid import PIXELS, SLICES, on_grid
from models.encoding.network import Encoders
from models.features import EMBEDDING, MODALITIES, encoded_by
from models.imaging.image_card import WEIGHTS, ImageCard, save_network
from models.imaging.volume import Volume
from models.simulation.series import simulated_series
from tests.models.encoding.untrained import untrained


def series(modality: str, seed: int = 1) -> Volume:
    return simulated_series(modality, 0.5, 40.0, np.random.default_rng(seed))


@pytest.mark.parametrize("modality", MODALITIES)
def test_a_series_becomes_numbers_from_0_to_1_that_are_the_same_whenever_it_is_asked(
    modality: str, tmp_path: Path
) -> None:
    card = untrained(tmp_path)
    encoder, volume = Encoder.load(tmp_path), series(modality)
    said = encoder.embedding(volume)
    assert len(said) == EMBEDDING and all(0 <= each <= 1 for each in said)
    assert Encoder.load(tmp_path).embedding(volume) == said != encoder.embedding(series(modality, 2))
    assert encoder.feature_version == encoded_by(card.weights_sha256)
    assert (tmp_path / WEIGHTS).stat().st_size < 5e6


def test_other_series_beside_it_change_nothing() -> None:
    network = Encoders().eval().of["ct"]
    grids = torch.from_numpy(np.stack([on_grid(series("CT", seed)) for seed in range(4)]))
    with torch.inference_mode():
        together = network(grids)
        for n in range(len(grids)):
            torch.testing.assert_close(network(grids[n : n + 1])[0], together[n], atol=1e-6, rtol=0)


@pytest.mark.parametrize("shape", [(2, 30, 40), (SLICES, PIXELS, PIXELS), (200, 64, 50)])
def test_a_series_of_any_size_lies_on_one_grid(shape: tuple[int, int, int]) -> None:
    grid = on_grid(Volume(np.full(shape, 40.0, np.float32), (5.0, 1.0, 1.0), "CT"))
    assert grid.shape == (SLICES, PIXELS, PIXELS)
    np.testing.assert_allclose(grid, 0.5, atol=1e-6)


def test_what_is_no_encoder_is_refused_with_its_folder(tmp_path: Path) -> None:
    card = untrained(tmp_path / "right")
    assert tried_out(tmp_path / "right") == card
    save_network(tmp_path / "slices", replace(card, endpoint="tumour_presence"), Encoders().state_dict())
    with pytest.raises(UnusableWeights, match=f"{tmp_path}/slices is no encoder"):
        tried_out(tmp_path / "slices")
    save_network(tmp_path / "other", card, {"told.weight": torch.zeros(2, 2)})
    with pytest.raises(UnusableWeights, match="do not have the shape"):
        Encoder.load(tmp_path / "other")
    nothing = {name: each.float() * torch.nan for name, each in Encoders().state_dict().items()}
    save_network(tmp_path / "nothing", card, nothing)
    with pytest.raises(UnusableWeights, match="none from 0 to 1"):
        tried_out(tmp_path / "nothing")


def test_a_card_says_what_it_is_asked_for(tmp_path: Path) -> None:
    untrained(tmp_path)
    assert ImageCard.read(tmp_path / "card.json").endpoint == EMBEDDING_OF_SERIES

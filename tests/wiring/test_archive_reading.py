"""Which network reads slices that nobody measured: the one that comes along, the same for all who read again."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.imaging.classifier import packed
from models.imaging.image_card import CARD, WEIGHTS, ImageCard, save_network
from models.imaging.network import SliceNetwork
from models.imaging.volume import Volume
from stream.errors import CannotStart
from stream.wiring import archive_reading
from stream.wiring.archive_reading import presence_model

MEMBERS = 2


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for the networks that come along."""
    monkeypatch.setattr(archive_reading, "COMMITTED_IMAGES", tmp_path)
    return tmp_path


def untrained(folder: Path, endpoint: str = "tumour_presence") -> ImageCard:
    torch.manual_seed(1)
    said = {"training_data": {"patients": 8}, "seed": 1, "metrics": {}, "intended_use": "", "limits": ()}
    architecture, applies_to = {"members": MEMBERS}, {"modality": "MR"}
    card = ImageCard("slices", "", endpoint, applies_to=applies_to, architecture=architecture, **said)
    return save_network(folder, card, packed([SliceNetwork() for _ in range(MEMBERS)]))


def test_without_weights_nothing_is_asked(cards: Path) -> None:
    untrained(cards / "other", "organ")
    assert presence_model() is None


def test_what_comes_along_is_named_by_its_weights_and_says_the_same_whenever_it_is_asked(cards: Path) -> None:
    card = untrained(cards / "slices")
    first, again = presence_model(), presence_model()
    assert first and again
    assert (first.name, first.weights_version, first.learned_from) == ("slices", card.weights_sha256, 8)
    head = np.zeros((5, 64, 64), np.float32)
    head[:, 12:52, 12:52] = np.random.default_rng(1).uniform(200, 400, (5, 40, 40))
    said, same = (model.scores(Volume(head, (5.0, 4.0, 4.0), "MR")) for model in (first, again))
    assert said.slices.tolist() == same.slices.tolist() and len(said.slices) == 5
    assert 0 <= said.low <= said.series <= said.high <= 1


@pytest.mark.parametrize("damaged", [CARD, WEIGHTS])
def test_damaged_weights_are_no_start_and_the_file_is_named(cards: Path, damaged: str) -> None:
    untrained(cards / "slices")
    (cards / "slices" / damaged).write_bytes(b"not what it was")
    with pytest.raises(CannotStart, match=damaged):
        presence_model()

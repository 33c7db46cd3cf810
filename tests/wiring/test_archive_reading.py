"""Which network reads slices that nobody measured: the one that comes along, the same for all who read again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.imaging.classifier import packed
from models.imaging.image_card import CARD, WEIGHTS, ImageCard, save_network
from models.imaging.network import ALONG, SliceNetwork
from models.imaging.volume import Volume
from stream.archive import kept_networks
from stream.archive.kept_networks import keep_network
from stream.errors import CannotStart, WrongUse
from stream.settings import Settings
from stream.wiring.archive_reading import encoding_model, presence_model
from tests.models.encoding.untrained import untrained as untaught

MEMBERS = 2
READ_ALONG = {"along_the_slices": list(ALONG)}


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for the networks that come along."""
    monkeypatch.setattr(kept_networks, "COMMITTED_IMAGES", tmp_path / "cards")
    return tmp_path / "cards"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def untrained(folder: Path, endpoint: str = "tumour_presence", seed: int = 1) -> ImageCard:
    torch.manual_seed(seed)
    said = {"training_data": {"patients": 8}, "seed": 1, "metrics": {}, "intended_use": "", "limits": ()}
    architecture, applies_to = {"members": MEMBERS, **READ_ALONG}, {"modality": "MR"}
    card = ImageCard("slices", "", endpoint, applies_to=applies_to, architecture=architecture, **said)
    return save_network(folder, card, packed([SliceNetwork() for _ in range(MEMBERS)]))


def test_without_weights_nothing_is_asked(cards: Path, settings: Settings) -> None:
    untrained(cards / "other", "organ")
    assert presence_model(settings) is None


def test_what_comes_along_is_named_by_its_weights_and_says_the_same_whenever_it_is_asked(
    cards: Path, settings: Settings
) -> None:
    card = untrained(cards / "slices")
    first, again = presence_model(settings), presence_model(settings)
    assert first and again
    assert (first.name, first.weights_version, first.learned_from) == ("slices", card.weights_sha256, 8)
    head = np.zeros((5, 64, 64), np.float32)
    head[:, 12:52, 12:52] = np.random.default_rng(1).uniform(200, 400, (5, 40, 40))
    said, same = (model.scores(Volume(head, (5.0, 4.0, 4.0), "MR")) for model in (first, again))
    assert said.slices.tolist() == same.slices.tolist() and len(said.slices) == 5
    assert 0 <= said.low <= said.series <= said.high <= 1


@pytest.mark.parametrize("damaged", [CARD, WEIGHTS])
def test_damaged_weights_are_no_start_and_the_file_is_named(cards: Path, settings: Settings, damaged: str) -> None:
    untrained(cards / "slices")
    (cards / "slices" / damaged).write_bytes(b"not what it was")
    with pytest.raises(CannotStart, match=damaged):
        presence_model(settings)


def test_what_was_put_in_service_reads_in_place_of_what_comes_along_and_the_one_before_can_again(
    cards: Path, settings: Settings, tmp_path: Path
) -> None:
    untrained(cards / "slices")
    versions = []
    for seed in (2, 3, 2):
        card = untrained(tmp_path / str(seed), seed=seed)
        assert keep_network(settings, tmp_path / str(seed)) == card
        model = presence_model(settings)
        versions.append(model.weights_version if model else "")
        assert versions[-1] == card.weights_sha256
    assert versions[0] == versions[2] != versions[1]


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ({"endpoint": "organ"}, "is not asked for tumour_presence"),
        ({"training_data": {}}, "does not work with this code"),
        ({"architecture": READ_ALONG}, "does not work with this code"),
        ({"architecture": {"members": MEMBERS}}, "are for another network: train it again"),
        ({"architecture": {"members": 9, **READ_ALONG}}, "member 2"),
    ],
)
def test_what_cannot_read_slices_is_refused_and_changes_nothing(
    cards: Path, settings: Settings, tmp_path: Path, card: dict[str, object], said: str
) -> None:
    wrong = replace(untrained(tmp_path / "new"), **card)
    save_network(tmp_path / "new", wrong, packed([SliceNetwork() for _ in range(MEMBERS)]))
    with pytest.raises(WrongUse, match=said):
        keep_network(settings, tmp_path / "new")
    assert presence_model(settings) is None


def test_a_network_that_is_gone_from_the_archive_is_no_start(cards: Path, settings: Settings, tmp_path: Path) -> None:
    untrained(tmp_path / "new")
    version = keep_network(settings, tmp_path / "new").weights_sha256
    (settings.archive / "networks" / version / WEIGHTS).unlink()
    with pytest.raises(CannotStart, match=f"{version}/{WEIGHTS} is missing"):
        presence_model(settings)


def test_an_encoder_reads_only_where_somebody_added_one_and_the_last_one_that_was(
    cards: Path, settings: Settings, tmp_path: Path
) -> None:
    assert encoding_model(settings) is None
    for seed in (1, 2, 1):
        card = untaught(tmp_path / str(seed), seed)
        assert keep_network(settings, tmp_path / str(seed)) == card
        model = encoding_model(settings)
        assert model and (model.name, model.weights_version) == ("encoder", card.weights_sha256)
    assert presence_model(settings) is None
    (settings.archive / "networks" / card.weights_sha256 / WEIGHTS).write_bytes(b"not what it was")
    with pytest.raises(CannotStart, match=f"{card.weights_sha256}/{WEIGHTS} is not the file its card describes"):
        encoding_model(settings)

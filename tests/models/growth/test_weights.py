"""Weights of growth maps: the seed says them, the card describes them, and a damaged folder is named."""

from pathlib import Path

import pytest

from models.card import UnusableWeights
from models.growth import fit, train
from models.growth.card import GROWTH_CARD, load_growth
from models.serving.weights import CARD, WEIGHTS

FEW = (2, 1, 1)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "EPOCHS", 1)
    monkeypatch.setattr(fit, "VOLUME_EPOCHS", 20)


def test_the_same_seed_gives_the_same_weights_and_card_and_another_does_not(quick: None, tmp_path: Path) -> None:
    one, two, other = (train.train(tmp_path / str(n), seed, FEW) for n, seed in enumerate((7, 7, 8)))
    assert one == two and one.weights_sha256 != other.weights_sha256
    assert (tmp_path / "0" / CARD).read_bytes() == (tmp_path / "1" / CARD).read_bytes()
    assert one.training_data["patients"] == FEW[0] and one.metrics["all"]["patients"] == FEW[2]
    assert load_growth(tmp_path / "0")[0] == one


def test_the_weights_that_come_along_are_small_and_say_what_they_learned_from() -> None:
    card, parameters = load_growth(GROWTH_CARD)
    assert (GROWTH_CARD / WEIGHTS).stat().st_size < 5e6
    assert card.learned_from.startswith("Simulated growth alone")
    assert card.seed == train.SEED and 0.1 < float(parameters["drawn_from"]) < 0.7


def test_on_unseen_simulated_patients_they_are_better_than_no_change_and_than_even_dilation() -> None:
    """The aims, as the card has them: the whole interval of the difference lies on the better side."""
    found = load_growth(GROWTH_CARD)[0].metrics["all"]
    for _, low, _ in found["Dice: ConvLSTM minus"].values():
        assert low > 0
    for _, _, high in found["volume error, ml: ConvLSTM minus"].values():
        assert high < 0
    _, low, high = found["90 % interval holds"]
    assert low <= 0.9 <= high


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        (CARD, None, "card.json is missing"),
        (CARD, b"{}", "is not a card of growth maps"),
        (CARD, b"no json", "is not a card of growth maps"),
        (WEIGHTS, None, "weights.safetensors is missing"),
        (WEIGHTS, b"other", "is not the file its card describes"),
    ],
)
def test_a_damaged_folder_is_named_with_what_is_wrong(
    file: str, content: bytes | None, says: str, tmp_path: Path
) -> None:
    for name in (CARD, WEIGHTS):
        (tmp_path / name).write_bytes((GROWTH_CARD / name).read_bytes())
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(UnusableWeights, match=says) as caught:
        load_growth(tmp_path)
    assert str(tmp_path) in str(caught.value)

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from models.card import COMMITTED, UnusableWeights
from models.serving.forecaster import load_forecaster
from models.serving.weights import save_weights
from models.training.blueprints import BLUEPRINTS
from models.training.fit import fit
from models.training.fitted_card import card_of
from tests.models.timelines import made_timelines


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the committed model `response`."""
    return Path(shutil.copytree(COMMITTED / "response", tmp_path / "response"))


def test_a_changed_byte_in_the_weights_is_named(folder: Path) -> None:
    weights = folder / "weights.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(UnusableWeights, match="weights.safetensors is not the file its card describes"):
        load_forecaster(folder, "cpu")


@pytest.mark.parametrize("name", ["weights.safetensors", "card.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(UnusableWeights, match=f"{name} is missing"):
        load_forecaster(folder, "cpu")


def test_a_card_that_is_none_is_named(folder: Path) -> None:
    (folder / "card.json").write_text("{}")
    with pytest.raises(UnusableWeights, match="is not a model's card"):
        load_forecaster(folder, "cpu")


@pytest.mark.parametrize(
    ("change", "said"),
    [({"feature_version": "measurements-0"}, "features measurements-0"), ({"hidden": 8}, "does not hold")],
)
def test_a_card_that_does_not_fit_the_weights_is_refused(folder: Path, change: dict[str, object], said: str) -> None:
    fields = json.loads((folder / "card.json").read_text())
    for name, value in change.items():
        (fields if name in fields else fields["architecture"])[name] = value
    (folder / "card.json").write_text(json.dumps(fields))
    with pytest.raises(UnusableWeights, match=said):
        load_forecaster(folder, "cpu")


@pytest.mark.parametrize("model", BLUEPRINTS)
def test_the_same_seed_gives_the_same_bytes(model: str, tmp_path: Path) -> None:
    blueprint, timelines = replace(BLUEPRINTS[model], epochs=3), made_timelines(model)

    def trained(seed: int, name: str) -> str:
        card = card_of(blueprint, timelines, seed, {})
        return save_weights(tmp_path / name, card, fit(blueprint, timelines, seed)).weights_sha256

    assert trained(1, "first") == trained(1, "again") != trained(2, "other")
    assert (tmp_path / "first" / "card.json").read_bytes() == (tmp_path / "again" / "card.json").read_bytes()
    assert load_forecaster(tmp_path / "first", "cpu").weights_version == trained(1, "third")

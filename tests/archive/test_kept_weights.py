from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from models.card import COMMITTED, AppliesTo, Card
from stream.archive.kept_weights import at_hand, forecasters, keep_new, keep_weights, kept
from stream.errors import CannotStart, UnknownWeights, WrongUse
from stream.settings import load_settings
from tests.other_weights import other_weights


def test_workers_that_start_at_once_keep_every_set_of_weights_once_and_whole(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    with ThreadPoolExecutor(max_workers=8) as workers:
        list(workers.map(keep_weights, [settings] * 8))
    kept = sorted(path.name for path in (settings.archive / "weights").iterdir())
    assert kept == sorted(one.weights_version for one in forecasters(settings, "cpu"))
    assert kept == sorted(Card.read(path).weights_sha256 for path in (settings.archive / "weights").glob("*/card.json"))


def test_new_weights_are_kept_where_every_worker_finds_them(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    card = other_weights(tmp_path / "new")
    (tmp_path / "new" / "training.csv").write_text("a patient's data")
    assert keep_new(settings, tmp_path / "new") == keep_new(settings, tmp_path / "new") == card
    assert kept(settings, "cpu", card.weights_sha256).card == card
    (folder,) = (settings.archive / "weights").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["card.json", "weights.safetensors"]


def test_weights_that_are_not_in_the_archive_or_damaged_there_are_named(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    with pytest.raises(UnknownWeights, match="weights 0123 are active, but not to be had"):
        kept(settings, "cpu", "0123")
    other_weights(tmp_path / "new")
    version = keep_new(settings, tmp_path / "new").weights_sha256
    (settings.archive / "weights" / version / "weights.safetensors").write_bytes(b"")
    with pytest.raises(UnknownWeights, match="is not the file its card describes"):
        kept(settings, "cpu", version)


def test_a_machine_without_the_archive_has_the_weights_that_come_along_and_says_so_of_others(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    card = Card.read(COMMITTED / "progression" / "card.json")
    assert at_hand(settings, card.weights_sha256).card == card
    with pytest.raises(CannotStart, match="The weights 0123 are not on this machine: set SCANSTREAM_ARCHIVE_DIR"):
        at_hand(settings, "0123")
    other_weights(tmp_path / "new")
    other = keep_new(settings, tmp_path / "new")
    assert at_hand(settings, other.weights_sha256).card == other


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"feature_version": "measurements-0"}, "was made for features measurements-0"),
        ({"applies_to": AppliesTo(("lung",), ("weight",), 1)}, "do not work with this version of the code"),
        ({"factor": float("nan")}, "forecast what is no probability"),
    ],
)
def test_weights_that_do_not_work_here_are_not_kept(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    settings = load_settings(data_dir=tmp_path)
    other_weights(tmp_path / "new", **changed)
    with pytest.raises(WrongUse, match=said):
        keep_new(settings, tmp_path / "new")
    assert not (settings.archive / "weights").exists()


def test_a_folder_without_weights_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="card.json is missing"):
        keep_new(load_settings(data_dir=tmp_path), tmp_path)

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from models.card import Card
from stream.settings import load_settings
from stream.wiring.weights import forecasters, keep_weights


def test_workers_that_start_at_once_keep_every_set_of_weights_once_and_whole(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    with ThreadPoolExecutor(max_workers=8) as workers:
        list(workers.map(keep_weights, [settings] * 8))
    kept = sorted(path.name for path in (settings.archive / "weights").iterdir())
    assert kept == sorted(one.weights_version for one in forecasters(settings, "cpu"))
    assert kept == sorted(Card.read(path).weights_sha256 for path in (settings.archive / "weights").glob("*/card.json"))

"""The weights a service holds: those that come with the code, and those put in service before, kept in the archive."""

import shutil
from pathlib import Path

from models.card import Card
from models.forecaster import Forecaster, load_forecaster
from stream.settings import Settings
from stream.storage.weights import CARDS


def keep_weights(settings: Settings) -> None:
    """Copy the weights that come with this code into the archive.

    A later version of the code may bring others while these still lead.
    """
    for card in CARDS.glob("*/card.json"):
        target = _folder(settings) / Card.read(card).weights_sha256
        if not target.exists():
            new = target.with_name(f".{target.name}.new")
            shutil.copytree(card.parent, new, dirs_exist_ok=True)
            new.rename(target)


def forecasters(settings: Settings, device: str) -> list[Forecaster]:
    """A forecaster for every kept set of weights; raises UnusableWeights, naming the file, for damaged ones."""
    folders = sorted({path.parent.resolve() for path in _folder(settings).glob("*/card.json")})
    return [load_forecaster(folder, device) for folder in folders if not folder.name.startswith(".")]


def _folder(settings: Settings) -> Path:
    return settings.archive / "weights"

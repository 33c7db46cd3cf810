"""The weights a service holds: those that come with the code, and those put in service before, kept in the archive."""

import shutil
import tempfile
from pathlib import Path

from models.card import COMMITTED, Card, UnusableWeights
from models.forecaster import Forecaster, NoSuchDevice, load_forecaster
from stream.crash import reach
from stream.errors import CannotStart
from stream.settings import Settings


def keep_weights(settings: Settings) -> None:
    """Copy the weights that come with this code into the archive.

    A later version of the code may bring others while these still lead.
    """
    for card in COMMITTED.glob("*/card.json"):
        target = _folder(settings) / Card.read(card).weights_sha256
        if not target.exists():
            _keep(card.parent, target)


def forecasters(settings: Settings, device: str) -> list[Forecaster]:
    """A forecaster for every kept set of weights; CannotStart where one is damaged or `device` is missing."""
    folders = sorted(path.parent for path in _folder(settings).glob("[!.]*/card.json"))
    try:
        return [load_forecaster(folder, device) for folder in folders]
    except (UnusableWeights, NoSuchDevice) as error:
        raise CannotStart(str(error)) from None


def _keep(weights: Path, target: Path) -> None:
    """Copy beside, then rename: of workers that start at once, one is first and the others find its copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=target.parent) as beside:
        new = shutil.copytree(weights, Path(beside) / target.name)
        reach("weights.copied")
        try:
            new.rename(target)
            reach("weights.kept")
        except OSError:
            if not target.exists():
                raise


def _folder(settings: Settings) -> Path:
    return settings.archive / "weights"

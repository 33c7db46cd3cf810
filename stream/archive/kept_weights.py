"""The weights a service holds: those that come with the code, and those put in service before, kept in the archive."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from models.card import COMMITTED, Card, UnusableWeights
from models.growth import served as growth
from models.serving.forecaster import Forecaster, NoSuchDevice, load_forecaster, tried_out
from models.serving.weights import CARD, WEIGHTS
from stream.archive.durable import copy_temp, sync_folder
from stream.crash import reach
from stream.errors import CannotStart, UnknownWeights, WrongUse
from stream.settings import Settings

FILES = (WEIGHTS, CARD)


def keep_weights(settings: Settings) -> None:
    """Copy the weights that come with this code into the archive.

    A later version of the code may bring others while these still lead.
    """
    for card in COMMITTED.glob("*/card.json"):
        target = _folder(settings) / Card.read(card).weights_sha256
        if not target.exists():
            keep_folder(card.parent, target, FILES)


def keep_new(settings: Settings, weights: Path) -> Card:
    """Check the weights in a folder, take a step with them and copy them into the archive; WrongUse if unusable."""
    try:
        card = growth.tried_out(weights) if growth.is_growth(weights) else tried_out(weights)
        target = _folder(settings) / card.weights_sha256
        if not target.exists():
            keep_folder(weights, target, FILES)
    except UnusableWeights as error:
        raise WrongUse(str(error)) from None
    except OSError as error:
        raise WrongUse(f"{error.filename} cannot be read or written: {error.strerror}.") from None
    return card


def kept(settings: Settings, device: str, version: str) -> Forecaster:
    """The forecaster of one kept set of weights; UnknownWeights where the archive does not hold it."""
    try:
        return _load(_folder(settings) / version, device)
    except (UnusableWeights, OSError) as error:
        raise UnknownWeights(f"weights {version} are active, but not to be had: {error}") from None


def at_hand(settings: Settings, version: str) -> Forecaster:
    """The forecaster of weights that were kept, or that come with this code, on the CPU; CannotStart where it is none.

    A machine that only shows forecasts need not have the archive.
    """
    here = [card.parent for card in COMMITTED.glob("*/card.json") if Card.read(card).weights_sha256 == version]
    folder = next((path for path in (_folder(settings) / version, *here) if (path / CARD).exists()), None)
    if folder is None:
        raise CannotStart(
            f"The weights {version[:12]} are not on this machine: set SCANSTREAM_ARCHIVE_DIR to the archive."
        )
    try:
        return _load(folder, "cpu")
    except UnusableWeights as error:
        raise CannotStart(str(error)) from None


def forecasters(settings: Settings, device: str) -> list[Forecaster]:
    """A forecaster for every kept set of weights; CannotStart where one is damaged or `device` is missing."""
    folders = sorted(path.parent for path in _folder(settings).glob("[!.]*/card.json"))
    try:
        return [_load(folder, device) for folder in folders]
    except (UnusableWeights, NoSuchDevice) as error:
        raise CannotStart(str(error)) from None


def keep_folder(weights: Path, target: Path, names: Iterable[str | Path]) -> None:
    """Copy files beside, then rename: of workers that start at once, one is first and the others find its copy.

    `names` may lie in folders of `weights`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=target.parent) as beside:
        new = Path(beside) / target.name
        new.mkdir()
        for name in names:
            place = (new / name).parent
            place.mkdir(exist_ok=True)
            copy_temp(weights / name, place).rename(new / name)
            sync_folder(place)
        sync_folder(new)
        reach("weights.copied")
        try:
            new.rename(target)
            reach("weights.kept")
        except OSError:
            if not target.exists():
                raise
    sync_folder(target.parent)


def _load(folder: Path, device: str) -> Forecaster:
    """The forecaster of a folder, of whatever kind; growth maps are drawn on the CPU wherever the others are."""
    return growth.GrowthForecaster.load(folder) if growth.is_growth(folder) else load_forecaster(folder, device)


def _folder(settings: Settings) -> Path:
    return settings.archive / "weights"

"""The networks that read images here: those put in service last; of slices else the one that comes with the code."""

from pathlib import Path

import numpy as np

from models.card import UnusableWeights
from models.encoding import encoder
from models.encoding.encoder import EMBEDDING_OF_SERIES, Encoder
from models.imaging.classifier import SliceClassifier
from models.imaging.image_card import CARD, COMMITTED_IMAGES, WEIGHTS, ImageCard
from models.imaging.volume import Volume
from stream.archive.durable import sync_folder, write_temp
from stream.archive.kept_weights import keep_folder
from stream.errors import CannotStart, WrongUse
from stream.settings import Settings

TUMOUR_PRESENCE = "tumour_presence"
"""An endpoint that networks are asked for, as EMBEDDING_OF_SERIES is; a file of its name says which of those kept."""


def is_network(folder: Path) -> bool:
    """Whether a folder holds a network that reads images, and no weights that forecast."""
    return (folder / WEIGHTS).is_file()


def keep_network(settings: Settings, folder: Path) -> ImageCard:
    """Check the network in a folder, ask it once, and let it read from the next start on; WrongUse if unusable."""
    try:
        encodes = ImageCard.read(folder / CARD).endpoint == EMBEDDING_OF_SERIES
        card = encoder.tried_out(folder) if encodes else _tried_out(folder)
        target = _folder(settings) / card.weights_sha256
        if not target.exists():
            keep_folder(folder, target, (WEIGHTS, CARD))
        named, _ = write_temp(_folder(settings), [card.weights_sha256.encode()])
        named.rename(_folder(settings) / card.endpoint)
        sync_folder(_folder(settings))
    except UnusableWeights as error:
        raise WrongUse(str(error)) from None
    except OSError as error:
        raise WrongUse(f"{error.filename} cannot be read or written: {error.strerror}.") from None
    return card


def network_in_service(settings: Settings) -> SliceClassifier | None:
    """What reads slices here; None where nothing does; CannotStart where its weights are damaged or missing."""
    try:
        return next((SliceClassifier.load(folder) for folder in _in_service(settings)), None)
    except UnusableWeights as error:
        raise CannotStart(str(error)) from None


def encoder_in_service(settings: Settings) -> Encoder | None:
    """What encodes series here; None where none was added; CannotStart where its weights are damaged or missing."""
    folder = _kept(settings, EMBEDDING_OF_SERIES)
    try:
        return Encoder.load(folder) if folder else None
    except UnusableWeights as error:
        raise CannotStart(str(error)) from None


def card_in_service(settings: Settings) -> tuple[ImageCard | None, bool]:
    """The card of what reads slices here, and whether it comes with the code; CannotStart where it is damaged."""
    try:
        cards = [(ImageCard.read(each / CARD), each.parent == COMMITTED_IMAGES) for each in _in_service(settings)]
        return cards[0] if cards else (None, False)
    except UnusableWeights as error:
        raise CannotStart(str(error)) from None


def _in_service(settings: Settings) -> list[Path]:
    if kept := _kept(settings, TUMOUR_PRESENCE):
        return [kept]
    cards = sorted(COMMITTED_IMAGES.glob(f"*/{CARD}"))
    return [card.parent for card in cards if ImageCard.read(card).endpoint == TUMOUR_PRESENCE]


def _kept(settings: Settings, endpoint: str) -> Path | None:
    """The folder of the network that was added last for an endpoint."""
    named = _folder(settings) / endpoint
    return _folder(settings) / named.read_text(encoding="ascii") if named.is_file() else None


def _tried_out(folder: Path) -> ImageCard:
    """The card of `folder` once its network has read a made-up head; UnusableWeights if it cannot."""
    head = np.zeros((3, 64, 64), np.float32)
    head[:, 16:48, 16:48] = 100.0
    try:
        classifier = SliceClassifier.load(folder)
        said = classifier.scores(Volume(head, (5.0, 4.0, 4.0), "MR"))
        int(classifier.card.training_data["patients"])
    except UnusableWeights:
        raise
    except (KeyError, ValueError, IndexError, TypeError, RuntimeError) as error:
        raise UnusableWeights(f"The network in {folder} does not work with this code: {error}.") from None
    if classifier.card.endpoint != TUMOUR_PRESENCE:
        raise UnusableWeights(f"The network in {folder} is not asked for {TUMOUR_PRESENCE}: nothing here would use it.")
    if not (0.0 <= said.low <= said.high <= 1.0 and np.isfinite(said.slices).all() and len(said.slices) == len(head)):
        raise UnusableWeights(f"The network in {folder} says what is no probability.")
    return classifier.card


def _folder(settings: Settings) -> Path:
    return settings.archive / "networks"

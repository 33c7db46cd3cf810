"""A model's folder: weights.safetensors and card.json, tied together by sha256; never pickle."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from models.card import Card, UnusableWeights
from models.features import NAMES_OF
from models.serving.network import shapes
from models.serving.stack import unpacked

WEIGHTS = "weights.safetensors"
CARD = "card.json"


def save_weights(folder: Path, card: Card, parameters: Mapping[str, Tensor]) -> Card:
    """Write weights and card into `folder`; returns the card with the sha256 of the weights."""
    data = save({name: tensor.detach().cpu().contiguous() for name, tensor in parameters.items()})
    card = replace(card, weights_sha256=hashlib.sha256(data).hexdigest())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(data)
    (folder / CARD).write_text(card.to_json(), encoding="utf-8")
    return card


def load_weights(folder: Path) -> tuple[Card, dict[str, Tensor]]:
    """Card and parameters of `folder`; raises UnusableWeights, naming the file, where they do not belong together."""
    card = Card.read(folder / CARD)
    path = folder / WEIGHTS
    if not path.is_file():
        raise UnusableWeights(f"{path} is missing: a model is a folder with weights and card.")
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != card.weights_sha256:
        raise UnusableWeights(f"{path} is not the file its card describes: sha256 {sha256}, not {card.weights_sha256}.")
    if not set(card.feature_names) <= set(NAMES_OF.get(card.feature_version, ())):
        raise UnusableWeights(f"{path} was made for features {card.feature_version}, here are {', '.join(NAMES_OF)}.")
    return card, _checked(path, data, card)


def _checked(path: Path, data: bytes, card: Card) -> dict[str, Tensor]:
    try:
        parameters = load(data)
    except SafetensorError as error:
        raise UnusableWeights(f"{path} is not a safetensors file: {error}.") from None
    members = card.architecture.members
    for name, shape in shapes(card.architecture).items():
        if name not in parameters or tuple(parameters[name].shape) != (members, *shape):
            raise UnusableWeights(f"{path} does not hold {name} of {members} members in the shape its card names.")
    try:
        unpacked(card.architecture, parameters)
    except KeyError as missing:
        raise UnusableWeights(f"{path} does not hold the model {missing} that its card stacks.") from None
    return parameters

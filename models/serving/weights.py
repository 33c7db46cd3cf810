"""A model's folder: weights.safetensors and card.json, tied together by sha256; never pickle."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from models.card import Card, UnusableWeights
from models.features import ENCODED, NAMES_OF, names_of
from models.fused import FUSED_NAMES
from models.parameters_file import read_parameters, write_parameters
from models.serving.network import shapes
from models.serving.stack import unpacked

WEIGHTS = "weights.safetensors"
CARD = "card.json"


def save_weights(folder: Path, card: Card, parameters: Mapping[str, Tensor]) -> Card:
    """Write weights and card into `folder`; returns the card with the sha256 of the weights."""
    card = replace(card, weights_sha256=write_parameters(folder / WEIGHTS, parameters))
    (folder / CARD).write_text(card.to_json(), encoding="utf-8")
    return card


def load_weights(folder: Path) -> tuple[Card, dict[str, Tensor]]:
    """Card and parameters of `folder`; raises UnusableWeights, naming the file, where they do not belong together."""
    card = Card.read(folder / CARD)
    path = folder / WEIGHTS
    parameters = read_parameters(path, card.weights_sha256)
    made = FUSED_NAMES if card.feature_version.startswith(ENCODED) else ()
    if not set(card.feature_names) <= {*names_of(card.feature_version), *made}:
        raise UnusableWeights(f"{path} was made for features {card.feature_version}, here are {', '.join(NAMES_OF)}.")
    _check(path, parameters, card)
    return card, parameters


def _check(path: Path, parameters: dict[str, Tensor], card: Card) -> None:
    members = card.architecture.members
    for name, shape in shapes(card.architecture).items():
        if name not in parameters or tuple(parameters[name].shape) != (members, *shape):
            raise UnusableWeights(f"{path} does not hold {name} of {members} members in the shape its card names.")
    try:
        unpacked(card.architecture, parameters)
    except KeyError as missing:
        raise UnusableWeights(f"{path} does not hold the model {missing} that its card stacks.") from None

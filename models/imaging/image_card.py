"""The folder of a network that reads images: model.safetensors and card.json, tied together by sha256; never pickle."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from torch import Tensor

from models.card import UnusableWeights
from models.parameters_file import read_parameters, write_parameters

WEIGHTS = "model.safetensors"
CARD = "card.json"
COMMITTED_IMAGES = Path(__file__).parent / "cards"
"""Folder of the networks that come with this package, a folder for each."""


@dataclass(frozen=True)
class ImageCard:
    """Everything that is said about one set of weights; `weights_sha256` ties it to the file.

    `endpoint`: what the probability is of; `applies_to`: the series it may be asked about, by DICOM's words;
    `architecture`: the network's parts by name and size; `limits`: what it cannot do, a sentence each.
    """

    model: str
    weights_sha256: str
    endpoint: str
    applies_to: Mapping[str, str]
    architecture: Mapping[str, Any]
    training_data: Mapping[str, Any]
    seed: int
    metrics: Mapping[str, Any]
    intended_use: str
    limits: tuple[str, ...]

    @property
    def version(self) -> str:
        """The name of these weights wherever a result says where it came from."""
        return self.weights_sha256[:12]

    @classmethod
    def read(cls, path: Path) -> Self:
        """The card in the file `path`; raises UnusableWeights if it is missing or not a card."""
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{**fields, "limits": tuple(fields["limits"])})
        except FileNotFoundError:
            raise UnusableWeights(f"{path} is missing: a model is a folder with weights and card.") from None
        except (ValueError, KeyError, TypeError) as error:
            raise UnusableWeights(f"{path} is not a network's card: {error}.") from None


def save_network(folder: Path, card: ImageCard, parameters: Mapping[str, Tensor]) -> ImageCard:
    """Write weights, in half precision, and card into `folder`; returns the card with the sha256 of the weights."""
    half = {name: tensor.half() for name, tensor in parameters.items()}
    card = replace(card, weights_sha256=write_parameters(folder / WEIGHTS, half))
    (folder / CARD).write_text(json.dumps(asdict(card), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return card


def load_network(folder: Path) -> tuple[ImageCard, dict[str, Tensor]]:
    """Card and float32 parameters of `folder`; raises UnusableWeights where they do not belong together."""
    card = ImageCard.read(folder / CARD)
    half = read_parameters(folder / WEIGHTS, card.weights_sha256)
    return card, {name: tensor.float() for name, tensor in half.items()}

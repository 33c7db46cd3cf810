"""The folder of growth maps' weights: weights.safetensors and card.json, tied together by sha256; never pickle."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from torch import Tensor

from models.card import UnusableWeights
from models.growth import network, volumes
from models.parameters_file import read_parameters, write_parameters
from models.serving.weights import CARD, WEIGHTS

GROWTH_CARD = Path(__file__).parent / "card"
"""Folder of the weights that come with this package."""
BEST_RADIUS, BEST_RATE = "best radius of a dilation, mm", "best rate of a dilation, mm/day"
"""How `training_data` names what the baselines were given."""


@dataclass(frozen=True)
class GrowthCard:
    """Everything that is said about one set of weights; `weights_sha256` ties it to the file.

    `learned_from` is a sentence; `training_data` counts it; `metrics` are of patients the weights never saw.
    """

    model: str
    weights_sha256: str
    learned_from: str
    training_data: Mapping[str, Any]
    grid: Mapping[str, Any]
    state_layout: Mapping[str, Any]
    seed: int
    metrics: Mapping[str, Any]
    limits: tuple[str, ...]
    intended_use: str

    def to_json(self) -> str:
        """The text of card.json."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, path: Path) -> Self:
        """The card in the file `path`; raises UnusableWeights if it is missing or not a card."""
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{**fields, "limits": tuple(fields["limits"])})
        except FileNotFoundError:
            raise UnusableWeights(f"{path} is missing: a model is a folder with weights and card.") from None
        except (ValueError, KeyError, TypeError) as error:
            raise UnusableWeights(f"{path} is not a card of growth maps: {error}.") from None


def shapes() -> dict[str, tuple[int, ...]]:
    """Shape of every weight in the file; `drawn_from` is the chance from which on a voxel is drawn as inside."""
    return {**network.shapes(), **volumes.shapes(), "drawn_from": (1,)}


def save_growth(folder: Path, card: GrowthCard, parameters: Mapping[str, Tensor]) -> GrowthCard:
    """Write weights and card into `folder`; returns the card with the sha256 of the weights."""
    card = replace(card, weights_sha256=write_parameters(folder / WEIGHTS, parameters))
    (folder / CARD).write_text(card.to_json(), encoding="utf-8")
    return card


def load_growth(folder: Path) -> tuple[GrowthCard, dict[str, Tensor]]:
    """Card and parameters of `folder`; raises UnusableWeights, naming the file, where they do not belong together."""
    card, path = GrowthCard.read(folder / CARD), folder / WEIGHTS
    parameters = read_parameters(path, card.weights_sha256)
    for name, shape in shapes().items():
        if name not in parameters or tuple(parameters[name].shape) != shape:
            raise UnusableWeights(f"{path} does not hold {name} in the shape that growth maps need.")
    return card, parameters

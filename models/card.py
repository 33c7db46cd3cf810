"""The card beside a model's weights: what it is, what it needs, what it was trained on and how good it was."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

COMMITTED = Path(__file__).parent / "cards"
"""Folder of the weights that come with this package, a folder for each model."""

NEXT_VISIT = "next_visit"
"""The horizon kind that ends with the patient's next visit, whenever that is."""

LSTM = "LSTM"
LEAD = "lead"
"""What the network, and what the service says, are called beside the baseline models, in figures and cards."""
DIFFERENCE = f"{LEAD} minus logistic regression"
CONVLSTM = "ConvLSTM"
"""The core of weights that see how lesions were outlined."""
NOT_MODELS = ("place", "measure", "rows", "cases", "threshold", DIFFERENCE)
"""What a score in a card says beside the figures of models."""


class UnusableWeights(ValueError):
    """Weights or card are missing, damaged or made for other features: one sentence that names the file."""


@dataclass(frozen=True)
class EndpointOf:
    """One forecast the model makes; `horizon_days` with the horizon kind `days` only."""

    endpoint: str
    horizon_kind: str
    horizon_days: int | None


@dataclass(frozen=True)
class AppliesTo:
    """Timepoints the model runs on: disease is one of `diseases` and any feature of `needs` is measured."""

    diseases: tuple[str, ...]
    needs: tuple[str, ...]
    minimum_history: int


@dataclass(frozen=True)
class Architecture:
    """Shape of the network.

    `knot_days`: days since the first scan between which the linear part's weights are interpolated.
    `interval_ends_days`: ends of the hazard's intervals; empty where the output is one probability.
    `size_days`: days ahead for which the sum of diameters is forecast; empty where the network has no such head.
    `stacked`: simple models that speak beside the network (models.serving.stack).
    """

    core: str
    members: int
    hidden: int
    feature_names: tuple[str, ...]
    context_names: tuple[str, ...]
    knot_days: tuple[float, ...]
    interval_ends_days: tuple[int, ...]
    size_days: tuple[int, ...] = ()
    stacked: tuple[str, ...] = ()

    @property
    def outputs(self) -> int:
        """Logits per member and visit."""
        return len(self.interval_ends_days) or 1


@dataclass(frozen=True)
class Card:
    """Everything that is said about one set of weights; `weights_sha256` ties it to the file.

    `limits` and `reporting` (TRIPOD+AI, item by item) are filled in by judging.tripod, `arms` are those that enough
    training patients were in; older cards lack all three.
    """

    model: str
    weights_sha256: str
    feature_version: str
    architecture: Architecture
    endpoints: tuple[EndpointOf, ...]
    state_layout: Mapping[str, Any]
    applies_to: AppliesTo
    training_data: Mapping[str, Any]
    seed: int
    metrics: Mapping[str, Any]
    intended_use: str
    limits: tuple[str, ...] = ()
    reporting: Mapping[str, str] = field(default_factory=dict)
    arms: tuple[str, ...] = ()

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Features the model was trained on; it never sees another."""
        return self.architecture.feature_names

    @property
    def sees_outlines(self) -> bool:
        """Whether the model looks at the outlines of lesions, too."""
        return self.architecture.core == CONVLSTM

    @property
    def patient_sha256(self) -> frozenset[str]:
        """Hashes (`patient_sha256`) of the patients the weights were trained on."""
        return frozenset(self.training_data["patient_sha256"])

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every (endpoint, disease) for which these weights can lead."""
        endpoints = dict.fromkeys(each.endpoint for each in self.endpoints)
        if self.architecture.size_days:
            endpoints |= dict.fromkeys(("size", "response"))
        return tuple((endpoint, disease) for endpoint in endpoints for disease in self.applies_to.diseases)

    def to_json(self) -> str:
        """The text of card.json."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """The card with the `fields` of card.json; ValueError, KeyError or TypeError where they are not a card's."""
        kinds = {
            "architecture": _frozen(Architecture, fields["architecture"]),
            "applies_to": _frozen(AppliesTo, fields["applies_to"]),
            "endpoints": tuple(EndpointOf(**each) for each in fields["endpoints"]),
            "limits": tuple(fields.get("limits", ())),
            "arms": tuple(fields.get("arms", ())),
        }
        return cls(**{**fields, **kinds})

    @classmethod
    def read(cls, path: Path) -> Self:
        """The card in the file `path`; raises UnusableWeights if it is missing or not a card."""
        try:
            return cls.of(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise UnusableWeights(f"{path} is missing: a model is a folder with weights and card.") from None
        except (ValueError, KeyError, TypeError) as error:
            raise UnusableWeights(f"{path} is not a model's card: {error}.") from None


def patient_sha256(patient_id: str) -> str:
    """How a card names a patient it was trained on: sha256 of the id in the training table."""
    return hashlib.sha256(patient_id.encode()).hexdigest()


def _frozen(kind: type, fields: Mapping[str, Any]) -> Any:
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()})

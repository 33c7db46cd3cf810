"""The models this package can train: what each learns from, what it forecasts and how it is fitted."""

from dataclasses import dataclass

from models.card import NEXT_VISIT, AppliesTo, Architecture, EndpointOf
from models.features import IMAGE_NAMES
from models.serving.context import CLINICAL_NAMES

HORIZONS_DAYS = (90, 180, 365)
SETTINGS = ("epochs", "learning_rate", "weight_decay", "context_decay", "context_dropout")


@dataclass(frozen=True)
class Blueprint:
    """A model before training; `context_dropout`: share of patients shown without clinical facts in each epoch."""

    model: str
    architecture: Architecture
    endpoints: tuple[EndpointOf, ...]
    applies_to: AppliesTo
    epochs: int
    learning_rate: float
    weight_decay: float
    context_decay: float
    context_dropout: float
    source: str
    licence: str

    @property
    def endpoint(self) -> str:
        """The one endpoint all its horizons are about."""
        return self.endpoints[0].endpoint

    @property
    def settings(self) -> dict[str, float]:
        """What it is fitted with, beside its architecture."""
        return {name: getattr(self, name) for name in SETTINGS}


PROGRESSION = Blueprint(
    model="progression",
    architecture=Architecture(
        core="lstm",
        members=10,
        hidden=16,
        feature_names=("sum_of_diameters",),
        context_names=(),
        knot_days=(0.0,),
        # Finer than the horizons: patients leave between them, and an interval cut by censoring is half lost.
        interval_ends_days=(45, 90, 135, 180, 240, 300, 365),
        size_days=(42, 63, 84),  # six, nine and twelve weeks: when trials scan again
        stacked=("logistic", "boosting"),
    ),
    endpoints=(
        *(EndpointOf("progression", "days", days) for days in HORIZONS_DAYS),
        EndpointOf("progression", NEXT_VISIT, None),
    ),
    applies_to=AppliesTo(diseases=("bladder", "lung"), needs=("sum_of_diameters",), minimum_history=1),
    epochs=50,
    learning_rate=0.02,
    weight_decay=0.1,
    context_decay=0.0,
    context_dropout=0.0,
    source="FIR, POPLAR, BIRCH and IMvigor210: Ghaffari Laleh et al., PLOS Comput Biol 2022;18:e1009822",
    licence="CC BY",
)
RESPONSE = Blueprint(
    model="response",
    architecture=Architecture(
        core="lstm",
        members=10,
        hidden=16,
        feature_names=("longest_diameter", "volume", "sphericity", "background_parenchymal_enhancement"),
        context_names=CLINICAL_NAMES,
        knot_days=(0.0, 21.0, 84.0, 154.0),
        interval_ends_days=(),
        stacked=("logistic",),
    ),
    endpoints=(EndpointOf("pcr", "end_of_treatment", None),),
    applies_to=AppliesTo(
        diseases=("breast",),
        needs=("longest_diameter", "volume", "sphericity", "background_parenchymal_enhancement"),
        minimum_history=1,
    ),
    epochs=150,
    learning_rate=0.01,
    weight_decay=6.0,
    context_decay=1.0,
    context_dropout=0.5,
    source="I-SPY2 (The Cancer Imaging Archive): Li et al. 2020, ACRIN-6698/I-SPY2 breast DWI and MR",
    licence="CC BY 4.0",
)
SURVIVAL = Blueprint(
    model="survival",
    architecture=Architecture(
        core="lstm",
        members=10,
        hidden=16,
        feature_names=("sum_of_diameters", "volume", *IMAGE_NAMES),
        context_names=("age",),
        knot_days=(0.0,),
        interval_ends_days=(45, 90, 135, 180, 240, 300, 365),
        stacked=("logistic",),
    ),
    endpoints=tuple(EndpointOf("death", "days", days) for days in (180, 365)),
    applies_to=AppliesTo(
        diseases=("lung", "bladder", "brain", "breast"), needs=("sum_of_diameters", "volume"), minimum_history=1
    ),
    epochs=50,
    learning_rate=0.02,
    weight_decay=3.0,
    context_decay=1.0,
    context_dropout=0.5,
    source="tables with deaths, given to the training; none come with this package",
    licence="that of the tables",
)
BLUEPRINTS = {blueprint.model: blueprint for blueprint in (PROGRESSION, RESPONSE, SURVIVAL)}


class UnknownModel(ValueError):
    """There is no such model: one sentence that names those there are."""


def blueprint_of(model: str) -> Blueprint:
    """The blueprint of a model by name; raises UnknownModel."""
    if model not in BLUEPRINTS:
        raise UnknownModel(f"There is no model {model!r}; there are {', '.join(sorted(BLUEPRINTS))}.")
    return BLUEPRINTS[model]

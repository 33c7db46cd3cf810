"""The same patient's forecasts as things are and under each arm seen in training, side by side.

What is shown is an association in the training data and no effect of treatment: who got which arm was decided by
what their tumours were.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from models.forecast import Forecast, RiskForecast, of_kind
from models.serving.context import DRUGS
from models.serving.forecaster import Forecaster
from models.timepoint import Timepoint

ASSOCIATION = "association in the training data, not an effect of treatment"
"""Stands beside every such table."""
AS_NOW = "as now"


@dataclass(frozen=True)
class ArmForecast:
    """What is said after the last scan if the patient had been in `arm` all along, or (AS_NOW) as things are."""

    arm: str
    forecasts: tuple[RiskForecast, ...]


def sees_treatments(forecaster: Forecaster) -> bool:
    """Whether a drug is among what the model knows of a patient."""
    return not set(DRUGS).isdisjoint(forecaster.card.architecture.context_names)


def by_arm(forecaster: Forecaster, timepoints: Sequence[Timepoint]) -> list[ArmForecast]:
    """Forecasts after the last of `timepoints` as now, then under each arm of the card; [] where it sees no treatment.

    The whole timeline is stepped with the arm replaced.
    """
    if not sees_treatments(forecaster):
        return []
    arms = forecaster.card.arms
    state = forecaster.initial(1 + len(arms))
    latest: list[list[Forecast]] = [[] for _ in range(1 + len(arms))]
    for timepoint in timepoints:
        state, latest = forecaster.advance(state, [timepoint, *(_under(arm, timepoint) for arm in arms)])
    return [
        ArmForecast(arm, tuple(of_kind(RiskForecast, forecasts)))
        for arm, forecasts in zip((AS_NOW, *arms), latest, strict=True)
    ]


def _under(arm: str, timepoint: Timepoint) -> Timepoint:
    """The arm as a clinical fact, which goes before the treatments in force (models.serving.context)."""
    return replace(timepoint, clinical={**timepoint.clinical, "arm": arm})

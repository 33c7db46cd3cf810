"""Forecasts of whole tables: by the weights in service, or for each patient by weights fitted without that patient."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from models.forecast import Forecast
from models.serving.forecaster import Forecaster
from models.tables.records import Timeline
from models.training.blueprints import Blueprint
from models.training.fit import fit_forecaster
from models.training.samples import outcome

FOLDS = 5

Forecasts = list[list[list[Forecast]]]  # by patient and visit


class Made(NamedTuple):
    """What the lead says, and the network in it alone; the same where nothing is stacked."""

    lead: Forecasts
    network: Forecasts


def made_by(forecaster: Forecaster, timelines: Sequence[Timeline]) -> Made:
    """Forecasts after each visit of the lead and of its network."""
    return Made(forecast(forecaster, timelines), forecast(forecaster.alone(), timelines))


def forecast(forecaster: Forecaster, timelines: Sequence[Timeline]) -> Forecasts:
    """Forecasts after each visit, all timelines stepped visit by visit as the service does."""
    points = [timeline.timepoints() for timeline in timelines]
    states = forecaster.initial(len(timelines))
    found: Forecasts = [[] for _ in timelines]
    for visit in range(max(map(len, points), default=0)):
        here = [n for n, each in enumerate(points) if visit < len(each)]
        states[here], forecasts = forecaster.advance(states[here], [points[n][visit] for n in here])
        for n, made in zip(here, forecasts, strict=True):
            found[n].append(made)
    return found


def folds(timelines: Sequence[Timeline], blueprint: Blueprint, deal: str = "") -> np.ndarray:
    """Fold (N,) of each patient: dealt by the hash of the id, whatever the table's order, outcomes spread evenly."""

    def key(n: int) -> tuple[str, str]:
        told = str(outcome(timelines[n], blueprint.endpoint))
        return told, hashlib.sha256((deal + timelines[n].patient_id).encode()).hexdigest()

    fold = np.empty(len(timelines), dtype=int)
    fold[sorted(range(len(timelines)), key=key)] = np.arange(len(timelines)) % FOLDS
    return fold


def fit_folds(blueprint: Blueprint, timelines: Sequence[Timeline], fold: np.ndarray, seed: int) -> list[Forecaster]:
    """For each fold the forecaster fitted on the patients of the others."""
    return [
        fit_forecaster(blueprint, [timelines[n] for n in np.flatnonzero(fold != k)], seed + k)
        for k in range(int(fold.max()) + 1)
    ]


def made_out_of_fold(forecasters: Sequence[Forecaster], timelines: Sequence[Timeline], fold: np.ndarray) -> Made:
    """Forecasts for each patient by the forecaster of the patient's own fold."""
    found = Made([[] for _ in timelines], [[] for _ in timelines])
    for k, forecaster in enumerate(forecasters):
        left_out = np.flatnonzero(fold == k)
        for whole, part in zip(found, made_by(forecaster, [timelines[n] for n in left_out]), strict=True):
            for n, said in zip(left_out, part, strict=True):
                whole[n] = said
    return found

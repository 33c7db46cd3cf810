"""Forecasts of whole tables: by the weights in service, or for each patient by weights fitted without that patient."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from models.forecast import Forecast
from models.serving.forecaster import Forecaster
from models.tables.records import PatientRecord
from models.timepoint import Timepoint
from models.training.blueprints import Blueprint
from models.training.fit import fit_forecaster
from models.training.samples import outcome

FOLDS = 5

Forecasts = list[list[list[Forecast]]]  # by patient and visit


class ForecastPair(NamedTuple):
    """What the lead says, and the network in it alone; the same where nothing is stacked."""

    lead: Forecasts
    network: Forecasts


def forecast_pair(forecaster: Forecaster, records: Sequence[PatientRecord]) -> ForecastPair:
    """Forecasts after each visit of the lead and of its network."""
    return ForecastPair(forecast(forecaster, records), forecast(forecaster.alone(), records))


def forecast(forecaster: Forecaster, records: Sequence[PatientRecord]) -> Forecasts:
    """Forecasts after each visit of records, from the initial state."""
    points = [record.timepoints() for record in records]
    return stepped(forecaster, forecaster.initial(len(records)), points)[1]


def stepped(
    forecaster: Forecaster, states: np.ndarray, timelines: Sequence[Sequence[Timepoint]]
) -> tuple[np.ndarray, Forecasts]:
    """Last states (N, S) and forecasts of timelines from `states` (N, S), all stepped visit by visit as in service."""
    states = states.copy()
    forecasts: Forecasts = [[] for _ in timelines]
    for visit in range(max(map(len, timelines), default=0)):
        here = [n for n, each in enumerate(timelines) if visit < len(each)]
        states[here], after = forecaster.advance(states[here], [timelines[n][visit] for n in here])
        for n, of_visit in zip(here, after, strict=True):
            forecasts[n].append(of_visit)
    return states, forecasts


def folds(records: Sequence[PatientRecord], blueprint: Blueprint, deal: str = "") -> np.ndarray:
    """Fold (N,) of each patient: dealt by the hash of the id, whatever the table's order, outcomes spread evenly."""

    def key(n: int) -> tuple[str, str]:
        happened = str(outcome(records[n], blueprint.endpoint))
        return happened, hashlib.sha256((deal + records[n].patient_id).encode()).hexdigest()

    fold = np.empty(len(records), dtype=int)
    fold[sorted(range(len(records)), key=key)] = np.arange(len(records)) % FOLDS
    return fold


def fit_folds(blueprint: Blueprint, records: Sequence[PatientRecord], fold: np.ndarray, seed: int) -> list[Forecaster]:
    """For each fold the forecaster fitted on the patients of the others."""
    return [
        fit_forecaster(blueprint, [records[n] for n in np.flatnonzero(fold != k).tolist()], seed + k)
        for k in range(int(fold.max()) + 1)
    ]


def out_of_fold(forecasters: Sequence[Forecaster], records: Sequence[PatientRecord], fold: np.ndarray) -> ForecastPair:
    """Forecasts for each patient by the forecaster of the patient's own fold."""
    pair = ForecastPair([[] for _ in records], [[] for _ in records])
    for k, forecaster in enumerate(forecasters):
        left_out = np.flatnonzero(fold == k).tolist()
        for whole, part in zip(pair, forecast_pair(forecaster, [records[n] for n in left_out]), strict=True):
            for n, forecasts in zip(left_out, part, strict=True):
                whole[n] = forecasts
    return pair

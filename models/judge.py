"""Scores of a model's forecasts beside the simple baselines', by horizon or by visit, with 95 % intervals."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from models.baselines import last_value, logistic
from models.blueprints import Blueprint
from models.calibration import observed_over_expected
from models.crossvalidation import FOLDS, Forecasts
from models.landmarks import Landmarks, landmarks
from models.metrics import Estimate, Weights, auc, brier, estimate, known, over_patients
from models.timelines import Timeline

LSTM, LOGISTIC, LAST_VALUE = "LSTM", "logistic regression", "last value"
MEASURES = {"AUC": auc, "Brier score": brier, "observed/expected": observed_over_expected}
RESAMPLING_SEED = 20261123


@dataclass(frozen=True)
class Score:
    """One measure at one place (a horizon or a visit) by model name; `difference`: LSTM minus logistic regression."""

    place: str
    measure: str
    rows: int
    cases: int
    models: dict[str, Estimate]
    difference: Estimate

    def to_json(self) -> dict[str, Any]:
        """Plain values; estimates as [value, low, high], None where one cannot be had."""
        models = {name: each.to_json() for name, each in self.models.items()}
        return {
            "place": self.place, "measure": self.measure, "rows": self.rows, "cases": self.cases,
            **models, "LSTM minus logistic regression": self.difference.to_json(),
        }  # fmt: skip


class Place(NamedTuple):
    """Where forecasts are judged: rows, which endpoint's risk, how rows are weighted, by which measures."""

    name: str
    rows: np.ndarray
    endpoint: int
    weights: Callable[[Landmarks, np.ndarray], Weights]
    measures: tuple[str, ...]


def judge(timelines: Sequence[Timeline], blueprint: Blueprint, forecasts: Forecasts, fold: np.ndarray) -> list[Score]:
    """Scores of `forecasts`; the baselines are fitted on the folds a patient is not in."""
    rows = landmarks(timelines, blueprint)
    if not len(rows.patient):
        return []
    made = [[each.risk for each in forecasts[p][v]] for p, v in zip(rows.patient, rows.visit, strict=True)]
    risks = {LSTM: np.array(made), **_baseline_risks(rows, fold[rows.patient], blueprint)}
    return [score for place in _places(rows, blueprint) for score in _scores(place, rows, risks)]


def _baseline_risks(rows: Landmarks, fold: np.ndarray, blueprint: Blueprint) -> dict[str, np.ndarray]:
    risks = {name: np.zeros((len(fold), len(blueprint.endpoints))) for name in (LOGISTIC, LAST_VALUE)}
    for k in range(FOLDS):
        train, test = rows.of(fold != k), rows.of(fold == k)
        risks[LOGISTIC][fold == k] = logistic(blueprint, train, test)
        risks[LAST_VALUE][fold == k] = last_value(blueprint, train, test)
    return risks


def _places(rows: Landmarks, blueprint: Blueprint) -> Iterator[Place]:
    """By horizon and at the next visit where the endpoint is timed, else by visit."""
    everywhere = np.ones(len(rows.patient), dtype=bool)
    for at, endpoint in enumerate(blueprint.endpoints):
        if endpoint.horizon_days is None:
            for visit in np.unique(rows.visit):
                name = f"after visit {visit + 1}"
                yield Place(name, rows.visit == visit, at, lambda part, count: known(part.event, count), (*MEASURES,))
        else:
            name = f"within {endpoint.horizon_days} days"
            yield Place(name, everywhere, at, lambda part, count, e=endpoint: part.weights(e, count), (*MEASURES,))
    if blueprint.endpoints[0].horizon_days is not None:
        followed = rows.gap_days > 0
        yield Place("at the next visit", followed, 0, lambda part, count: known(part.at_next_visit, count), ("AUC",))


def _scores(place: Place, rows: Landmarks, risks: dict[str, np.ndarray]) -> list[Score]:
    part = rows.of(place.rows)
    columns = [risk[place.rows, place.endpoint] for risk in risks.values()]

    def measure(count: np.ndarray) -> np.ndarray:
        weights = place.weights(part, count)
        return np.array([MEASURES[name](risk, weights) for name in place.measures for risk in columns])

    values = over_patients(part.patient, measure, RESAMPLING_SEED).reshape(-1, len(place.measures), len(columns))
    cases = int((place.weights(part, np.ones(len(part.patient))).case > 0).sum())
    return [
        Score(
            place.name, name, len(part.patient), cases,
            {model: estimate(values[:, at, m]) for m, model in enumerate(risks)},
            estimate(values[:, at, 0] - values[:, at, 1]),
        )
        for at, name in enumerate(place.measures)
    ]  # fmt: skip

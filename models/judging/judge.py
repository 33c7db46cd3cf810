"""Scores of a model's forecasts beside the baselines', by landmark and horizon, with 95 % intervals over patients."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from models.card import DIFFERENCE, LEAD, LSTM, NEXT_VISIT, EndpointOf
from models.forecast import Forecast, RiskForecast, of_kind
from models.judging.baselines.families import LOGISTIC, families
from models.statistics.calibration import calibration_intercept, calibration_slope, observed_over_expected
from models.statistics.metrics import (
    Estimate,
    ThresholdCounts,
    auc,
    brier,
    estimate,
    over_patients,
    precision_recall_area,
    uno_c,
)
from models.tables.records import PatientRecord
from models.training.blueprints import Blueprint
from models.training.crossvalidation import ForecastPair, Forecasts
from models.training.landmarks import Landmarks, found_at_visits, landmarks, questions
from models.training.splits import Split

RESAMPLING_SEED = 20261123
LAST_LANDMARK = 3  # visits from the fourth on are one landmark
# A risk from which on a visit counts as flagged: near the share with the event, so that about as many are flagged.
THRESHOLDS = {NEXT_VISIT: 0.1, 90: 0.15, 180: 0.25, 365: 0.35, "pcr": 0.3}

Risks = dict[str, np.ndarray]
"""Risks (S, R, K) by model name: deals of the folds, rows, questions."""
Measure = Callable[[np.ndarray, Any, float], float]

SHORT: dict[str, Measure] = {
    "AUC": lambda risk, weights, _: auc(risk, weights),
    "Brier score": lambda risk, weights, _: brier(risk, weights),
    "observed/expected": lambda risk, weights, _: observed_over_expected(risk, weights),
}
FULL: dict[str, Measure] = {
    **SHORT,
    "PR area": lambda risk, weights, _: precision_recall_area(risk, weights),
    "calibration slope": lambda risk, weights, _: calibration_slope(risk, weights),
    "calibration intercept": lambda risk, weights, _: calibration_intercept(risk, weights),
    "accuracy": lambda risk, weights, at: ThresholdCounts.at(risk, weights, at).accuracy,
    "precision": lambda risk, weights, at: ThresholdCounts.at(risk, weights, at).precision,
    "recall": lambda risk, weights, at: ThresholdCounts.at(risk, weights, at).recall,
    "F1": lambda risk, weights, at: ThresholdCounts.at(risk, weights, at).f1,
    "net benefit": lambda risk, weights, at: ThresholdCounts.at(risk, weights, at).net_benefit(at),
}
UNO = "Uno's C"


@dataclass(frozen=True)
class Score:
    """One measure at one place by model name; `difference`: lead minus logistic regression, patients drawn alike.

    `whole`: a place where every measure is taken, no part of another.
    """

    place: str
    measure: str
    rows: int
    cases: int
    threshold: float | None
    models: dict[str, Estimate]
    difference: Estimate
    whole: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain values; estimates as [value, low, high], None where one cannot be had."""
        return {
            "place": self.place,
            "measure": self.measure,
            "rows": self.rows,
            "cases": self.cases,
            "threshold": self.threshold,
            **{name: each.to_json() for name, each in self.models.items()},
            DIFFERENCE: self.difference.to_json(),
        }


class Place(NamedTuple):
    """Where forecasts are judged: its name, which rows, which question, by which measures; Uno's C where `ranked`."""

    name: str
    rows: np.ndarray
    question: int
    measures: dict[str, Measure]
    ranked: bool = False


class ModelRisks(NamedTuple):
    """Rows judged, the risks of every model there, and where they are judged."""

    blueprint: Blueprint
    rows: Landmarks
    risks: Risks
    split: Split

    @property
    def questions(self) -> tuple[EndpointOf, ...]:
        """The questions, a column of the risks each."""
        return questions(self.blueprint)


def model_risks(
    records: Sequence[PatientRecord], blueprint: Blueprint, pairs: Sequence[ForecastPair], deals: Sequence[Split]
) -> ModelRisks | None:
    """Risks of the model and, by deal, of baselines fitted on the parts a patient is not in; None without rows."""
    rows = landmarks(records, blueprint)
    if not len(rows.patient):
        return None
    ours = {
        name: np.stack([risks_at(rows, forecasts, blueprint) for forecasts in of])
        for name, of in zip((LEAD, LSTM), zip(*pairs, strict=True), strict=True)
    }
    each = [baseline_risks(rows, split.part[rows.patient], blueprint) for split in deals]
    baselines = {name: np.stack([of[name] for of in each]) for name in each[0]}
    return ModelRisks(blueprint, rows, ours | baselines, deals[0])


def risks_at(rows: Landmarks, forecasts: Forecasts, blueprint: Blueprint) -> np.ndarray:
    """Risks (R, K) forecast at the rows; where the very next visit is not forecast, the nearest horizon stands in."""

    def risk(forecasts_there: Sequence[Forecast], question: EndpointOf) -> float:
        risks = of_kind(RiskForecast, forecasts_there)
        same = [f for f in risks if (f.endpoint, f.horizon_kind, f.horizon_days) == tuple(vars(question).values())]
        return (same or [f for f in risks if f.endpoint == question.endpoint])[0].risk

    at = zip(rows.patient, rows.visit, strict=True)
    return np.array([[risk(forecasts[p][v], question) for question in questions(blueprint)] for p, v in at])


def baseline_risks(rows: Landmarks, part: np.ndarray, blueprint: Blueprint) -> dict[str, np.ndarray]:
    """Risks (R, K) of every baseline model, fitted for each part (R,) on the rows of the others."""
    risks = {name: np.zeros((len(part), len(questions(blueprint)))) for name in families(blueprint)}
    for k in np.unique(part):
        seen, unseen = rows.of(part != k), rows.of(part == k)
        for name, fit in families(blueprint).items():
            risks[name][part == k] = fit(seen)(unseen)
    return risks


def stand_in(blueprint: Blueprint) -> str:
    """What stands in for a forecast of the next visit where the model makes none, in words; else nothing."""
    if not found_at_visits(blueprint) or any(each.horizon_days is None for each in blueprint.endpoints):
        return ""
    days = blueprint.endpoints[0].horizon_days
    return f"The LSTM forecasts no next visit: its risk within {days} days stands in and is no match in size."


def scores(of: ModelRisks) -> list[Score]:
    """Every measure at every place."""
    return [score for place in places(of) for score in scored(of, place)]


def places(of: ModelRisks) -> Iterator[Place]:
    """Where days count: by question, then by landmark and by trial left out; else by landmark alone."""
    rows, everywhere = of.rows, np.ones(len(of.rows.patient), dtype=bool)
    landmark = np.minimum(rows.visit, LAST_LANDMARK)
    timed = any(question.horizon_days for question in of.questions)
    if timed:
        for k, question in enumerate(of.questions):
            yield Place(question_name(question), everywhere, k, FULL, question.horizon_days is not None)
    for k, question in enumerate(of.questions):
        for at in np.unique(landmark if timed else rows.visit):
            name = landmark_name(at, timed)
            here = (landmark if timed else rows.visit) == at
            yield Place(f"{question_name(question)}, {name}" if timed else name, here, k, SHORT if timed else FULL)
    for k, trial in enumerate(of.split.trials):
        left_out = of.split.part[rows.patient] == k
        yield Place(f"{question_name(of.questions[0])}, {trial} left out", left_out, 0, SHORT)


def question_name(question: EndpointOf) -> str:
    """`at the next visit`, `within 180 days` or the endpoint itself."""
    if question.horizon_kind == NEXT_VISIT:
        return "at the next visit"
    return question.endpoint if question.horizon_days is None else f"within {question.horizon_days} days"


def landmark_name(visit: int, open_ended: bool) -> str:
    """`after visit 1`, counted from 1; the last landmark stands for all that follow."""
    later = " and later" if open_ended and visit == LAST_LANDMARK else ""
    return f"after visit {visit + 1}{later}"


def threshold_of(question: EndpointOf) -> float:
    """The risk from which on a visit counts as flagged."""
    return THRESHOLDS.get(question.horizon_days or question.horizon_kind) or THRESHOLDS.get(question.endpoint, 0.2)


def scored(of: ModelRisks, place: Place) -> list[Score]:
    """The measures of all models at one place; models are drawn the same patients."""
    part, question = of.rows.of(place.rows), of.questions[place.question]
    at = threshold_of(question)
    columns = {name: risk[:, place.rows, place.question] for name, risk in of.risks.items()}
    names = [*place.measures]

    def measure(count: np.ndarray) -> np.ndarray:
        weights = part.weights(question, count)
        measures = place.measures.values()
        each = [[[take(risk, weights, at) for take in measures] for risk in of] for of in columns.values()]
        means: np.ndarray = np.mean(each, axis=1)
        return means

    values = over_patients(part.patient, measure, RESAMPLING_SEED)  # (1 + resamples, models, measures)
    if place.ranked and question.horizon_days is not None:
        names.append(UNO)
        orders = [_concordance(part, deals, question.horizon_days) for deals in columns.values()]
        values = np.concatenate([values, np.stack(orders, axis=1)[:, :, None]], axis=2)
    cases = int((part.weights(question, np.ones(len(part.patient))).case > 0).sum())
    ours, logistic = (list(columns).index(name) for name in (LEAD, LOGISTIC))
    return [
        Score(
            place.name,
            name,
            len(part.patient),
            cases,
            at,
            {model: estimate(values[:, m, n]) for m, model in enumerate(columns)},
            estimate(values[:, ours, n] - values[:, logistic, n]),
            whole=place.measures is FULL,
        )
        for n, name in enumerate(names)
    ]


def _concordance(part: Landmarks, deals: np.ndarray, horizon_days: int) -> np.ndarray:
    """Uno's C (1 + resamples,) of one model, the mean over its deals; one matrix of pairs in memory at a time."""
    values = []
    for risk in deals:
        measure = uno_c(risk, part.time_days, part.event, horizon_days)
        values.append(over_patients(part.patient, measure, RESAMPLING_SEED))
    means: np.ndarray = np.mean(values, axis=0)
    return means

"""Judging a model beside simple baselines: cross-validated by patient, or with the weights that come along."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from models.blueprints import Blueprint, blueprint_of
from models.card import COMMITTED, patient_sha256
from models.crossvalidation import Forecasts, fit_folds, folds, forecast, forecast_out_of_fold
from models.forecaster import load_forecaster
from models.judge import LAST_VALUE, LOGISTIC, LSTM, Score, judge
from models.landmarks import landmarks
from models.metrics import Estimate
from models.samples import usable
from models.tables import UnusableTable
from models.timelines import Timeline, load_timelines

FOLDS_SEED = 20261123
FEWEST = 10  # patients: two in each fold
COLUMNS = ("patient_id", "day", "endpoint", "horizon_kind", "horizon_days", "risk", "risk_low", "risk_high")


@dataclass(frozen=True)
class Evaluation:
    """What was found; `measured_only`: scores with clinical facts and treatments hidden, where there are any.

    `trained_on`: how many of the patients the judged weights were trained on. No `weights_version`: cross-validated.
    """

    model: str
    weights_version: str | None
    patients: int
    trained_on: int
    scores: tuple[Score, ...]
    measured_only: tuple[Score, ...]

    @property
    def provenance(self) -> str:
        """Which weights were judged on whom, in one sentence."""
        if self.weights_version is None:
            return f"{self.model}: {self.patients} patients, each forecast by weights fitted without that patient."
        seen = f"the weights were trained on {self.trained_on} of these {self.patients} patients"
        warning = "; figures flatter the model, see --cross-validate" if self.trained_on else ""
        return f"{self.model} {self.weights_version[:12]}: {seen}{warning}."

    def to_json(self) -> dict[str, Any]:
        """Plain values for --json and the card."""
        return {
            "model": self.model,
            "weights_version": self.weights_version,
            "patients": self.patients,
            "trained_on": self.trained_on,
            "provenance": self.provenance,
            "interval": "95 %, bootstrap over patients",
            "scores": [score.to_json() for score in self.scores],
            "scores_without_clinical_facts": [score.to_json() for score in self.measured_only],
        }

    def __str__(self) -> str:
        if not self.scores:
            return f"{self.provenance}\nNobody says what followed: there is nothing to judge."
        lines = [self.provenance, "Intervals: 95 %, bootstrap over patients.", "", _HEAD, *map(_line, self.scores)]
        if self.measured_only:
            lines += ["", "Measurements only, without clinical facts and treatments:", *map(_line, self.measured_only)]
        return "\n".join(lines)


def evaluate(model: str, data: Path, cross_validate: bool, predictions: Path | None) -> Evaluation:
    """Judge `model` on the tables in `data`; writes a row per forecast to the file `predictions` where given.

    With `cross_validate` weights are fitted anew for each fifth of the patients, otherwise those that come along are
    judged; the baselines never saw the patient they forecast. Raises UnusableTable.
    """
    blueprint = blueprint_of(model)
    timelines = load_usable(data, blueprint)
    if cross_validate:
        evaluation, found = cross_validated(timelines, blueprint)
    else:
        evaluation, found = _as_committed(timelines, blueprint)
    if predictions:
        _write(predictions, timelines, found)
    return evaluation


def load_usable(data: Path, blueprint: Blueprint) -> list[Timeline]:
    """The patients in `data` that the model runs on; raises UnusableTable if there are none."""
    timelines = usable(load_timelines(data, blueprint.applies_to.diseases[0]), blueprint)
    if not timelines:
        diseases, needs = (" or ".join(each) for each in (blueprint.applies_to.diseases, blueprint.applies_to.needs))
        raise UnusableTable(f"{data} has no visit for {blueprint.model}: it needs disease {diseases} and {needs}.")
    return timelines


def cross_validated(timelines: Sequence[Timeline], blueprint: Blueprint) -> tuple[Evaluation, Forecasts]:
    """Judge weights fitted anew for each fold on the patients of the other folds.

    Raises UnusableTable where the outcome of too few patients is known.
    """
    told = len(np.unique(landmarks(timelines, blueprint).patient))
    if told < FEWEST:
        raise UnusableTable(f"Of {told} patients it is known what followed; that takes {FEWEST} at least.")
    fold = folds(timelines, blueprint)
    forecasters = fit_folds(blueprint, timelines, fold, FOLDS_SEED)
    bare = _measured_only(timelines, blueprint)
    found = forecast_out_of_fold(forecasters, timelines, fold)
    scores = judge(timelines, blueprint, found, fold)
    measured = judge(bare, blueprint, forecast_out_of_fold(forecasters, bare, fold), fold) if bare else []
    return Evaluation(blueprint.model, None, len(timelines), 0, tuple(scores), tuple(measured)), found


def _as_committed(timelines: Sequence[Timeline], blueprint: Blueprint) -> tuple[Evaluation, Forecasts]:
    forecaster = load_forecaster(COMMITTED / blueprint.model)
    fold = folds(timelines, blueprint)
    bare = _measured_only(timelines, blueprint)
    found = forecast(forecaster, timelines)
    scores = judge(timelines, blueprint, found, fold)
    measured = judge(bare, blueprint, forecast(forecaster, bare), fold) if bare else []
    seen = sum(patient_sha256(timeline.patient_id) in forecaster.card.patient_sha256 for timeline in timelines)
    version = forecaster.weights_version
    return Evaluation(blueprint.model, version, len(timelines), seen, tuple(scores), tuple(measured)), found


def _measured_only(timelines: Sequence[Timeline], blueprint: Blueprint) -> list[Timeline]:
    """The timelines without clinical facts and treatments; none where the model uses none or nobody has any."""
    if not blueprint.architecture.context_names or not any(t.clinical or t.treatments for t in timelines):
        return []
    return [replace(timeline, clinical={}, treatments=()) for timeline in timelines]


def _write(path: Path, timelines: Sequence[Timeline], forecasts: Forecasts) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(COLUMNS)
        for timeline, visits in zip(timelines, forecasts, strict=True):
            for visit, made in zip(timeline.visits, visits, strict=True):
                for f in made:
                    horizon = (f.endpoint, f.horizon_kind, "" if f.horizon_days is None else f.horizon_days)
                    table.writerow([timeline.patient_id, visit.label, *horizon, f.risk, f.risk_low, f.risk_high])


def _cell(found: Estimate) -> str:
    return f"{found.value:.3f} ({found.low:.3f}, {found.high:.3f})" if np.isfinite(found.value) else "-"


def _line(score: Score) -> str:
    cells = [_cell(score.models[name]) for name in (LSTM, LOGISTIC, LAST_VALUE)] + [_cell(score.difference)]
    return f"{score.place + ': ' + score.measure:36}{score.rows:6}{score.cases:6}" + "".join(f"{c:>24}" for c in cells)


_HEAD = f"{'':36}{'rows':>6}{'cases':>6}" + "".join(
    f"{name:>24}" for name in (LSTM, LOGISTIC, LAST_VALUE, "LSTM - logistic")
)

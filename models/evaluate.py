"""Judging a model beside simple baselines: cross-validated by patient or trial, or the weights that come along."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from models.card import COMMITTED, UnusableWeights, patient_sha256
from models.forecast import Forecast, RiskForecast, SizeForecast, of_kind
from models.judging.baselines.families import absent
from models.judging.curves import Profile, calibration, decisions
from models.judging.judge import Score, model_risks, scores, stand_in
from models.judging.report import groups, headlines, side_by_side, tables
from models.judging.robustness import robustness
from models.judging.sizes import size_scores
from models.judging.subgroups import subgroups
from models.serving.forecaster import Forecaster, load_forecaster
from models.simulated import NOTHING_REAL, all_simulated
from models.tables.csv_table import UnusableTable
from models.tables.records import PatientRecord, load_records
from models.training.blueprints import Blueprint, blueprint_of
from models.training.crossvalidation import ForecastPair, Forecasts, fit_folds, forecast_pair, out_of_fold
from models.training.landmarks import landmarks
from models.training.samples import usable
from models.training.splits import Split, splits

FOLDS_SEED = 20261123
FEWEST = 10  # patients: two in each fold
RISK_COLUMNS = ("patient_id", "day", "endpoint", "horizon_kind", "horizon_days", "risk", "risk_low", "risk_high")
COLUMNS = (*RISK_COLUMNS, "value", "value_low", "value_high", "level")


@dataclass(frozen=True)
class Evaluation:
    """What was found; `measured_only`: scores with clinical facts and treatments hidden, where there are any.

    `trained_on`: how many of the patients the judged weights were trained on. No `weights_version`: cross-validated,
    `left_out` says how.
    """

    model: str
    weights_version: str | None
    patients: int
    trained_on: int
    left_out: str
    scores: tuple[Score, ...]
    measured_only: tuple[Score, ...]
    sizes: tuple[Score, ...]
    subgroups: tuple[Score, ...]
    calibration: Profile
    decisions: Profile
    absent: dict[str, str]
    notes: tuple[str, ...]
    robustness: tuple[Score, ...]

    @property
    def provenance(self) -> str:
        """Which weights were judged on whom, in one sentence."""
        if self.weights_version is None:
            without = "each forecast by weights fitted without that patient"
            return f"{self.model}: {self.patients} patients, {without}: {self.left_out}."
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
            "sizes": [score.to_json() for score in self.sizes],
            "subgroups": [score.to_json() for score in self.subgroups],
            "calibration": self.calibration,
            "decision_curve": self.decisions,
            "robustness": [score.to_json() for score in self.robustness],
            "absent": self.absent,
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        if not self.scores:
            return f"{self.provenance}\nNobody says what followed: there is nothing to judge."
        lines = [self.provenance, "Intervals: 95 %, bootstrap over patients.", *self.notes, ""]
        lines += [*headlines(self.scores), *tables(self.scores, self.absent)]
        if self.measured_only:
            lines += ["", "Measurements only, without clinical facts and treatments:"]
            lines += tables(self.measured_only, self.absent)
        lines += tables(self.sizes, {})
        for title, rows in self.calibration.items():
            lines += groups(f"Calibration of the lead by tenths of its risk, {title}", rows)
        for title, rows in self.decisions.items():
            lines += groups(f"Net benefit by threshold, {title} (flagging nobody: 0)", rows)
        lines += side_by_side("Worse data, judged by what truly followed", self.robustness)
        return "\n".join([*lines, *side_by_side("Subgroups", self.subgroups)])


def evaluate(model: str, data: Path, cross_validate: bool, predictions: Path | None, repeats: int = 1) -> Evaluation:
    """Judge `model` on the tables in `data`; writes a row per forecast to the file `predictions` where given.

    With `cross_validate` weights are fitted anew for each trial, or for each fifth of the patients where there is one
    trial only, dealt `repeats` times; otherwise those that come along are judged. The baselines never saw the patient
    they forecast. Raises UnusableTable.
    """
    blueprint = blueprint_of(model)
    records = load_usable(data, blueprint)
    if cross_validate:
        evaluation, forecasts = cross_validated(records, blueprint, repeats)
    else:
        evaluation, forecasts = _as_committed(records, blueprint)
    if predictions:
        write_predictions(predictions, records, forecasts)
    return evaluation


def load_usable(data: Path, blueprint: Blueprint) -> list[PatientRecord]:
    """The patients in `data` that the model runs on; raises UnusableTable if there are none."""
    records = usable(load_records(data, blueprint.applies_to.diseases[0]), blueprint)
    if not records:
        diseases, needs = (" or ".join(each) for each in (blueprint.applies_to.diseases, blueprint.applies_to.needs))
        raise UnusableTable(f"{data} has no visit for {blueprint.model}: it needs disease {diseases} and {needs}.")
    return records


def cross_validated(
    records: Sequence[PatientRecord], blueprint: Blueprint, repeats: int = 1
) -> tuple[Evaluation, Forecasts]:
    """Judge weights fitted anew for each part on the patients of the others; forecasts are those of the first deal.

    Raises UnusableTable where the outcome of too few patients is known.
    """
    patients = len(np.unique(landmarks(records, blueprint).patient))
    if patients < FEWEST:
        raise UnusableTable(f"Of {patients} patients it is known what followed; that takes {FEWEST} at least.")
    deals = splits(records, blueprint, repeats)
    fitted = [fit_folds(blueprint, records, each.part, FOLDS_SEED + 100 * at) for at, each in enumerate(deals)]

    def forecast_all(of: Sequence[PatientRecord], deal: int) -> ForecastPair:
        return out_of_fold(fitted[deal], of, deals[deal].part)

    return _evaluation(records, blueprint, None, deals, forecast_all)


def _as_committed(records: Sequence[PatientRecord], blueprint: Blueprint) -> tuple[Evaluation, Forecasts]:
    folder = COMMITTED / blueprint.model
    if not folder.is_dir():
        raise UnusableWeights(f"No weights for {blueprint.model} come along: judge it with --cross-validate.")
    return judged_as_fitted(load_forecaster(folder), records, blueprint)


def judged_as_fitted(
    forecaster: Forecaster, records: Sequence[PatientRecord], blueprint: Blueprint
) -> tuple[Evaluation, Forecasts]:
    """Judge weights as they are on `records`; simple models are fitted anew for each part of the patients."""
    return _evaluation(
        records, blueprint, forecaster, splits(records, blueprint), lambda of, _: forecast_pair(forecaster, of)
    )


def _evaluation(
    records: Sequence[PatientRecord],
    blueprint: Blueprint,
    forecaster: Forecaster | None,
    deals: Sequence[Split],
    forecast_all: Callable[[Sequence[PatientRecord], int], ForecastPair],
) -> tuple[Evaluation, Forecasts]:
    pairs = [forecast_all(records, deal) for deal in range(len(deals))]
    of = model_risks(records, blueprint, pairs, deals)
    bare = _measured_only(records, blueprint)
    hidden = (
        model_risks(bare, blueprint, [forecast_all(bare, deal) for deal in range(len(deals))], deals) if bare else None
    )
    trained_on = forecaster.card.patient_sha256 if forecaster else frozenset()
    evaluation = Evaluation(
        model=blueprint.model,
        weights_version=forecaster.weights_version if forecaster else None,
        patients=len(records),
        trained_on=sum(patient_sha256(record.patient_id) in trained_on for record in records),
        left_out=deals[0].says + (f", dealt {len(deals)} times" if len(deals) > 1 else ""),
        scores=tuple(scores(of)) if of else (),
        measured_only=tuple(scores(hidden)) if hidden else (),
        sizes=tuple(size_scores(records, blueprint, pairs[0].lead, deals[0])) if of else (),
        subgroups=tuple(subgroups(of, records)) if of else (),
        calibration=calibration(of) if of else {},
        decisions=decisions(of) if of else {},
        absent=absent(blueprint),
        robustness=tuple(robustness(records, blueprint, deals[0], lambda of: forecast_all(of, 0))),
        notes=tuple(filter(None, [stand_in(blueprint), NOTHING_REAL if all_simulated(records) else ""])),
    )
    return evaluation, pairs[0].lead


def _measured_only(records: Sequence[PatientRecord], blueprint: Blueprint) -> list[PatientRecord]:
    """The records without clinical facts and treatments; none where the model uses none or nobody has any."""
    if not blueprint.architecture.context_names or not any(t.clinical or t.treatments for t in records):
        return []
    return [replace(record, clinical={}, treatments=()) for record in records]


def write_predictions(path: Path, records: Sequence[PatientRecord], forecasts: Forecasts) -> None:
    """A row per forecast of a risk or a size into the CSV file `path`; columns for sizes only where there are any."""
    sized = any(of_kind(SizeForecast, of_visit) for visits in forecasts for of_visit in visits)
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.DictWriter(out, COLUMNS if sized else RISK_COLUMNS)
        table.writeheader()
        for record, visits in zip(records, forecasts, strict=True):
            for visit, of_visit in zip(record.visits, visits, strict=True):
                for row in (row for forecast in of_visit for row in _predicted(forecast)):
                    table.writerow({"patient_id": record.patient_id, "day": visit.label, **row})


def _predicted(forecast: Forecast) -> Iterator[dict[str, Any]]:
    """Rows of a forecast as plain values: one of a risk, one for each day and level of a size."""
    if isinstance(forecast, RiskForecast):
        yield {name: value for name, value in forecast._asdict().items() if value is not None}
    if isinstance(forecast, SizeForecast):
        each = zip(forecast.horizon_days, forecast.value, forecast.value_low, forecast.value_high, strict=True)
        for days, value, lows, highs in each:
            for level, low, high in zip(forecast.level, lows, highs, strict=True):
                day = {"endpoint": "size", "horizon_kind": "days", "horizon_days": days}
                yield {**day, "value": value, "value_low": low, "value_high": high, "level": level}

"""Tables for training and evaluation to records: one patient's visits, facts and outcomes, on that table's own days.

What the columns mean is said in models.tables.patient_tables; of the tables only `measurements.csv` has to be there.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.features import features, whole
from models.tables.csv_table import Row, UnusableTable, date, read_table
from models.tables.patient_tables import (
    DISEASE_OF_TRIAL,
    MEASUREMENTS,
    TABLES,
    PatientRows,
    WrittenDay,
    by_patient,
    check_measurements,
    image_features_of,
    is_withdrawn,
    measurements_of,
    outcome_of,
)
from models.timepoint import Timepoint, TreatmentInForce


@dataclass(frozen=True)
class VisitRecord:
    """`day` orders the visits, `label` is the table's own text for it; `x` (F,) float64, NaN = missing."""

    day: float
    label: str
    x: np.ndarray


@dataclass(frozen=True)
class TreatmentRecord:
    """A treatment from `start_day` on; no `end_day`: not ended as far as the table knows."""

    name: str
    kind: str
    start_day: float
    end_day: float | None


@dataclass(frozen=True)
class PatientRecord:
    """One patient; `outcomes` are (day or None, happened) by endpoint and never feed a forecast.

    `trial` and `arm`, "" where the table does not say, tell groups of patients apart and never feed a forecast either.
    """

    patient_id: str
    disease: str
    visits: tuple[VisitRecord, ...]
    clinical: Mapping[str, object]
    treatments: tuple[TreatmentRecord, ...]
    outcomes: Mapping[str, tuple[float | None, bool]]
    trial: str = ""
    arm: str = ""

    def timepoints(self) -> list[Timepoint]:
        """The visits as a model sees them, each with what was known on its day."""
        days = [visit.day for visit in self.visits]
        return [
            Timepoint(visit.x, visit.day - before, self.disease, self._in_force(visit.day), self.clinical)
            for visit, before in zip(self.visits, [*days[:1], *days[:-1]], strict=True)
        ]

    def _in_force(self, day: float) -> tuple[TreatmentInForce, ...]:
        return tuple(
            TreatmentInForce(
                t.name, t.kind, day - t.start_day, None if t.end_day is None or t.end_day > day else day - t.end_day
            )
            for t in self.treatments
            if t.start_day <= day
        )


def load_records(folder: Path, disease: str = "unknown") -> list[PatientRecord]:
    """Records of all patients in `folder`, by id; `disease` where the tables do not say.

    Raises UnusableTable with one sentence where the folder, a needed file or column is missing or a value impossible.
    """
    if not folder.is_dir():
        raise UnusableTable(f"There is no folder {folder}.")
    rows = read_table(folder / MEASUREMENTS, needed=True)
    check_measurements(folder / MEASUREMENTS, rows)
    tables = {name: rows if name == MEASUREMENTS else read_table(folder / name) for name in TABLES}
    return [_record(patient, disease) for patient in by_patient(tables) if patient.measurements]


def _record(patient: PatientRows, disease: str) -> PatientRecord:
    clinical, rows = patient.clinical, patient.measurements
    dates = [on for row in rows if (on := date(row, "date"))]
    baseline = patient.baseline_date() or min(dates, default=None)
    trial = rows[0].first("trial") or clinical.first("trial") or ""
    disease = clinical.first("disease") or rows[0].first("disease") or DISEASE_OF_TRIAL.get(trial, disease)
    return PatientRecord(
        patient.patient_id,
        disease.lower(),
        _visits(rows, baseline),
        {name: value for name, value in clinical.items() if value and name != "patient_id"},
        tuple(treatment for row in patient.treatments if (treatment := _treatment(row, baseline))),
        dict(outcome for row in patient.outcomes if (outcome := _outcome(row, baseline))),
        trial,
        clinical.first("arm") or rows[0].first("arm") or "",
    )


def _visits(rows: Sequence[Row], baseline: dt.date | None) -> tuple[VisitRecord, ...]:
    """Rows of one day are one visit; a row without a day cannot be placed and is left out."""
    by_day: dict[float, list[Row]] = defaultdict(list)
    for row in rows:
        day = WrittenDay(row).days_from(baseline)
        if day is not None:
            by_day[day].append(row)
    return tuple(_visit(day, by_day[day]) for day in sorted(by_day))


def _visit(day: float, rows: Sequence[Row]) -> VisitRecord:
    measurements = [measurement for row in rows for measurement in measurements_of(row)]
    x = whole([*features(measurements), *image_features_of(rows)])
    return VisitRecord(day, rows[0].first("day", "date") or "", x)


def _treatment(row: Row, baseline: dt.date | None) -> TreatmentRecord | None:
    start = WrittenDay(row, "start_").days_from(baseline)
    if start is None or is_withdrawn(row):
        return None
    end = WrittenDay(row, "end_").days_from(baseline)
    return TreatmentRecord(row.first("name") or "", row.first("kind") or "", start, end)


def _outcome(row: Row, baseline: dt.date | None) -> tuple[str, tuple[float | None, bool]] | None:
    """An outcome by endpoint; None where nothing is known yet."""
    cells = outcome_of(row)
    if not cells.endpoint or cells.event is None or is_withdrawn(row):
        return None
    return cells.endpoint, (cells.at.days_from(baseline), cells.event)

"""Tables for training and evaluation to timelines: one patient's visits, facts and outcomes, on that table's own days.

A folder holds `measurements.csv` and, where they exist, `clinical.csv`, `treatments.csv`, `outcomes.csv`; columns are
found by name in any order, a missing cell is normal.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.features import IMAGE_NAMES, features
from models.measurement import Measurement
from models.tables.csv_table import Row, UnusableTable, date, flag, number, read_table
from models.timepoint import Timepoint, TreatmentInForce

# Column names of a measurement; the unit is that of models.measurement.UNITS.
COLUMNS = {
    "longest_diameter": ("longest_diameter_mm", "longest_diameter"),
    "short_axis": ("short_axis_mm", "short_axis"),
    "volume": ("functional_tumor_volume_cm3", "volume_ml", "volume_cm3", "volume"),
    "sphericity": ("sphericity",),
    "background_parenchymal_enhancement": ("bpe_percent", "background_parenchymal_enhancement"),
    "sum_of_diameters": ("sum_of_diameters_mm", "sum_of_diameters"),
}
WHOLE_PATIENT = ("background_parenchymal_enhancement", "sum_of_diameters")
TOO_SMALL_MM = 5.0  # RECIST 1.1: a lesion too small to measure counts 5 mm
DISEASE_OF_TRIAL = {"FIR": "lung", "POPLAR": "lung", "BIRCH": "lung", "IMvigor210": "bladder"}


@dataclass(frozen=True)
class Visit:
    """`day` orders the visits, `label` is the table's own text for it; `x` (F,) float64, NaN = missing."""

    day: float
    label: str
    x: np.ndarray


@dataclass(frozen=True)
class Treatment:
    """A treatment from `start_day` on; no `end_day`: not ended as far as the table knows."""

    name: str
    kind: str
    start_day: float
    end_day: float | None


@dataclass(frozen=True)
class Timeline:
    """One patient; `outcomes` are (day or None, happened) by endpoint and never feed a forecast.

    `trial` and `arm`, "" where the table does not say, tell groups of patients apart and never feed a forecast either.
    """

    patient_id: str
    disease: str
    visits: tuple[Visit, ...]
    clinical: Mapping[str, object]
    treatments: tuple[Treatment, ...]
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


def load_timelines(folder: Path, disease: str = "unknown") -> list[Timeline]:
    """Timelines of all patients in `folder`, by id; `disease` where the tables do not say.

    Raises UnusableTable with one sentence where the folder, a needed file or column is missing or a value impossible.
    """
    if not folder.is_dir():
        raise UnusableTable(f"There is no folder {folder}.")
    rows = read_table(folder / "measurements.csv", needed=True)
    check_measurements(folder / "measurements.csv", rows)
    clinical = {row["patient_id"]: row for row in read_table(folder / "clinical.csv")}
    treatments = _by_patient(read_table(folder / "treatments.csv"))
    outcomes = _by_patient(read_table(folder / "outcomes.csv"))
    return [
        _timeline(patient_id, visits, clinical.get(patient_id, Row()), treatments, outcomes, disease)
        for patient_id, visits in sorted(_by_patient(rows).items())
    ]


def measurements_of(row: Row) -> list[Measurement]:
    """The measurements in one row of measurements.csv; raises UnusableTable for a negative or infinite value."""
    remark = " ".join(row.values()).upper()
    lesion = row.first("lesion_uid", "lesion", "lesion_label")
    found = []
    for measurement, columns in COLUMNS.items():
        value = number(row, *columns, at_least=0.0)
        if value is None and measurement == "longest_diameter" and "TOO SMALL TO MEASURE" in remark:
            value = TOO_SMALL_MM
        if value is not None:
            whole = measurement in WHOLE_PATIENT
            found.append(_measurement(row, measurement, value, None if whole else lesion))
    return found


def image_features_of(rows: Sequence[Row]) -> np.ndarray:
    """The image features (K,) float64 of a visit's rows, each from the first that has it; NaN where none has.

    Raises UnusableTable for a negative or infinite value.
    """
    found = [[number(row, name, at_least=0.0) for row in rows] for name in IMAGE_NAMES]
    return np.array([next((value for value in each if value is not None), np.nan) for each in found])


def _measurement(row: Row, measurement: str, value: float, lesion: str | None) -> Measurement:
    return Measurement(
        measurement, value, "import", lesion_uid=lesion, lesion_label=lesion, body_site=row.first("body_site"),
        target=flag(row, "target"), node=bool(flag(row, "node")),
    )  # fmt: skip


def check_measurements(path: Path, rows: Sequence[Row]) -> None:
    """Raise UnusableTable where a table of measurements has no rows, no day or nothing measured."""
    columns = set(rows[0]) if rows else set()
    if not rows:
        raise UnusableTable(f"{path} has no rows.")
    if not columns & {"day", "date"}:
        raise UnusableTable(f"{path} has no column day or date.")
    sizes = [name for names in COLUMNS.values() for name in names]
    if not columns & set(sizes):
        raise UnusableTable(f"{path} has no column with a measurement ({', '.join(sizes)}).")


def _by_patient(rows: Sequence[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["patient_id"]].append(row)
    return grouped


def _timeline(
    patient_id: str,
    rows: Sequence[Row],
    clinical: Row,
    treatments: Mapping[str, Sequence[Row]],
    outcomes: Mapping[str, Sequence[Row]],
    disease: str,
) -> Timeline:
    dates = [found for row in rows if (found := date(row, "date"))]
    origin = date(clinical, "baseline_date") or date(clinical, "treatment_start") or min(dates, default=None)
    trial = rows[0].first("trial") or clinical.first("trial") or ""
    disease = clinical.first("disease") or rows[0].first("disease") or DISEASE_OF_TRIAL.get(trial, disease)
    return Timeline(
        patient_id,
        disease.lower(),
        _visits(rows, origin),
        {name: value for name, value in clinical.items() if value and name != "patient_id"},
        tuple(t for row in treatments.get(patient_id, []) if (t := _treatment(row, origin))),
        dict(o for row in outcomes.get(patient_id, []) if (o := _outcome(row, origin))),
        trial,
        clinical.first("arm") or rows[0].first("arm") or "",
    )


def _visits(rows: Sequence[Row], origin: dt.date | None) -> tuple[Visit, ...]:
    """Rows of one day are one visit; a row without a day cannot be placed and is left out."""
    by_day: dict[float, list[Row]] = defaultdict(list)
    for row in rows:
        day = _day(row, "", origin)
        if day is not None:
            by_day[day].append(row)
    return tuple(_visit(day, by_day[day]) for day in sorted(by_day))


def _visit(day: float, rows: Sequence[Row]) -> Visit:
    measurements = [measurement for row in rows for measurement in measurements_of(row)]
    x = np.concatenate([features(measurements), image_features_of(rows)])
    return Visit(day, rows[0].first("day", "date") or "", x)


def _day(row: Row, prefix: str, origin: dt.date | None) -> float | None:
    """Day of a row: its own `day`, else its `date` counted from `origin`."""
    day = number(row, f"{prefix}day")
    if day is not None:
        return day
    on = date(row, f"{prefix}date")
    return float((on - origin).days) if on and origin else None


def _treatment(row: Row, origin: dt.date | None) -> Treatment | None:
    start = _day(row, "start_", origin)
    if start is None:
        return None
    return Treatment(row.first("name") or "", row.first("kind") or "", start, _day(row, "end_", origin))


def _outcome(row: Row, origin: dt.date | None) -> tuple[str, tuple[float | None, bool]] | None:
    """An outcome by endpoint, or pCR told at surgery as I-SPY2 does."""
    if "pcr" in row:
        happened, day, endpoint = flag(row, "pcr"), _day(row, "surgery_", origin), "pcr"
    else:
        happened, day, endpoint = flag(row, "event"), _day(row, "", origin), row.first("endpoint")
    return (endpoint, (day, happened)) if endpoint and happened is not None else None

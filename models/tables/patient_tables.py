"""What the columns of a folder of tables mean, said once for training and for import.

A folder holds `measurements.csv`, `clinical.csv`, `treatments.csv` and `outcomes.csv`; columns are found by name in any
order, a missing cell is normal. When something happened stands in a column `date`, or in `day`, counted from the
patient's baseline date; in front of both comes what happened then: `start_date`, `end_day`, `surgery_date`.
"""

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from models.criteria.course import CRITERIA, unknown_criteria
from models.features import IMAGE_NAMES
from models.measurement import Measurement
from models.tables.csv_table import Row, UnusableTable, date, flag, number

CLINICAL, TREATMENTS, OUTCOMES, MEASUREMENTS = "clinical.csv", "treatments.csv", "outcomes.csv", "measurements.csv"
TABLES = (CLINICAL, TREATMENTS, OUTCOMES, MEASUREMENTS)

# Column names of a measurement; the unit is that of models.measurement.UNITS.
COLUMNS = {
    "longest_diameter": ("longest_diameter_mm", "longest_diameter"),
    "short_axis": ("short_axis_mm", "short_axis"),
    "volume": ("functional_tumor_volume_cm3", "volume_ml", "volume_cm3", "volume"),
    "sphericity": ("sphericity",),
    "background_parenchymal_enhancement": ("bpe_percent", "background_parenchymal_enhancement"),
    "sum_of_diameters": ("sum_of_diameters_mm", "sum_of_diameters"),
}
LESION_COLUMNS = ("lesion_uid", "lesion", "lesion_label")
WHOLE_PATIENT = ("background_parenchymal_enhancement", "sum_of_diameters")
LAST_LINE = 99
TOO_SMALL_MM = 5.0  # RECIST 1.1: a lesion too small to measure counts 5 mm
DISEASE_OF_TRIAL = {"FIR": "lung", "POPLAR": "lung", "BIRCH": "lung", "IMvigor210": "bladder"}
NEEDED = {
    TREATMENTS: ({"start_date", "start_day"}, {"name"}),
    OUTCOMES: ({"pcr", "event"}, {"pcr", "endpoint"}),
}
"""Of each of these sets a table must have one column."""


@dataclass(frozen=True)
class PatientRows:
    """The rows of one patient; of several in clinical.csv the last counts, without any it is an empty row."""

    patient_id: str
    clinical: Row
    treatments: Sequence[Row]
    outcomes: Sequence[Row]
    measurements: Sequence[Row]

    def baseline_date(self) -> dt.date | None:
        """The date from which the patient's days count; None where clinical.csv gives none."""
        return date(self.clinical, "baseline_date") or date(self.clinical, "treatment_start")


@dataclass(frozen=True)
class WrittenDay:
    """When something happened, as a row has it in `<prefix>date` or `<prefix>day`; a cell is read when it is needed."""

    row: Row
    prefix: str = ""

    @property
    def column(self) -> str:
        """`date` where the row has one, else `day`."""
        return "date" if self.row.first(f"{self.prefix}date") else "day"

    @property
    def text(self) -> str | None:
        """What the row has there, as it is written."""
        return self.row.first(f"{self.prefix}date", f"{self.prefix}day")

    def days_from(self, baseline: dt.date | None) -> float | None:
        """The row's own day, else its date counted from `baseline`; None where neither can be had."""
        day = number(self.row, f"{self.prefix}day")
        if day is not None:
            return day
        on = date(self.row, f"{self.prefix}date")
        return float((on - baseline).days) if on and baseline else None

    def date_from(self, baseline: dt.date | None) -> dt.date | None:
        """The row's own date, else its day counted from `baseline`; None where neither can be had."""
        on, days = date(self.row, f"{self.prefix}date"), number(self.row, f"{self.prefix}day")
        if on or days is None or baseline is None:
            return on
        try:
            return baseline + dt.timedelta(days=math.floor(days))
        except OverflowError:
            raise UnusableTable(f"{self.row.where}: {days:g} is no possible value of {self.prefix}day.") from None


class OutcomeCells(NamedTuple):
    """What a row of outcomes.csv says; no `endpoint` or no `event`: nothing is known yet."""

    endpoint: str | None
    event: bool | None
    at: WrittenDay


def by_patient(tables: Mapping[str, Iterable[Row]]) -> list[PatientRows]:
    """The rows of TABLES by patient, patients in the order of their ids."""
    own: dict[str, dict[str, list[Row]]] = defaultdict(lambda: {name: [] for name in TABLES})
    for name, rows in tables.items():
        for row in rows:
            own[row["patient_id"]][name].append(row)
    return [
        PatientRows(
            patient_id,
            rows[CLINICAL][-1] if rows[CLINICAL] else Row(),
            rows[TREATMENTS],
            rows[OUTCOMES],
            rows[MEASUREMENTS],
        )
        for patient_id, rows in sorted(own.items())
    ]


def outcome_of(row: Row) -> OutcomeCells:
    """An outcome by endpoint, or pCR told at surgery as I-SPY2 does."""
    if "pcr" in row:
        return OutcomeCells("pcr", flag(row, "pcr"), WrittenDay(row, "surgery_"))
    return OutcomeCells(row.first("endpoint"), flag(row, "event"), WrittenDay(row))


def is_withdrawn(row: Row) -> bool:
    """Whether a treatment or an outcome is said to be entered by mistake; raises UnusableTable for neither 1 nor 0."""
    return bool(flag(row, "withdrawn"))


def measurements_of(row: Row) -> list[Measurement]:
    """The measurements in one row of measurements.csv; raises UnusableTable for a negative or infinite value."""
    lesion = row.first(*LESION_COLUMNS)
    measurements = []
    for measurement, columns in COLUMNS.items():
        value = number(row, *columns, at_least=0.0)
        if value is None and measurement == "longest_diameter" and says_too_small(row):
            value = TOO_SMALL_MM
        if value is not None:
            whole = measurement in WHOLE_PATIENT
            measurements.append(_measurement(row, measurement, value, None if whole else lesion))
    return measurements


def says_too_small(row: Row) -> bool:
    """Whether a cell of the row says that the lesion is too small to measure."""
    return "TOO SMALL TO MEASURE" in " ".join(row.values()).upper()


def criteria_of(clinical: Row) -> str | None:
    """The criteria by which a patient is judged, as they are written; raises UnusableTable for one not known."""
    text = clinical.first("criterion")
    if unknown := unknown_criteria(text or ""):
        raise UnusableTable(f"{clinical.where}: {unknown[0]!r} in criterion is none of {', '.join(CRITERIA)}.")
    return text


def line_of(treatment: Row) -> int | None:
    """The line of therapy that a treatment is said to belong to; raises UnusableTable where it is no such number."""
    line = number(treatment, "line", at_least=1.0)
    if line is not None and (line > LAST_LINE or line != int(line)):
        raise UnusableTable(f"{treatment.where}: {treatment['line']!r} is no possible value of line.")
    return None if line is None else int(line)


def image_features_of(rows: Sequence[Row]) -> np.ndarray:
    """The image features (K,) float64 of a visit's rows, each from the first that has it; NaN where none has.

    Raises UnusableTable for a negative or infinite value.
    """
    values = [[number(row, name, at_least=0.0) for row in rows] for name in IMAGE_NAMES]
    return np.array([next((value for value in each if value is not None), np.nan) for each in values])


def check_tables(folder: Path, tables: Mapping[str, Sequence[Row]]) -> None:
    """Raise UnusableTable where one of the tables that have rows lacks a column it cannot do without."""
    for name, sets in NEEDED.items():
        columns = set(tables[name][0]) if tables[name] else set()
        for wanted in sets:
            if columns and not columns & wanted:
                raise UnusableTable(f"{folder / name} has no column {' or '.join(sorted(wanted))}.")
    if tables[MEASUREMENTS]:
        check_measurements(folder / MEASUREMENTS, tables[MEASUREMENTS])


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


def _measurement(row: Row, measurement: str, value: float, lesion: str | None) -> Measurement:
    return Measurement(
        measurement,
        value,
        "import",
        lesion_uid=lesion,
        lesion_label=lesion,
        body_site=row.first("body_site"),
        target=flag(row, "target"),
        node=bool(flag(row, "node")),
    )

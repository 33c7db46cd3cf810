"""Tables as registries keep them, with who a patient is in columns in which it has no place."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.journey.planted_people import Person


def tables(folder: Path, everybody: Iterable[Person]) -> Path:
    """Visits whose lesions are called like their patients, and columns that nobody asked for."""
    everybody = list(everybody)
    _write(
        folder / "clinical.csv",
        ("patient_id", "name", "birth_date", "disease", "address", "remarks"),
        [(one.mrn, one.name, one.birth_date, "lung", f"1 {one.family} Road", one.written) for one in everybody],
    )
    _write(
        folder / "measurements.csv",
        ("patient_id", "date", "lesion", "longest_diameter", "body_site"),
        [(one.mrn, "2024-03-01", one.written, 20 + number, "lung") for number, one in enumerate(everybody)],
    )
    return folder


def tables_with(folder: Path, column: str, someone: Person) -> Path:
    """A clinical fact in whose place stands who the patient is."""
    row = (someone.mrn, someone.name, someone.birth_date, someone.written)
    _write(folder / "clinical.csv", ("patient_id", "name", "birth_date", column), [row])
    return folder


def _write(file: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([columns, *rows])

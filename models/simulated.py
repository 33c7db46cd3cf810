"""The simulated cohort as tables for training and evaluation: `python -m models.simulated FOLDER --patients N`."""

import argparse
import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from models.simulate import SEED, Lesion, Patient, Visit, simulate

Row = Mapping[str, object]


def write_tables(folder: Path, patients: Sequence[Patient]) -> None:
    """measurements.csv, clinical.csv and treatments.csv of `patients`; `day` counts from the day of reference."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "measurements.csv", [row for one in patients for row in _measurements(one)])
    _write(folder / "clinical.csv", [{"patient_id": patient_id(one), **one.clinical} for one in patients])
    _write(folder / "treatments.csv", [row for one in patients for row in _treatments(one)])


def patient_id(patient: Patient) -> str:
    """How a simulated patient is called in tables."""
    return f"SIMULATED-{patient.number:04d}"


def _measurements(patient: Patient) -> Iterator[Row]:
    for visit in patient.visits:
        for number, (lesion, size_mm) in enumerate(zip(patient.lesions, visit.sizes_mm, strict=True), start=1):
            yield {"patient_id": patient_id(patient), "day": visit.day, **_lesion(number, lesion, size_mm, visit)}


def _lesion(number: int, lesion: Lesion, size_mm: float, visit: Visit) -> Row:
    size = "short_axis_mm" if lesion.node else "longest_diameter_mm"
    about = {"lesion": f"Target {number}", "body_site": lesion.site, "node": int(lesion.node), size: size_mm}
    return {**about, **visit.more}


def _treatments(patient: Patient) -> Iterator[Row]:
    for one in patient.treatments:
        end = "" if one.end_day is None else one.end_day
        about = {"patient_id": patient_id(patient), "name": one.name, "kind": one.kind}
        yield {**about, "start_day": one.start_day, "end_day": end}


def _write(path: Path, rows: Sequence[Row]) -> None:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.DictWriter(out, columns)
        table.writeheader()
        table.writerows(rows)


def main() -> None:
    """Write the tables of the first patients of the cohort."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the tables go")
    parser.add_argument("--patients", type=int, default=300)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    write_tables(given.folder, simulate(given.patients, given.seed))
    print(f"{given.patients} simulated patients are in {given.folder}.")


if __name__ == "__main__":
    main()

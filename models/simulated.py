"""The simulated cohort as tables for training and evaluation: `python -m models.simulated FOLDER --patients N`."""

import argparse
import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from models.simulation.deaths import Outcome, outcome
from models.simulation.images import image_features
from models.simulation.patients import SEED, Lesion, Patient, Visit, simulate
from models.tables.records import Timeline

SIMULATED = "SIMULATED-"
"""What the ids of simulated patients begin with."""
NOTHING_REAL = "All patients are simulated (models.simulation.patients): this was tried on nothing real."

Row = Mapping[str, object]


def write_tables(folder: Path, patients: Sequence[Patient], seed: int = SEED) -> None:
    """measurements.csv, clinical.csv, treatments.csv and outcomes.csv of `patients` made with `seed`.

    Days count from the day of reference; what a death prevented is left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lived = [(one, outcome(one, seed)) for one in patients]
    _write(folder / "measurements.csv", [row for each in lived for row in _measurements(*each, seed)])
    _write(folder / "clinical.csv", [{"patient_id": patient_id(one), **one.clinical} for one in patients])
    _write(folder / "treatments.csv", [row for each in lived for row in _treatments(*each)])
    _write(folder / "outcomes.csv", [_outcome(*each) for each in lived])


def patient_id(patient: Patient) -> str:
    """How a simulated patient is called in tables."""
    return f"{SIMULATED}{patient.number:04d}"


def all_simulated(timelines: Sequence[Timeline]) -> bool:
    """Whether every one of them is a simulated patient."""
    return all(timeline.patient_id.startswith(SIMULATED) for timeline in timelines)


def _measurements(patient: Patient, followed: Outcome, seed: int) -> Iterator[Row]:
    for visit in (one for one in patient.visits if one.day < followed.day or not followed.died):
        looks = image_features(patient, visit, seed)
        for number, (lesion, size_mm) in enumerate(zip(patient.lesions, visit.sizes_mm, strict=True), start=1):
            yield {
                "patient_id": patient_id(patient), "day": visit.day, **_lesion(number, lesion, size_mm, visit), **looks,
            }  # fmt: skip


def _lesion(number: int, lesion: Lesion, size_mm: float, visit: Visit) -> Row:
    size = "short_axis_mm" if lesion.node else "longest_diameter_mm"
    about = {"lesion": f"Target {number}", "body_site": lesion.site, "node": int(lesion.node), size: size_mm}
    return {**about, **visit.more}


def _treatments(patient: Patient, followed: Outcome) -> Iterator[Row]:
    for one in (each for each in patient.treatments if each.start_day < followed.day):
        end = "" if one.end_day is None or one.end_day > followed.day else one.end_day
        about = {"patient_id": patient_id(patient), "name": one.name, "kind": one.kind}
        yield {**about, "start_day": one.start_day, "end_day": end}


def _outcome(patient: Patient, followed: Outcome) -> Row:
    about = {"patient_id": patient_id(patient), "endpoint": "death"}
    return {**about, "day": followed.day, "event": int(followed.died)}


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
    write_tables(given.folder, simulate(given.patients, given.seed), given.seed)
    print(f"{given.patients} simulated patients are in {given.folder}.")


if __name__ == "__main__":
    main()

"""The simulated cohort as tables for training and evaluation: `python -m models.simulated FOLDER --patients N`."""

import argparse
import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from models.simulation.deaths import FollowUpEnd, outcome
from models.simulation.images import image_features
from models.simulation.patients import SEED, SimulatedLesion, SimulatedPatient, SimulatedVisit, simulate
from models.tables.records import PatientRecord

SIMULATED = "SIMULATED-"
"""What the ids of simulated patients begin with."""
NOTHING_REAL = "All patients are simulated (models.simulation.patients): this was tried on nothing real."

Row = Mapping[str, object]


def write_tables(folder: Path, patients: Sequence[SimulatedPatient], seed: int = SEED) -> None:
    """measurements.csv, clinical.csv, treatments.csv and outcomes.csv of `patients` made with `seed`.

    Days count from the day of reference; what a death prevented is left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lived = [(patient, outcome(patient, seed)) for patient in patients]
    _write(folder / "measurements.csv", [row for each in lived for row in _measurements(*each, seed)])
    _write(folder / "clinical.csv", [{"patient_id": patient_id(patient), **patient.clinical} for patient in patients])
    _write(folder / "treatments.csv", [row for each in lived for row in _treatments(*each)])
    _write(folder / "outcomes.csv", [_outcome(*each) for each in lived])


def patient_id(patient: SimulatedPatient) -> str:
    """How a simulated patient is called in tables."""
    return f"{SIMULATED}{patient.number:04d}"


def all_simulated(records: Sequence[PatientRecord]) -> bool:
    """Whether every one of them is a simulated patient."""
    return all(record.patient_id.startswith(SIMULATED) for record in records)


def _measurements(patient: SimulatedPatient, followed: FollowUpEnd, seed: int) -> Iterator[Row]:
    for visit in (each for each in patient.visits if each.day < followed.day or not followed.died):
        of_visit = {"patient_id": patient_id(patient), "day": visit.day}
        looks = image_features(patient, visit, seed)
        for number, (lesion, size_mm) in enumerate(zip(patient.lesions, visit.sizes_mm, strict=True), start=1):
            yield {**of_visit, **_lesion(number, lesion, size_mm, visit), **looks}


def _lesion(number: int, lesion: SimulatedLesion, size_mm: float, visit: SimulatedVisit) -> Row:
    size = "short_axis_mm" if lesion.node else "longest_diameter_mm"
    about = {"lesion": f"Target {number}", "body_site": lesion.site, "node": int(lesion.node), size: size_mm}
    return {**about, **visit.more}


def _treatments(patient: SimulatedPatient, followed: FollowUpEnd) -> Iterator[Row]:
    for treatment in (each for each in patient.treatments if each.start_day < followed.day):
        end = "" if treatment.end_day is None or treatment.end_day > followed.day else treatment.end_day
        about = {"patient_id": patient_id(patient), "name": treatment.name, "kind": treatment.kind}
        yield {**about, "start_day": treatment.start_day, "end_day": end}


def _outcome(patient: SimulatedPatient, followed: FollowUpEnd) -> Row:
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

"""Patients of two real trials, followed as if they ran now: each visit is folded before the next one comes."""

import base64
import csv
import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from models.criteria.finding import LesionFinding, LesionRole, LesionState
from models.measurement import Measurement
from stream.measured_scan import MeasuredScan
from stream.services.facts.clinical import ImportedVisit
from stream.services.folding.reconcile import Reconciler
from stream.storage.database import Connection
from tests.data import shared_data
from tests.services.accepted_facts import accept, forecasters

TRIAL, OTHER_TRIAL = "POPLAR", "FIR"
PATIENTS = {TRIAL: 70, OTHER_TRIAL: 10}
TOO_SMALL_MM = 5.0
APART_DAYS = 3
"""The last visit of each patient is as many days before that of the patient before."""
NOW = dt.datetime.now(dt.UTC).replace(hour=12, minute=0, second=0, microsecond=0)


class Followed(NamedTuple):
    """A patient by pseudonym: trial, arm, and of each visit the day and the diameter of the target (None: not told)."""

    patient: str
    trial: str
    arm: str
    visits: Sequence[tuple[dt.datetime, float | None]]


def followed() -> list[Followed]:
    """The first patients of each trial, moved in time so that the last visit of all was two days ago."""
    rows = defaultdict(list)
    with (shared_data() / "immunotherapy" / "measurements.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            if row["trial"] in PATIENTS and row["day"]:
                rows[row["trial"], row["patient_id"]].append(row)
    of_trials = [[of for (name, _), of in rows.items() if name == trial][:most] for trial, most in PATIENTS.items()]
    return [_followed(number, of) for of_trial in of_trials for number, of in enumerate(of_trial)]


def _followed(number: int, rows: Sequence[dict[str, str]]) -> Followed:
    sizes = {float(row["day"]): _size(row) for row in rows}
    days = sorted(sizes)
    end = NOW - dt.timedelta(days=2 + APART_DAYS * number)
    visits = [(end - dt.timedelta(days=days[-1] - day), sizes[day]) for day in days]
    name = base64.b32encode(hashlib.sha256(rows[0]["patient_id"].encode()).digest()).decode()[:26]
    return Followed(f"P{name}", rows[0]["trial"], rows[0]["arm"], visits)


def _size(row: dict[str, str]) -> float | None:
    if row["raw_text"].startswith("TOO SMALL"):
        return TOO_SMALL_MM
    return float(row["longest_diameter_mm"]) if row["longest_diameter_mm"] else None


def fold_trial(connection: Connection, patients: Sequence[Followed]) -> None:
    """Visit by visit, so that forecasts are made before it is known what followed."""
    reconciler = Reconciler(connection, forecasters())
    accept(connection, *((each.patient, {"trial": each.trial, "arm": each.arm}) for each in patients))
    for of_round in zip_longest(*([_visit(each.patient, *visit) for visit in each.visits] for each in patients)):
        there = [visit for visit in of_round if visit is not None]
        accept(connection, *there)
        reconciler.timelines([visit.received_as for visit in there])


def _visit(patient: str, at: dt.datetime, size_mm: float | None) -> ImportedVisit:
    lesion = f"{patient}/target"
    state = LesionState.NOT_EVALUATED if size_mm is None else LesionState.MEASURED
    finding = LesionFinding(lesion, state, "Target", "lung", role=LesionRole.TARGET, long_axis_mm=size_mm)
    known = [] if size_mm is None else [Measurement("longest_diameter", size_mm, "import", lesion, "Target", "lung")]
    measured = MeasuredScan(tuple(known), "lung", None, findings=(finding,))
    return ImportedVisit(f"{patient}/{at:%Y-%m-%d}", patient, at, "lung", measured)

"""A large cohort that stands: visits of made-up patients, accepted and folded as the service does it."""

import datetime as dt
import math
import random
from collections.abc import Iterator, Sequence

from models.measurement import Measurement
from stream.measured_scan import MeasuredScan
from stream.services.facts.clinical import ImportedVisit, accept_clinical, accept_visits
from stream.services.folding.reconcile import Reconciler
from stream.settings import Settings
from stream.storage.database import connect
from tests.services.accepted_facts import forecasters

VISITS = 4
AT_ONCE = 250
"""Patients whose facts are accepted and folded together."""
DISEASES = ("lung", "lung", "lung", "bladder", "breast")
RATES = (-0.004, -0.002, 0.0, 0.001, 0.003, 0.006)
"""Per day: from shrinking to half within six months to growth that soon counts as progression."""


def stand(settings: Settings, patients: int) -> Iterator[int]:
    """Let `patients` with VISITS visits each stand; yields how many do after each batch."""
    with connect(settings, "worker", timeouts=False) as connection:
        reconciler = Reconciler(connection, forecasters())
        for first in range(0, patients, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, patients))
            now = dt.datetime.now(dt.UTC)
            with connection.transaction():
                accept_clinical(connection, [(patient_id(number), _clinical(number)) for number in numbers], now)
                accept_visits(connection, [visit for number in numbers for visit in _visits(number, now)], now)
            reconciler.patients([patient_id(number) for number in numbers])
            yield numbers.stop


def patient_id(number: int) -> str:
    """The pseudonym of a patient: P and 26 characters, such as others have."""
    letters = random.Random(number).choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=26)
    return "P" + "".join(letters)


def _clinical(number: int) -> dict[str, str]:
    return {"trial": f"TRIAL-{number % 7}", "arm": "AB"[number % 2], "age": str(40 + number % 40)}


def _visits(number: int, now: dt.datetime) -> Sequence[ImportedVisit]:
    chance, disease = random.Random(number), DISEASES[number % len(DISEASES)]
    rate, first_mm, gap = chance.choice(RATES), chance.uniform(18, 60), chance.choice((28, 42, 63))
    last = now - dt.timedelta(days=chance.uniform(0, 75))
    return [
        _visit(number, visit, last - (VISITS - 1 - visit) * dt.timedelta(days=gap), disease, sizes)
        for visit in range(VISITS)
        for sizes in [_sizes(first_mm, rate, visit * gap, chance)]
    ]


def _sizes(first_mm: float, rate: float, day: int, chance: random.Random) -> tuple[float, float]:
    grown = first_mm * math.exp(rate * day)
    return round(grown * chance.uniform(0.97, 1.03), 1), round(0.4 * grown, 1)


def _visit(number: int, visit: int, at: dt.datetime, disease: str, sizes: Sequence[float]) -> ImportedVisit:
    patient = patient_id(number)
    found = [
        Measurement("longest_diameter", size, "import", f"lesion-{patient}-{place}", f"Target {place}", disease)
        for place, size in enumerate(sizes)
    ]
    if disease == "breast":
        found.append(Measurement("volume", round(sizes[0] ** 3 / 2000, 2), "import", None, None, disease))
    scan = MeasuredScan(tuple(found), disease, None)
    return ImportedVisit(f"2.25.{number}.{visit}", patient, at, disease, scan)

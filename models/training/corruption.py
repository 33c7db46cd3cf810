"""Records as a worse clinic would have sent them, from a seed: for teaching models, and for judging how they bear it.

Each corruption is a pure function of a record, a strength and a generator of random numbers; what is missing stays
missing, 0 (gone) stays 0, and the order of the visits stays.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from models.features import FEATURE_NAMES, MEASURED_NAMES
from models.tables.records import PatientRecord, VisitRecord

Corruption = Callable[[PatientRecord, float, np.random.Generator], PatientRecord]
Seed = int | tuple[int, ...]

LENGTHS = tuple(FEATURE_NAMES.index(name) for name in ("sum_of_diameters", "longest_diameter", "short_axis"))
VOLUME = FEATURE_NAMES.index("volume")
SHARED_DAY = 0.5  # two visits never come nearer than this, so that their order stays


def measurement_error(record: PatientRecord, strength: float, random: np.random.Generator) -> PatientRecord:
    """Every measured value read anew: relative errors of standard deviation `strength`, three times that for volumes.

    Between two readers 95 % of the differences of one lesion's diameter lie from -22 % to 25 % (Yoon et al., EJC
    2016;53:5-15), which is 0.085 for each reading.
    """
    width = np.full(len(MEASURED_NAMES), strength)
    width[VOLUME] *= 3.0

    def read(visit: VisitRecord) -> VisitRecord:
        lengths = strength * random.normal()  # one reader errs alike in all diameters of a visit
        error = width * random.normal(size=len(width))
        error[list(LENGTHS)] = lengths
        return replace(visit, x=np.concatenate([visit.x[: len(error)] * np.exp(error), visit.x[len(error) :]]))

    return replace(record, visits=tuple(read(visit) for visit in record.visits))


def date_jitter(record: PatientRecord, strength: float, random: np.random.Generator) -> PatientRecord:
    """Every visit after the first moved by days of standard deviation `strength`, never past a neighbour."""
    moved, before = [], -np.inf
    for n, visit in enumerate(record.visits):
        day = visit.day + (strength * random.normal() if n else 0.0)
        before = max(day, before + SHARED_DAY)
        moved.append(replace(visit, day=float(before)))
    return replace(record, visits=tuple(moved))


def dropped_visits(record: PatientRecord, strength: float, random: np.random.Generator) -> PatientRecord:
    """Every visit after the first missing with probability `strength`."""
    kept = random.random(len(record.visits)) >= strength
    return replace(record, visits=tuple(v for n, v in enumerate(record.visits) if kept[n] or n == 0))


def rescaled(record: PatientRecord, strength: float, random: np.random.Generator) -> PatientRecord:
    """All diameters of the patient times one factor of log standard deviation `strength`, volumes times its cube."""
    factor = np.exp(strength * random.normal())
    by = np.ones(len(FEATURE_NAMES))
    by[list(LENGTHS)], by[VOLUME] = factor, factor**3
    return replace(record, visits=tuple(replace(visit, x=visit.x * by) for visit in record.visits))


CORRUPTIONS: dict[str, tuple[Corruption, tuple[float, float, float]]] = {
    "measurement error": (measurement_error, (0.05, 0.1, 0.2)),
    "date jitter, days": (date_jitter, (3.0, 7.0, 14.0)),
    "dropped visits": (dropped_visits, (0.1, 0.25, 0.5)),
    "rescaled sizes": (rescaled, (0.1, 0.3, 0.6)),
}
"""What is tried, each at three strengths."""


def corrupted(
    records: Sequence[PatientRecord], corruption: Corruption, strength: float, seed: Seed
) -> list[PatientRecord]:
    """All records corrupted; a patient's numbers depend on the seed and that patient's place alone."""
    generators = np.random.default_rng(seed).spawn(len(records))
    return [corruption(record, strength, random) for record, random in zip(records, generators, strict=True)]

"""How simulated patients die: the sooner the more tumour there is, and the worse its grade, which no size tells."""

import math
from dataclasses import dataclass

import numpy as np

from models.simulation.patients import GRADE, OUTCOME, SEED, SimulatedPatient

DEATHS_A_DAY, BURDEN_MM = 2e-4, 40.0  # at a sum of 100 mm and a middling grade one in five within 90 days
FOLLOWED_DAYS = (30, 400)  # after the last visit


@dataclass(frozen=True)
class FollowUpEnd:
    """The day of death, or the last on which the patient was known to be alive."""

    day: int
    died: bool


def outcome(patient: SimulatedPatient, seed: int = SEED) -> FollowUpEnd:
    """When the patient died or was last seen alive; the hazard of death rises with what was last measured.

    Visits that a death prevents are in it.
    """
    random = np.random.default_rng([seed, patient.number, OUTCOME])
    left, days = random.exponential(), [visit.day for visit in patient.visits]
    grade = grade_of(patient, seed)
    until = [*days[1:], days[-1] + int(random.integers(*FOLLOWED_DAYS))]
    for visit, next_day in zip(patient.visits, until, strict=True):
        hazard = death_hazard(sum(visit.sizes_mm), grade)
        if left < hazard * (next_day - visit.day):
            return FollowUpEnd(visit.day + 1 + int(left / hazard), True)
        left -= hazard * (next_day - visit.day)
    return FollowUpEnd(until[-1], False)


def grade_of(patient: SimulatedPatient, seed: int = SEED) -> float:
    """How malignant a patient's tumour is, in standard deviations of the cohort.

    No size tells it, an image does (models.simulation.images).
    """
    return float(np.random.default_rng([seed, patient.number, GRADE]).normal())


def death_hazard(burden_mm: float, grade: float) -> float:
    """Hazard of death per day at a sum of diameters (mm) of tumours of a grade (standard deviations)."""
    return DEATHS_A_DAY * math.exp(burden_mm / BURDEN_MM + grade)

"""How simulated patients die: the sooner the more tumour there is, and the worse its grade, which no size tells."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.simulation.lines import FollowedPatient, FollowedVisit
from models.simulation.patients import GRADE, OUTCOME, SEED, SimulatedPatient, still_open

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
    until = days[-1] + int(random.integers(*FOLLOWED_DAYS))
    burdens = [sum(visit.sizes_mm) for visit in patient.visits]
    day = _death_day([*days, until], burdens, grade_of(patient, seed), left)
    return FollowUpEnd(until, False) if day is None else FollowUpEnd(day, True)


def lived(patient: FollowedPatient, seed: int = SEED) -> FollowedPatient:
    """The patient as far as life went until the day of reference: what a death prevented is left out."""
    left = np.random.default_rng([seed, patient.number, OUTCOME]).exponential()
    days, burdens = [visit.day for visit in patient.visits], [_burden_mm(visit) for visit in patient.visits]
    day = _death_day([*days, 0], burdens, grade_of(patient, seed), left)
    if day is None or day <= patient.treatments[0].start_day:  # the cohort is of patients who were treated
        return patient
    visits = tuple(visit for visit in patient.visits if visit.day < day)
    treatments = tuple(still_open(given, day) for given in patient.treatments if given.start_day < day)
    return replace(patient, visits=visits, treatments=treatments, death_day=day)


def _death_day(days: Sequence[int], burdens_mm: Sequence[float], grade: float, left: float) -> int | None:
    """The day on which the hazard that a patient bears is used up; the last of `days` ends what is looked at."""
    for day, next_day, burden in zip(days, days[1:], burdens_mm, strict=False):
        hazard = death_hazard(burden, grade)
        if left < hazard * (next_day - day):
            return day + 1 + int(left / hazard)
        left -= hazard * (next_day - day)
    return None


def _burden_mm(visit: FollowedVisit) -> float:
    """Sum of what was measured at a visit: of nodes the short axis."""
    return sum((each.short_axis_mm if each.node else each.long_axis_mm) or 0.0 for each in visit.findings)


def grade_of(patient: SimulatedPatient | FollowedPatient, seed: int = SEED) -> float:
    """How malignant a patient's tumour is, in standard deviations of the cohort.

    No size tells it, an image does (models.simulation.images).
    """
    return float(np.random.default_rng([seed, patient.number, GRADE]).normal())


def death_hazard(burden_mm: float, grade: float) -> float:
    """Hazard of death per day at a sum of diameters (mm) of tumours of a grade (standard deviations)."""
    return DEATHS_A_DAY * math.exp(burden_mm / BURDEN_MM + grade)

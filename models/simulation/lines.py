"""How simulated patients are read and treated by RECIST 1.1: findings of each visit, and a new drug after progression.

Of patients with lung or bladder cancer: the others are read and treated as the simulation made them.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from models.criteria.course import lines_of_therapy
from models.criteria.finding import LesionFinding, LesionState
from models.criteria.visit import Assessment, LineOfTherapy, TreatmentStart
from models.simulation.foci import foci_of
from models.simulation.patients import FINDINGS, PROTOCOLS, SEED, SimulatedPatient, SimulatedVisit, shifted, still_open
from models.simulation.reader import Reader
from models.tables.records import TreatmentRecord

STOPS_DAYS, STARTS_DAYS = 7, 14  # after the visit that shows progression: the drug that failed, and the next
_DAY_0 = dt.datetime(2001, 1, 1)


@dataclass(frozen=True)
class FollowedVisit:
    """A visit with what a reader finds; `late` and `more` as in SimulatedVisit."""

    day: int
    findings: tuple[LesionFinding, ...]
    late: bool
    more: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class FollowedPatient:
    """A patient as the hospital's systems know one; days count from the day of reference."""

    number: int
    disease: str
    visits: tuple[FollowedVisit, ...]
    treatments: tuple[TreatmentRecord, ...]
    clinical: Mapping[str, object]
    death_day: int | None = None


def follow(patient: SimulatedPatient, seed: int = SEED) -> FollowedPatient:
    """The patient through all lines of therapy; the last visit lies as long ago as that of the simulation."""
    visits, treatments = _as_simulated(patient)
    if patient.disease in ("lung", "bladder"):
        random = np.random.default_rng([seed, patient.number, FINDINGS])
        visits, treatments = _treated(patient, Reader(foci_of(patient, random), patient.number, random))
    shift = patient.visits[-1].day - visits[-1].day
    return FollowedPatient(
        patient.number,
        patient.disease,
        tuple(replace(visit, day=visit.day + shift) for visit in visits),
        tuple(shifted(given, shift) for given in treatments if given.start_day <= visits[-1].day),
        patient.clinical,
    )


def _as_simulated(patient: SimulatedPatient) -> tuple[list[FollowedVisit], list[TreatmentRecord]]:
    visits = [FollowedVisit(v.day, _sizes(patient, v), v.late, v.more) for v in patient.visits]
    return visits, list(patient.treatments)


def _sizes(patient: SimulatedPatient, visit: SimulatedVisit) -> tuple[LesionFinding, ...]:
    """A finding for each lesion of a patient who has no nodes."""
    pairs = zip(patient.lesions, visit.sizes_mm, strict=True)
    return tuple(
        LesionFinding(
            f"{lesion.site.capitalize()} {number}",
            LesionState.MEASURED if size_mm else LesionState.GONE,
            organ=lesion.site,
            long_axis_mm=size_mm,
        )
        for number, (lesion, size_mm) in enumerate(pairs, start=1)
    )


def _treated(patient: SimulatedPatient, reader: Reader) -> tuple[list[FollowedVisit], list[TreatmentRecord]]:
    """Visit after visit: a second drug follows the first progression, and the second ends the follow-up."""
    first, begins = patient.treatments[0].name, patient.treatments[0].start_day
    treatments, visits = [TreatmentRecord(first, "drug", 0, None)], list[FollowedVisit]()
    line: LineOfTherapy | None = None
    for planned in patient.visits:
        day = int(planned.day - begins)
        visits.append(FollowedVisit(day, reader.read(day, treatments, line), planned.late))
        line = lines_of(visits, treatments)[-1]
        if line.verdicts[-1].category == "PD" and len(treatments) == 2:
            break
        if line.verdicts[-1].category == "PD":
            treatments = [
                TreatmentRecord(first, "drug", 0, day + STOPS_DAYS),
                TreatmentRecord(PROTOCOLS[patient.disease].second, "drug", day + STARTS_DAYS, None),
            ]
            line = lines_of(visits, treatments)[-1]
    return visits, [still_open(each, visits[-1].day) for each in treatments if each.start_day <= visits[-1].day]


def lines_of(visits: Sequence[FollowedVisit], treatments: Sequence[TreatmentRecord]) -> tuple[LineOfTherapy, ...]:
    """Lines of therapy, judged by RECIST 1.1; a visit is called by its day."""
    read = [
        Assessment(str(visit.day), _DAY_0 + dt.timedelta(days=visit.day), _date(visit.day), visit.findings)
        for visit in visits
    ]
    given = [TreatmentStart(_date(each.start_day), each.kind) for each in treatments]
    return lines_of_therapy(read, given)


def _date(day: float) -> dt.date:
    return (_DAY_0 + dt.timedelta(days=day)).date()

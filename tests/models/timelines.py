"""Timelines made in one line for tests of the models."""

from collections.abc import Mapping, Sequence

import numpy as np

from models.features import FEATURE_NAMES
from models.forecast import RiskForecast, of_kind
from models.serving.forecaster import Forecaster
from models.simulation.patients import SimulatedPatient, simulate
from models.tables.records import PatientRecord, VisitRecord
from models.timepoint import Timepoint
from models.training.blueprints import BLUEPRINTS

VISIT_DAYS = 42.0


def features_of(**values: float) -> np.ndarray:
    """Feature vector with these values, everything else missing; an unknown name fails."""
    x = np.full(len(FEATURE_NAMES), np.nan)
    for name, value in values.items():
        x[FEATURE_NAMES.index(name)] = value
    return x


def point(
    *, elapsed_days: float = VISIT_DAYS, disease: str = "lung", clinical: Mapping[str, object] | None = None, **x: float
) -> Timepoint:
    """One timepoint with the features given by name."""
    return Timepoint(features_of(**x), elapsed_days, disease, (), clinical or {})


def sizes(*sums_mm: float, gap_days: float = VISIT_DAYS) -> list[Timepoint]:
    """A timeline of sums of diameters at regular visits."""
    return [point(elapsed_days=gap_days * (n > 0), sum_of_diameters=size) for n, size in enumerate(sums_mm)]


def mr(*volumes_ml: float) -> list[Timepoint]:
    """A breast timeline of tumour volumes."""
    return [point(elapsed_days=40.0 * (n > 0), disease="breast", volume=v) for n, v in enumerate(volumes_ml)]


def risks(forecaster: Forecaster, timeline: Sequence[Timepoint]) -> np.ndarray:
    """Risks (visits, endpoints) of one timeline, stepped visit by visit."""
    state, found = forecaster.initial(1), []
    for timepoint in timeline:
        state, [made] = forecaster.advance(state, [timepoint])
        found.append([each.risk for each in of_kind(RiskForecast, made)])
    return np.array(found)


def made_timelines(model: str, n: int = 12) -> list[PatientRecord]:
    """Timelines of 1 to 6 irregular visits, longest first."""
    random = np.random.default_rng(5)
    blueprint = BLUEPRINTS[model]
    found = []
    for patient in range(n):
        days = np.cumsum(random.integers(1, 90, size=6 - patient % 6)).astype(float)
        needs = dict.fromkeys(blueprint.applies_to.needs, 0.0)
        visits = [
            VisitRecord(day, str(day), features_of(**{name: float(random.lognormal(2, 1)) for name in needs}))
            for day in days
        ]
        clinical = {"age": "44", "hr": "1", "arm": "Paclitaxel"} if patient % 2 else {}
        found.append(PatientRecord(f"P{patient}", blueprint.applies_to.diseases[0], tuple(visits), clinical, (), {}))
    return sorted(found, key=lambda timeline: -len(timeline.visits))


def simulated(disease: str, patients: int) -> list[PatientRecord]:
    """Timelines of a simulated cohort's patients with `disease`, with the features a report would give."""
    return [_followed(patient) for patient in simulate(patients) if patient.disease == disease]


def _followed(patient: SimulatedPatient) -> PatientRecord:
    visits = []
    for visit in patient.visits:
        seen = {"sum_of_diameters": sum(visit.sizes_mm), "longest_diameter": max(visit.sizes_mm), **visit.more}
        visits.append(VisitRecord(visit.day, str(visit.day), features_of(**seen)))
    name = f"P{patient.number}"
    return PatientRecord(name, patient.disease, tuple(visits), patient.clinical, patient.treatments, {})

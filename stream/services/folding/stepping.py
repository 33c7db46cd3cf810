"""Taking the steps of many timelines at once: each round steps every timeline's next timepoint, batched per weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.forecast import Forecast
from models.serving.forecaster import Forecaster
from stream.timeline.planning import Course, Plan, Step


@dataclass(frozen=True)
class Stepped:
    """What one step gave: the next state (S,) float32 and the forecasts that stand on it."""

    weights_version: str
    step: Step
    state: np.ndarray
    forecasts: tuple[Forecast, ...]


Bases = Mapping[tuple[str, str], np.ndarray]
"""(patient_id, weights_version) → state (S,) float32 to step from, for every course that has a base."""


def fold(plans: Sequence[Plan], forecasters: Mapping[str, Forecaster], bases: Bases) -> dict[str, list[Stepped]]:
    """All steps of all plans, patient_id → what was stepped, in timeline order per weights version."""
    results: dict[str, list[Stepped]] = {plan.timeline.patient_id: [] for plan in plans}
    for version, forecaster in forecasters.items():
        courses = {
            plan.timeline.patient_id: course
            for plan in plans
            for course in plan.courses
            if course.weights_version == version and course.steps
        }
        for patient_id, stepped in _rounds(courses, forecaster, bases):
            results[patient_id].append(stepped)
    return results


def _rounds(courses: dict[str, Course], forecaster: Forecaster, bases: Bases) -> list[tuple[str, Stepped]]:
    """Round r takes the r-th step of every timeline that has one; a round is one call of the device."""
    out: list[tuple[str, Stepped]] = []
    fresh = forecaster.initial(1)[0]
    states = {patient: bases.get((patient, forecaster.weights_version), fresh) for patient in courses}
    for number in range(max((len(course.steps) for course in courses.values()), default=0)):
        patients = [patient for patient, course in courses.items() if len(course.steps) > number]
        steps = [courses[patient].steps[number] for patient in patients]
        before = np.stack([states[patient] for patient in patients])
        after, forecasts = forecaster.advance(before, [step.timepoint for step in steps])
        for patient, step, state, said in zip(patients, steps, after, forecasts, strict=True):
            states[patient] = state
            out.append((patient, Stepped(forecaster.weights_version, step, state, tuple(said))))
    return out

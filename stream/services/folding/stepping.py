"""Taking the steps of many timelines at once: each round steps every timeline's next timepoint, batched per weights."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from models.forecast import Forecast
from models.growth.maps import SHAPE, unpacked
from models.serving.forecaster import Forecaster
from models.timepoint import LesionOutline, Timepoint
from stream.storage.folding.lesion_maps import NO_MAPS, LesionMaps
from stream.timeline.planning import Plan, TimelineStep, WeightsPlan


class StepResult(NamedTuple):
    """What one step gave: the next state (S,) float32 and the forecasts that stand on it."""

    weights_version: str
    step: TimelineStep
    state: np.ndarray
    forecasts: tuple[Forecast, ...]


Bases = Mapping[tuple[str, str], np.ndarray]
"""(patient_id, weights_version) → state (S,) float32 to step from, for every weights plan that has a base."""


def fold(
    plans: Sequence[Plan], forecasters: Mapping[str, Forecaster], bases: Bases, maps: LesionMaps = NO_MAPS
) -> dict[str, list[StepResult]]:
    """All steps of all plans, patient_id → what they gave, in timeline order per weights version.

    `maps`: the outlines that steps look at.
    """
    results: dict[str, list[StepResult]] = {plan.timeline.patient_id: [] for plan in plans}
    for version, forecaster in forecasters.items():
        weights_plans = {
            plan.timeline.patient_id: weights_plan
            for plan in plans
            for weights_plan in plan.weights_plans
            if weights_plan.weights_version == version and weights_plan.steps
        }
        for patient_id, result in _rounds(weights_plans, forecaster, bases, maps):
            results[patient_id].append(result)
    return results


def _rounds(
    weights_plans: Mapping[str, WeightsPlan], forecaster: Forecaster, bases: Bases, maps: LesionMaps
) -> list[tuple[str, StepResult]]:
    """Round r takes the r-th step of every timeline that has one; a round is one call of the device."""
    results: list[tuple[str, StepResult]] = []
    version, fresh = forecaster.weights_version, forecaster.initial(1)[0]
    states = {patient_id: bases.get((patient_id, version), fresh) for patient_id in weights_plans}
    for number in range(max((len(each.steps) for each in weights_plans.values()), default=0)):
        patients = [patient_id for patient_id, each in weights_plans.items() if len(each.steps) > number]
        steps = [weights_plans[patient_id].steps[number] for patient_id in patients]
        pairs = zip(patients, steps, strict=True)
        before = forecaster.together([fresh if step.begins_line else states[patient_id] for patient_id, step in pairs])
        after, forecasts = forecaster.advance(before, [_timepoint(step, maps) for step in steps])
        for patient_id, step, state, of_step in zip(patients, steps, after, forecasts, strict=True):
            states[patient_id] = state
            results.append((patient_id, StepResult(version, step, state, tuple(of_step))))
    return results


def _timepoint(step: TimelineStep, maps: LesionMaps) -> Timepoint:
    """What the step looks at; of a lesion in several scans of a visit the last outline counts."""
    if step.lesions is None:
        return step.timepoint
    scans, names, gone = step.lesions
    seen = {lesion: np.zeros(SHAPE, bool) for lesion in gone}
    for scan in scans:
        here = maps.get(scan, {})
        seen |= {
            lesion: unpacked(here[reported_as])
            for lesion, reported_as, *of_scan in names
            if reported_as in here and of_scan in ([], [scan[0]])
        }
    lesions = tuple(LesionOutline(lesion, seen[lesion]) for lesion in sorted(seen))
    return replace(step.timepoint, lesions=lesions)

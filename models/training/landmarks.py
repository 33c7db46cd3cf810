"""Visits at which a forecast can be judged, as rows: what was known there and what followed."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from torch import Tensor

from models.card import NEXT_VISIT, EndpointOf
from models.features import FEATURE_NAMES
from models.progression import PROGRESSION_MM, PROGRESSION_RATIO, limit_mm
from models.serving.history import ROUNDING_MM
from models.statistics.metrics import CaseControlWeights, censored, known
from models.tables.records import PatientRecord
from models.training.blueprints import Blueprint
from models.training.samples import samples

RECIST = (PROGRESSION_RATIO, PROGRESSION_MM)
SAME_DAY = 1e-3


@dataclass(frozen=True)
class Landmarks:
    """R rows by patient and visit; `patient` and `visit` count from 0, `inputs` (R, I) and `context` (R, C) raw.

    `seen_days` and `seen` (R, A): days and sizes up to the row, its own last. What followed, for labels only:
    `time_days` and `event`; `gap_days`: days to the next visit, 0 after the last; `ahead_days` (R, A) from the row and
    `ahead` (R, A), the sizes measured then. NaN where there is no visit.
    """

    patient: np.ndarray
    visit: np.ndarray
    days: np.ndarray
    inputs: np.ndarray
    context: np.ndarray
    time_days: np.ndarray
    event: np.ndarray
    gap_days: np.ndarray
    seen_days: np.ndarray
    seen: np.ndarray
    ahead_days: np.ndarray
    ahead: np.ndarray

    @property
    def at_next_visit(self) -> np.ndarray:
        """Whether (R,) the event came at the very next visit."""
        return self.event & (self.time_days <= self.gap_days + SAME_DAY)

    def weights(self, endpoint: EndpointOf, count: np.ndarray) -> CaseControlWeights:
        """Weights of the rows as cases and controls for `endpoint`, each row drawn `count` times."""
        if endpoint.horizon_kind == NEXT_VISIT:
            return known(self.at_next_visit, count)
        if endpoint.horizon_days is None:
            return known(self.event, count)
        return censored(self.time_days, self.event, endpoint.horizon_days, count)

    def of(self, rows: np.ndarray) -> "Landmarks":
        """The rows chosen by a mask or by indices."""
        return Landmarks(*(getattr(self, field.name)[rows] for field in fields(self)))


def questions(blueprint: Blueprint) -> tuple[EndpointOf, ...]:
    """What a model of this kind is judged on: where the event is found at a visit also the very next one, first."""
    own = (each for each in blueprint.endpoints if each.endpoint == blueprint.endpoint)
    days = tuple(each for each in own if each.horizon_kind != NEXT_VISIT)
    return (EndpointOf(blueprint.endpoint, NEXT_VISIT, None), *days) if found_at_visits(blueprint) else days


def found_at_visits(blueprint: Blueprint) -> bool:
    """Whether the event is seen in the measurements of a visit; a death is not."""
    return blueprint.endpoint == "progression"


def size_name(blueprint: Blueprint) -> str:
    """The measurement whose coming size is forecast beside the endpoint."""
    names = blueprint.architecture.feature_names
    return "sum_of_diameters" if "sum_of_diameters" in names else "volume"


def landmarks(records: Sequence[PatientRecord], blueprint: Blueprint) -> Landmarks:
    """The visits of `usable` records at which the endpoint could still happen and something is known of it."""
    return _rows(records, blueprint, at_risk=True)


def every_visit(records: Sequence[PatientRecord], blueprint: Blueprint) -> Landmarks:
    """All visits of `usable` records, whatever is known of what followed."""
    return _rows(records, blueprint, at_risk=False)


def followed_visits(records: Sequence[PatientRecord], blueprint: Blueprint) -> Landmarks:
    """The visits of `usable` records that were followed by another on which the size was measured."""
    rows = every_visit(records, blueprint)
    return rows.of(np.isfinite(rows.ahead[:, 0]))


def under_rule(rows: Landmarks, nadir_mm: np.ndarray, ratio: float, more_mm: float) -> Landmarks:
    """The rows as if progression were `ratio` times the nadir and `more_mm` above it: time and event anew."""
    before = np.minimum.accumulate(np.column_stack([nadir_mm, rows.ahead[:, :-1]]), axis=1)
    limits = limit_mm(before, ratio, more_mm) - ROUNDING_MM
    reached = np.nan_to_num(rows.ahead, nan=-1.0) >= np.nan_to_num(limits, nan=np.inf)
    event, first = reached.any(1), reached.argmax(1)
    time = np.where(event, rows.ahead_days[np.arange(len(first)), first], np.nanmax(rows.ahead_days, axis=1))
    return replace(rows, time_days=time, event=event)


def _rows(records: Sequence[PatientRecord], blueprint: Blueprint, at_risk: bool) -> Landmarks:
    data = samples(records, blueprint)
    chosen = data.at_risk.T if at_risk else data.present.T  # (N, T): rows by patient, then visit
    patient, visit = np.nonzero(chosen.numpy())

    def rows(of_visits: Tensor) -> np.ndarray:
        return of_visits.swapaxes(0, 1)[chosen].double().numpy()

    own = [records[p] for p in patient.tolist()]
    seen_days, seen = _sizes(own, [slice(0, v + 1) for v in visit], blueprint)
    ahead_days, ahead = _sizes(own, [slice(v + 1, None) for v in visit], blueprint)
    ahead_days -= np.array([each.visits[v].day for each, v in zip(own, visit, strict=True)])[:, None]
    inputs, context, days = rows(data.inputs), rows(data.context), rows(data.days)
    time, event, gap = rows(data.time_days), rows(data.event) > 0, np.nan_to_num(ahead_days[:, 0])
    return Landmarks(patient, visit, days, inputs, context, time, event, gap, seen_days, seen, ahead_days, ahead)


def _sizes(
    records: Sequence[PatientRecord], visits: Sequence[slice], blueprint: Blueprint
) -> tuple[np.ndarray, np.ndarray]:
    """Days of the chosen visits of each row and the sizes then: both (R, A), NaN at the end."""
    feature = FEATURE_NAMES.index(size_name(blueprint))
    longest = max((len(record.visits) for record in records), default=1)
    days, sizes = (np.full((len(records), longest), np.nan) for _ in range(2))
    for row, (record, chosen) in enumerate(zip(records, visits, strict=True)):
        there = record.visits[chosen]
        days[row, : len(there)] = [each.day for each in there]
        sizes[row, : len(there)] = [each.x[feature] for each in there]
    return days, sizes

"""Visits at which a forecast can be judged, as rows: what was known there and what followed."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from models.blueprints import Blueprint
from models.card import EndpointOf
from models.metrics import Weights, censored, known
from models.samples import samples
from models.timelines import Timeline


@dataclass(frozen=True)
class Landmarks:
    """R rows by patient and visit; `patient` and `visit` count from 0, `inputs` (R, I) and `context` (R, C) raw.

    `time_days` and `event`: what followed; `gap_days`: days to the next visit, 0 after the last.
    """

    patient: np.ndarray
    visit: np.ndarray
    days: np.ndarray
    inputs: np.ndarray
    context: np.ndarray
    time_days: np.ndarray
    event: np.ndarray
    gap_days: np.ndarray

    @property
    def at_next_visit(self) -> np.ndarray:
        """Whether (R,) the event came at the very next visit."""
        return self.event & (self.time_days <= self.gap_days + 1e-3)

    def weights(self, endpoint: EndpointOf, count: np.ndarray) -> Weights:
        """Weights of the rows as cases and controls for `endpoint`, each row drawn `count` times."""
        if endpoint.horizon_days is None:
            return known(self.event, count)
        return censored(self.time_days, self.event, endpoint.horizon_days, count)

    def of(self, rows: np.ndarray) -> "Landmarks":
        """The rows chosen by a mask or by indices."""
        return Landmarks(*(getattr(self, field.name)[rows] for field in fields(self)))


def landmarks(timelines: Sequence[Timeline], blueprint: Blueprint) -> Landmarks:
    """The visits of `usable` timelines at which the endpoint could still happen and something is known of it."""
    data = samples(timelines, blueprint)
    at_risk = data.at_risk.T  # (N, T): rows by patient, then visit
    patient, visit = np.nonzero(at_risk.numpy())

    def rows(of_visits: np.ndarray) -> np.ndarray:
        return of_visits.swapaxes(0, 1)[at_risk].double().numpy()

    gap = np.array([_gap(timelines[p], v) for p, v in zip(patient, visit, strict=True)])
    inputs, context, days = rows(data.inputs), rows(data.context), rows(data.days)
    return Landmarks(patient, visit, days, inputs, context, rows(data.time_days), rows(data.event) > 0, gap)


def _gap(timeline: Timeline, visit: int) -> float:
    visits = timeline.visits
    return visits[visit + 1].day - visits[visit].day if visit + 1 < len(visits) else 0.0

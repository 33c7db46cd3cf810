"""Logistic regression at the patient's rhythm: the odds at the next visit grow with the days until it."""

import numpy as np

from models.baselines import logistic
from models.baselines.columns import Visits, expected_gap, history
from models.baselines.logistic import Parameters
from models.card import Architecture, EndpointOf
from models.history import FIRST_GAP_DAYS
from models.landmarks import NEXT_VISIT, Landmarks

Asked = tuple[EndpointOf, ...]


def fit(architecture: Architecture, rows: Landmarks, asked: Asked) -> Parameters:
    """One regression for each of K questions on all that a visit shows."""
    weights = [rows.weights(each, np.ones(len(rows.patient))) for each in asked]
    columns, known = history(architecture, rows), _known(architecture, rows, asked)
    return logistic.fit(columns, rows.days, architecture.knot_days, weights, known)


def risks(parameters: Parameters, architecture: Architecture, rows: Visits, asked: Asked) -> np.ndarray:
    """Risks (R, K) at visits; a pure function of its arguments."""
    return logistic.risks(parameters, history(architecture, rows), rows.days, _known(architecture, rows, asked))


def _known(architecture: Architecture, rows: Visits, asked: Asked) -> np.ndarray:
    """The part of the logits (R, K) that is not learnt: the longer the next visit is away, the more can happen."""
    next_visit = np.array([each.horizon_kind == NEXT_VISIT for each in asked])
    return np.log(expected_gap(architecture, rows) / FIRST_GAP_DAYS)[:, None] * next_visit

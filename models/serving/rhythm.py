"""Logistic regression at the patient's rhythm: the odds at the next visit grow with the days until it."""

import numpy as np

from models.card import NEXT_VISIT, Architecture, EndpointOf
from models.serving import logistic
from models.serving.columns import Visits, expected_gap, history
from models.serving.history import FIRST_GAP_DAYS
from models.serving.logistic import Parameters

Endpoints = tuple[EndpointOf, ...]


def risks(parameters: Parameters, architecture: Architecture, rows: Visits, endpoints: Endpoints) -> np.ndarray:
    """Risks (R, K) at visits; a pure function of its arguments."""
    return logistic.risks(
        parameters, history(architecture, rows), rows.days, known_logits(architecture, rows, endpoints)
    )


def known_logits(architecture: Architecture, rows: Visits, endpoints: Endpoints) -> np.ndarray:
    """The part of the logits (R, K) that is not learnt: the longer the next visit is away, the more can happen."""
    next_visit = np.array([each.horizon_kind == NEXT_VISIT for each in endpoints])
    logits: np.ndarray = np.log(expected_gap(architecture, rows) / FIRST_GAP_DAYS)[:, None] * next_visit
    return logits

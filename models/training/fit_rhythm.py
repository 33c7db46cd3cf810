"""Fitting logistic regression at the patient's rhythm, so that it can be kept with the weights."""

import numpy as np

from models.card import Architecture
from models.serving.columns import history
from models.serving.logistic import Parameters
from models.serving.rhythm import Endpoints, known_logits
from models.training import fit_logistic
from models.training.landmarks import Landmarks


def fit(architecture: Architecture, rows: Landmarks, endpoints: Endpoints) -> Parameters:
    """One regression for each of K questions on all that a visit shows."""
    weights = [rows.weights(each, np.ones(len(rows.patient))) for each in endpoints]
    columns, known = history(architecture, rows), known_logits(architecture, rows, endpoints)
    return fit_logistic.fit(columns, rows.days, architecture.knot_days, weights, known)

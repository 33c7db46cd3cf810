"""Logistic regression at each stage of the timeline, asked: a pure function of arrays kept with the weights."""

import numpy as np

from models.serving.columns import standardised

Parameters = dict[str, np.ndarray]


def risks(parameters: Parameters, columns: np.ndarray, days: np.ndarray, known: np.ndarray | float = 0.0) -> np.ndarray:
    """Risks (R, K) at visits with columns (R, C); a pure function of its arguments."""
    stage = nearest(days, parameters["knot_days"])
    rows = standardised(columns, parameters["mean"][stage], parameters["scale"][stage])
    logits = parameters["offset"][stage] + np.einsum("rc,rck->rk", rows, parameters["slope"][stage]) + known
    risk: np.ndarray = 1 / (1 + np.exp(-logits))
    return risk


def nearest(days: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """The stage (R,) of visits on `days` (R,): the index of the nearest of `knots` (J,)."""
    stage: np.ndarray = np.abs(days[:, None] - knots).argmin(1)
    return stage

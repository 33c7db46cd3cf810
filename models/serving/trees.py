"""Shallow trees as arrays: what gradient boosting has grown, walked down without the library that grew it."""

import numpy as np

from models.serving.columns import Visits, standardised

DEPTH = 3

Parameters = dict[str, np.ndarray]


def risks(parameters: Parameters, columns: np.ndarray) -> np.ndarray:
    """Risks (R, K) at visits with columns (R, C), every tree walked down for all rows at once; a pure function."""
    rows = standardised(columns, parameters["mean"], parameters["scale"]).astype(np.float32)
    questions, trees, nodes = parameters["feature"].shape
    feature, threshold, left, right, value = (
        parameters[name].ravel() for name in ("feature", "threshold", "left", "right", "value")
    )
    tree, row = np.arange(questions * trees) * nodes, np.arange(len(rows))[:, None] * rows.shape[1]
    at = np.broadcast_to(tree, (len(rows), len(tree)))
    for _ in range(DEPTH):
        goes_left = rows.take(row + feature.take(at)) <= threshold.take(at)
        at = tree + np.where(goes_left, left.take(at), right.take(at))
    logits = parameters["start"] + value.take(at).reshape(len(rows), questions, trees).sum(-1)
    risk: np.ndarray = 1 / (1 + np.exp(-logits))
    return risk


def columns_of(rows: Visits) -> np.ndarray:
    """What the trees look at (R, C)."""
    return np.hstack([rows.inputs, rows.context])

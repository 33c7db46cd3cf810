"""Shallow trees as arrays: what gradient boosting has grown, walked down without the library that grew it."""

import numpy as np

from models.baselines.columns import Visits, standardised

DEPTH = 3

Parameters = dict[str, np.ndarray]


def risks(parameters: Parameters, columns: np.ndarray) -> np.ndarray:
    """Risks (R, K) at visits with columns (R, C); a pure function of its arguments."""
    rows = standardised(columns, parameters["mean"], parameters["scale"]).astype(np.float32)
    each = [_logit(parameters, k, rows) for k in range(len(parameters["start"]))]
    return 1 / (1 + np.exp(-np.stack(each, axis=1)))


def columns_of(rows: Visits) -> np.ndarray:
    """What the trees look at (R, C)."""
    return np.hstack([rows.inputs, rows.context])


def _logit(parameters: Parameters, k: int, rows: np.ndarray) -> np.ndarray:
    """Logit (R,) of one question: every tree walked down for all rows at once."""
    feature, threshold, left, right, value = (
        parameters[name][k] for name in ("feature", "threshold", "left", "right", "value")
    )
    trees = np.arange(len(feature))
    at = np.zeros((len(rows), len(feature)), dtype=int)
    for _ in range(DEPTH):
        goes_left = np.take_along_axis(rows, feature[trees, at], axis=1) <= threshold[trees, at]
        at = np.where(goes_left, left[trees, at], right[trees, at])
    return parameters["start"][k] + value[trees, at].sum(1)

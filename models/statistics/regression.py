"""Weighted logistic regression by Newton's method, with a part of the logit given and a ridge where one is wanted.

scikit-learn's knows no given part, which calibration and the odds at a coming visit need.
"""

import numpy as np

from models.statistics.metrics import CaseControlWeights

STEPS, LARGEST_STEP, NEAR = 50, 2.0, 1e-9
LARGEST_CONDITION = 1e12  # beyond it rows are told apart without fault, and no finite coefficients are best


def coefficients(
    columns: np.ndarray,
    weights: CaseControlWeights,
    start: np.ndarray,
    given: np.ndarray | float = 0.0,
    ridge: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Coefficients (C,) for `columns` (R, C), from `start` (C,); NaN where there are none.

    `given` (R,): a part of the logit that is not learnt; `ridge` (C,): strength of the pull to zero.
    """
    none = np.full(len(start), np.nan)
    if not weights.case.any() or not weights.control.any():
        return none
    each: np.ndarray = weights.case + weights.control
    coefficient: np.ndarray = start
    pull = np.broadcast_to(ridge, len(start))
    for _ in range(STEPS):
        expected = 1 / (1 + np.exp(-np.clip(given + columns @ coefficient, -30, 30)))
        curvature = columns.T @ (columns * (each * expected * (1 - expected))[:, None]) + np.diag(pull)
        if np.linalg.cond(curvature) > LARGEST_CONDITION:
            return none
        change = np.linalg.solve(curvature, columns.T @ (weights.case - each * expected) - pull * coefficient)
        coefficient = coefficient + change / max(1.0, np.abs(change).max() / LARGEST_STEP)
        if np.abs(change).max() < NEAR:
            return coefficient
    return none

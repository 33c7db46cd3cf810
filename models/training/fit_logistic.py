"""Fitting logistic regression at each stage of the timeline: ridge on standardised columns, weighted for censoring."""

from collections.abc import Sequence

import numpy as np

from models.serving.columns import standard, standardised
from models.serving.logistic import Parameters, nearest
from models.statistics.metrics import CaseControlWeights
from models.statistics.regression import coefficients

# Strength of the ridge penalty on standardised columns; the results hardly move between 1 and 30.
RIDGE = 10.0


def fit(
    columns: np.ndarray,
    days: np.ndarray,
    knot_days: Sequence[float],
    weights: Sequence[CaseControlWeights],
    known: np.ndarray | float = 0.0,
) -> Parameters:
    """One regression for each of K questions and J stages from columns (R, C) of visits on `days` (R,).

    `mean`, `scale` (J, C) of the columns, `slope` (J, C, K), `offset` (J, K); `knot_days` (J,): a visit belongs to the
    nearest. `known` (R, K): a part of the logit that is not learnt. Where there is nothing to learn from, the offset
    alone holds the share of cases.
    """
    knots = np.asarray(knot_days, dtype=float)
    known = np.broadcast_to(known, (len(columns), len(weights)))
    stage, width, questions = nearest(days, knots), columns.shape[1], len(weights)
    fitted = {
        "knot_days": knots,
        "mean": np.zeros((len(knots), width)),
        "scale": np.zeros((len(knots), width)),
        "slope": np.zeros((len(knots), width, questions)),
        "offset": np.zeros((len(knots), questions)),
    }
    for j in range(len(knots)):
        here = stage == j
        fitted["mean"][j], fitted["scale"][j] = standard(columns[here])
        rows = standardised(columns[here], fitted["mean"][j], fitted["scale"][j])
        for k, each in enumerate(weights):
            drawn = CaseControlWeights(*(part[here] for part in each))
            fitted["slope"][j, :, k], fitted["offset"][j, k] = _regression(rows, drawn, known[here, k])
    return fitted


def _regression(rows: np.ndarray, weights: CaseControlWeights, given: np.ndarray) -> tuple[np.ndarray, float]:
    """Slopes (C,) and offset of one ridge regression; the offset is not pulled to zero."""
    cases, controls = weights.case.sum(), weights.control.sum()
    share = np.clip((cases + 0.5) / (cases + controls + 1.0), 1e-6, 1 - 1e-6)
    start = np.append(np.zeros(rows.shape[1]), np.log(share / (1 - share)))
    columns, ridge = np.column_stack([rows, np.ones(len(rows))]), np.append(np.full(rows.shape[1], RIDGE), 0.0)
    coefficient = coefficients(columns, weights, start, given, ridge)
    coefficient = coefficient if np.isfinite(coefficient).all() else start
    return coefficient[:-1], float(coefficient[-1])

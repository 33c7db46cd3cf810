"""Fitting logistic regression at each stage of the timeline: ridge on standardised columns, weighted for censoring."""

from collections.abc import Sequence

import numpy as np

from models.serving.columns import standard, standardised
from models.serving.logistic import Parameters, nearest
from models.statistics.metrics import Weights
from models.statistics.regression import coefficients

# Strength of the ridge penalty on standardised columns; the results hardly move between 1 and 30.
RIDGE = 10.0


def fit(
    columns: np.ndarray,
    days: np.ndarray,
    knot_days: Sequence[float],
    weights: Sequence[Weights],
    known: np.ndarray | float = 0.0,
) -> Parameters:
    """One regression for each of K questions and J stages from columns (R, C) of visits on `days` (R,).

    `mean`, `scale` (J, C) of the columns, `slope` (J, C, K), `offset` (J, K); `knot_days` (J,): a visit belongs to the
    nearest. `known` (R, K): a part of the logit that is not learnt. Where there is nothing to learn from, the offset
    alone holds the share of cases.
    """
    knots = np.asarray(knot_days, dtype=float)
    known = np.broadcast_to(known, (len(columns), len(weights)))
    stage, width, asked = nearest(days, knots), columns.shape[1], len(weights)
    found = {
        "knot_days": knots,
        "mean": np.zeros((len(knots), width)),
        "scale": np.zeros((len(knots), width)),
        "slope": np.zeros((len(knots), width, asked)),
        "offset": np.zeros((len(knots), asked)),
    }
    for j in range(len(knots)):
        here = stage == j
        found["mean"][j], found["scale"][j] = standard(columns[here])
        rows = standardised(columns[here], found["mean"][j], found["scale"][j])
        for k, each in enumerate(weights):
            drawn = Weights(*(part[here] for part in each))
            found["slope"][j, :, k], found["offset"][j, k] = _regression(rows, drawn, known[here, k])
    return found


def _regression(rows: np.ndarray, weights: Weights, given: np.ndarray) -> tuple[np.ndarray, float]:
    """Slopes (C,) and offset of one ridge regression; the offset is not pulled to zero."""
    cases, controls = weights.case.sum(), weights.control.sum()
    share = np.clip((cases + 0.5) / (cases + controls + 1.0), 1e-6, 1 - 1e-6)
    start = np.append(np.zeros(rows.shape[1]), np.log(share / (1 - share)))
    columns, ridge = np.column_stack([rows, np.ones(len(rows))]), np.append(np.full(rows.shape[1], RIDGE), 0.0)
    found = coefficients(columns, weights, start, given, ridge)
    found = found if np.isfinite(found).all() else start
    return found[:-1], float(found[-1])

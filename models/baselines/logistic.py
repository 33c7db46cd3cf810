"""Logistic regression at each stage of the timeline: ridge on standardised columns, weighted for censoring."""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from models.baselines.columns import standard, standardised
from models.metrics import Weights

# Inverse strength of the ridge penalty on standardised columns; the results hardly move between 0.03 and 1.
RIDGE = 0.1

Parameters = dict[str, np.ndarray]


def fit(columns: np.ndarray, days: np.ndarray, knot_days: Sequence[float], weights: Sequence[Weights]) -> Parameters:
    """One regression for each of K questions and J stages from columns (R, C).

    `mean`, `scale` (J, C) of the columns, `slope` (J, C, K), `offset` (J, K); `knot_days` (J,): a visit belongs to the
    nearest. Where there is nothing to learn from, the offset alone holds the share of cases.
    """
    knots = np.asarray(knot_days, dtype=float)
    stage, width, asked = _nearest(days, knots), columns.shape[1], len(weights)
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
            found["slope"][j, :, k], found["offset"][j, k] = _regression(rows, each.case[here], each.control[here])
    return found


def risks(parameters: Parameters, columns: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Risks (R, K) at visits with columns (R, C); a pure function of its arguments."""
    stage = _nearest(days, parameters["knot_days"])
    rows = standardised(columns, parameters["mean"][stage], parameters["scale"][stage])
    logits = parameters["offset"][stage] + np.einsum("rc,rck->rk", rows, parameters["slope"][stage])
    return 1 / (1 + np.exp(-logits))


def _regression(rows: np.ndarray, case: np.ndarray, control: np.ndarray) -> tuple[np.ndarray, float]:
    """Slopes (C,) and offset of one regression."""
    if case.sum() == 0 or control.sum() == 0:
        share = (case.sum() + 0.5) / (case.sum() + control.sum() + 1.0)
        return np.zeros(rows.shape[1]), float(np.log(share / (1 - share)))
    model = LogisticRegression(C=RIDGE, max_iter=1000)
    labels = np.repeat([1, 0], len(rows))
    model.fit(np.vstack([rows, rows]), labels, sample_weight=np.concatenate([case, control]))
    return model.coef_[0], float(model.intercept_[0])


def _nearest(days: np.ndarray, knots: np.ndarray) -> np.ndarray:
    return np.abs(days[:, None] - knots).argmin(1)

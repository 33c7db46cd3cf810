"""The simple models that ours stands beside: the last value alone, and logistic regression on the history so far."""

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from models.blueprints import Blueprint
from models.history import input_names
from models.landmarks import Landmarks
from models.network import Normaliser

# Inverse strength of the ridge penalty on standardised columns; the results hardly move between 0.03 and 1.
RIDGE = 0.1


def last_value(blueprint: Blueprint, train: Landmarks, test: Landmarks) -> np.ndarray:
    """Risks (R, endpoints) from one column: distance of the last size to progression, or log volume of the last MR."""
    names = input_names(blueprint.architecture.feature_names)
    column = names.index("headroom" if "headroom" in names else "volume.level")
    return _logistic(blueprint, train, test, train.inputs[:, [column]], test.inputs[:, [column]])


def logistic(blueprint: Blueprint, train: Landmarks, test: Landmarks) -> np.ndarray:
    """Risks (R, endpoints) from all inputs the network has, history and context, without recurrence."""
    before, now = (np.hstack([of.inputs, of.context]) for of in (train, test))
    return _logistic(blueprint, train, test, before, now)


def _logistic(
    blueprint: Blueprint, train: Landmarks, test: Landmarks, columns: np.ndarray, unseen: np.ndarray
) -> np.ndarray:
    """One regression per endpoint and stage of the timeline (the network's knots)."""
    knots = np.array(blueprint.architecture.knot_days)
    stage, stage_unseen = _nearest(train.days, knots), _nearest(test.days, knots)
    risks = np.zeros((len(unseen), len(blueprint.endpoints)))
    for at, endpoint in enumerate(blueprint.endpoints):
        weights = train.weights(endpoint, np.ones(len(columns)))
        for knot in range(len(knots)):
            here, there = stage == knot, stage_unseen == knot
            fitted = _fitted(columns[here], weights.case[here], weights.control[here], unseen[there])
            risks[there, at] = fitted
    return risks


def _fitted(columns: np.ndarray, case: np.ndarray, control: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """Risks of the `unseen` rows; the share of cases where there is nothing to learn from."""
    total = case.sum() + control.sum()
    if not len(unseen) or case.sum() == 0 or control.sum() == 0:
        return np.full(len(unseen), case.sum() / total if total else 0.5)
    normalise = Normaliser.of(torch.from_numpy(columns))
    rows, rows_unseen = (normalise(torch.from_numpy(part)).numpy() for part in (columns, unseen))
    model = LogisticRegression(C=RIDGE, max_iter=500)
    labels = np.repeat([1, 0], len(rows))
    model.fit(np.vstack([rows, rows]), labels, sample_weight=np.concatenate([case, control]))
    return model.predict_proba(rows_unseen)[:, 1]


def _nearest(days: np.ndarray, knots: Sequence[float]) -> np.ndarray:
    return np.abs(days[:, None] - np.asarray(knots)).argmin(1)

"""Gradient boosting, stored as arrays: shallow trees on a visit's inputs, taught with several rules of progression."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier

from models.card import EndpointOf
from models.progression import limit_mm
from models.serving.columns import column, names, standard, standardised
from models.serving.trees import DEPTH, Parameters, columns_of
from models.training.blueprints import Blueprint
from models.training.landmarks import RECIST, Landmarks, found_at_visits, under_rule

TREES, RATE, SHARE = 100, 0.05, 0.5
LEAF_SHARE = 0.03  # of the rows, at least, in every leaf
# Rules the same timelines are labelled by: the trees then learn the way from headroom to risk on five times the rows.
RULES = (RECIST, (1.1, 3.0), (1.3, 5.0), (1.2, 8.0), (1.4, 10.0))
KINDS = (np.int32, np.int32, np.int32, np.float32, np.float32)


class _Tree(Protocol):
    """What is read of a tree that scikit-learn has grown, arrays by node (N,); `value` (N, 1, 1)."""

    node_count: int
    children_left: np.ndarray
    children_right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    value: np.ndarray


def fit(blueprint: Blueprint, rows: Landmarks, endpoints: tuple[EndpointOf, ...], seed: int) -> Parameters:
    """Trees for K questions: `feature`, `left`, `right` int (K, trees, nodes), `threshold`, `value` float32 alike.

    A leaf is its own child on both sides; `start` (K,) is the logit before the first tree.
    """
    taught = list(_taught(blueprint, rows))
    columns = np.vstack([columns_of(each) for each in taught])
    mean, scale = standard(columns)
    shown = standardised(columns, mean, scale).astype(np.float32)
    grown = []
    for endpoint in endpoints:
        weights = [each.weights(endpoint, np.ones(len(each.patient))) for each in taught]
        case, control = (np.concatenate(each) for each in zip(*((w.case, w.control) for w in weights), strict=True))
        grown.append(_grown(shown, case, control, seed))
    starts, *parts = zip(*grown, strict=True)
    shape = np.max([each.shape for each in parts[0]], axis=0)
    named = zip(("feature", "left", "right", "threshold", "value"), parts, strict=True)
    stored = {name: np.stack([_wide(each, shape) for each in of]) for name, of in named}
    return {"mean": mean, "scale": scale, "start": np.array(starts), **stored}


def _taught(blueprint: Blueprint, rows: Landmarks) -> Iterator[Landmarks]:
    """The rows under each rule, headroom and what followed computed anew; as they are where no rule makes the event."""
    if not found_at_visits(blueprint):
        yield rows
        return
    size = np.expm1(column(blueprint.architecture, rows, "sum_of_diameters.level"))
    nadir = (size + 1) * np.exp(-column(blueprint.architecture, rows, "sum_of_diameters.since_smallest")) - 1
    for ratio, more_mm in RULES:
        under = under_rule(rows, nadir, ratio, more_mm)
        headroom = np.log1p(limit_mm(nadir, ratio, more_mm)) - np.log1p(size)
        inputs = rows.inputs.copy()
        inputs[:, names(blueprint.architecture).index("headroom")] = headroom
        yield replace(under, inputs=inputs).of(headroom > 0)


def _grown(rows: np.ndarray, case: np.ndarray, control: np.ndarray, seed: int) -> tuple[float, *tuple[np.ndarray, ...]]:
    """Logit to start from and the trees' arrays (trees, nodes)."""
    total = case.sum() + control.sum()
    if case.sum() == 0 or control.sum() == 0:
        share = (case.sum() + 0.5) / (total + 1.0)
        return float(np.log(share / (1 - share))), *(np.zeros((1, 1), kind) for kind in KINDS)
    chosen = [np.flatnonzero(weight > 0) for weight in (case, control)]
    shown, label = np.concatenate(chosen), np.repeat([1, 0], [len(each) for each in chosen])
    weight = np.concatenate([case[chosen[0]], control[chosen[1]]])
    model = GradientBoostingClassifier(
        n_estimators=TREES,
        max_depth=DEPTH,
        learning_rate=RATE,
        subsample=SHARE,
        min_weight_fraction_leaf=LEAF_SHARE,
        random_state=seed,
    ).fit(rows[shown], label, sample_weight=weight)
    trees: list[_Tree] = [tree.tree_ for tree in model.estimators_[:, 0]]
    nodes = (max(tree.node_count for tree in trees),)
    share = case.sum() / total
    parts = zip(*(_arrays(tree, nodes) for tree in trees), strict=True)
    return float(np.log(share / (1 - share))), *(np.stack(part) for part in parts)


def _arrays(tree: _Tree, nodes: tuple[int]) -> tuple[np.ndarray, ...]:
    """One tree as arrays of `nodes`: feature, left, right, threshold, value (times the learning rate)."""
    itself, leaf = np.arange(tree.node_count), tree.children_left < 0
    feature = np.where(leaf, 0, tree.feature)
    left, right = (np.where(leaf, itself, child) for child in (tree.children_left, tree.children_right))
    value = RATE * tree.value[:, 0, 0]
    parts = (feature, left, right, tree.threshold, value)
    return tuple(_wide(part, nodes).astype(kind) for part, kind in zip(parts, KINDS, strict=True))


def _wide(nodes: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """The array filled up with zeros at the end of each axis."""
    return np.pad(nodes, [(0, to - at) for at, to in zip(nodes.shape, shape, strict=True)])

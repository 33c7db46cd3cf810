"""Every baseline model by name, each fitted on the rows of some patients and asked about the rows of others."""

from collections.abc import Callable
from functools import partial

import numpy as np

from models.judging.baselines import forest
from models.judging.baselines.growth import EXPONENTIAL, GOMPERTZ, coming_size, trend
from models.progression import limit_mm
from models.serving import logistic, rhythm, trees
from models.serving.columns import column, falls, history, names
from models.training import boosting, fit_logistic, fit_rhythm
from models.training.blueprints import Blueprint
from models.training.landmarks import Landmarks, questions, size_name

SEED = 20261123
LOGISTIC, RHYTHM = "logistic regression", "logistic at the patient's rhythm"
BOOSTING, FOREST = "gradient boosting", "random survival forest"

Risks = Callable[[Landmarks], np.ndarray]
"""Risks (R, K) of rows, a column for each of `questions`."""
Columns = Callable[[Landmarks], np.ndarray]
"""What a baseline looks at (R, C)."""


def families(blueprint: Blueprint) -> dict[str, Callable[[Landmarks], Risks]]:
    """The baselines that can be fitted for this model here: rows seen → risks of unseen rows."""
    architecture = blueprint.architecture
    level, nadir = (f"{size_name(blueprint)}.{kind}" for kind in ("level", "since_smallest"))
    fits = {
        "last value": _regression(blueprint, lambda rows: column(architecture, rows, level)[:, None]),
        "growth over nadir": _regression(blueprint, lambda rows: column(architecture, rows, nadir)[:, None]),
        "trend": _growth(blueprint, trend),
        "exponential growth": _growth(blueprint, partial(coming_size, slowing=EXPONENTIAL)),
        "Gompertz growth": _growth(blueprint, partial(coming_size, slowing=GOMPERTZ)),
    }
    if "headroom" in names(architecture):
        fits["headroom"] = _regression(blueprint, lambda rows: _falling(column(architecture, rows, "headroom")))
        bare = partial(history, architecture, without=("headroom",))
        fits["logistic without headroom"] = _regression(blueprint, bare)
        fits[RHYTHM] = partial(_at_own_rhythm, blueprint)
    fits[LOGISTIC] = _regression(blueprint, partial(history, architecture))
    fits[BOOSTING] = partial(_boosting, blueprint)
    if FOREST not in absent(blueprint):
        fits[FOREST] = partial(_forest, blueprint)
    return fits


def absent(blueprint: Blueprint) -> dict[str, str]:
    """Baselines that cannot stand beside this model here, with the reason."""
    if all(each.horizon_days is None for each in blueprint.endpoints):
        return {FOREST: "needs days to the event, which this endpoint lacks"}
    return (
        {} if forest.installed() else {FOREST: "scikit-survival is not installed: pip install scanstream[evaluation]"}
    )


def _regression(blueprint: Blueprint, columns: Columns) -> Callable[[Landmarks], Risks]:
    def fit(seen: Landmarks) -> Risks:
        weights = [seen.weights(each, np.ones(len(seen.patient))) for each in questions(blueprint)]
        fitted = fit_logistic.fit(columns(seen), seen.days, blueprint.architecture.knot_days, weights)
        return lambda rows: logistic.risks(fitted, columns(rows), rows.days)

    return fit


def _at_own_rhythm(blueprint: Blueprint, seen: Landmarks) -> Risks:
    fitted = fit_rhythm.fit(blueprint.architecture, seen, questions(blueprint))
    return lambda rows: rhythm.risks(fitted, blueprint.architecture, rows, questions(blueprint))


def _growth(blueprint: Blueprint, curve: Callable[..., float]) -> Callable[[Landmarks], Risks]:
    """Regression on the size that a curve expects after the usual gap, against the limit or the first size."""

    def fit(seen: Landmarks) -> Risks:
        usual = usual_gap(seen)
        return _regression(blueprint, lambda rows: _against(blueprint, rows, coming(rows, curve, usual)))(seen)

    return fit


def usual_gap(rows: Landmarks) -> float:
    """Median days (of rows that a visit followed) to the next visit."""
    return float(np.median(rows.gap_days[rows.gap_days > 0])) if (rows.gap_days > 0).any() else 0.0


def coming(rows: Landmarks, curve: Callable[..., float], ahead_days: float | np.ndarray) -> np.ndarray:
    """Sizes (R,) a curve expects `ahead_days` after each row, from the sizes seen up to it."""
    ahead = np.broadcast_to(ahead_days, len(rows.patient))
    seen = np.isfinite(rows.seen_days)
    return np.array(
        [curve(rows.seen_days[r, seen[r]], rows.seen[r, seen[r]], ahead_days=ahead[r]) for r in range(len(seen))]
    )


def _against(blueprint: Blueprint, rows: Landmarks, sizes: np.ndarray) -> np.ndarray:
    """Expected headroom where progression is asked for, else the expected change from the first size."""
    if "headroom" in names(blueprint.architecture):
        return _falling(np.log1p(limit_mm(np.fmin.reduce(rows.seen, axis=1))) - np.log1p(sizes))
    change: np.ndarray = np.log1p(sizes) - np.log1p(rows.seen[:, 0])
    return change[:, None]


def _falling(headroom: np.ndarray) -> np.ndarray:
    return np.column_stack([headroom, falls(headroom)])


def _boosting(blueprint: Blueprint, seen: Landmarks) -> Risks:
    fitted = boosting.fit(blueprint, seen, questions(blueprint), SEED)
    return lambda rows: trees.risks(fitted, trees.columns_of(rows))


def _forest(blueprint: Blueprint, seen: Landmarks) -> Risks:
    fitted = forest.fit(history(blueprint.architecture, seen), seen, questions(blueprint), SEED)
    return lambda rows: fitted(history(blueprint.architecture, rows))

"""The size at the next visit: what each model expects, how far off that is and whether its interval holds."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from models.card import LSTM
from models.forecast import SizeForecast, of_kind
from models.judging.baselines.families import coming, usual_gap
from models.judging.baselines.growth import EXPONENTIAL, GOMPERTZ, coming_size, trend
from models.judging.intervals import MIDDLE, QUANTILES, absolute_error, holds, pinball, quantiles_of
from models.judging.judge import RESAMPLING_SEED, Score
from models.statistics.metrics import Estimate, estimate, over_patients
from models.tables.records import PatientRecord
from models.training.blueprints import Blueprint
from models.training.crossvalidation import Forecasts
from models.training.landmarks import Landmarks, followed_visits
from models.training.splits import Split

LAST = "last value"
ERROR, PINBALL, COVERAGE = "mean error / last value", "pinball loss / last value", "80 % interval holds"

CURVES: dict[str, Callable[..., float]] = {
    LAST: lambda days, sizes, ahead_days: float(sizes[np.isfinite(sizes)][-1]) if np.isfinite(sizes).any() else np.nan,
    "trend": trend,
    "exponential growth": partial(coming_size, slowing=EXPONENTIAL),
    "Gompertz growth": partial(coming_size, slowing=GOMPERTZ),
}


def size_scores(
    records: Sequence[PatientRecord], blueprint: Blueprint, forecasts: Forecasts, split: Split
) -> list[Score]:
    """Errors by model over all visits that another followed, and by trial left out."""
    rows = followed_visits(records, blueprint)
    expected = _expected(rows, blueprint, forecasts, split.part[rows.patient])
    if not len(rows.patient):
        return []
    known = np.isfinite(np.stack([each[:, MIDDLE] for each in expected.values()])).all(0)
    if not known.any():
        return []
    places = {"size at the next visit": known}
    for k, trial in enumerate(split.trials):
        places[f"size at the next visit, {trial} left out"] = known & (split.part[rows.patient] == k)
    return [score for name, here in places.items() if here.any() for score in _scored(name, rows, expected, here)]


def _expected(rows: Landmarks, blueprint: Blueprint, forecasts: Forecasts, part: np.ndarray) -> dict[str, np.ndarray]:
    """Quantiles (R, 7) by model; a curve's are those of its errors on the parts a patient is not in."""
    sizes = [of_kind(SizeForecast, forecasts[p][v]) for p, v in zip(rows.patient, rows.visit, strict=True)]
    expected = {}
    if any(sizes):
        expected[LSTM] = np.array([quantiles_of(each, gap) for each, gap in zip(sizes, rows.gap_days, strict=True)])
    for name, curve in CURVES.items():
        expected[name] = np.full((len(part), len(QUANTILES)), np.nan)
        for k in np.unique(part):
            here, others = part == k, part != k
            middle = coming(rows, curve, usual_gap(rows.of(others)))
            off = (np.log1p(rows.ahead[:, 0]) - np.log1p(middle))[others]
            spread = np.quantile(off[np.isfinite(off)], QUANTILES) if np.isfinite(off).any() else np.nan
            expected[name][here] = np.maximum(np.expm1(np.log1p(middle[here])[:, None] + spread), 0.0)
            expected[name][here, MIDDLE] = middle[here]
    return expected


def _scored(name: str, rows: Landmarks, expected: dict[str, np.ndarray], here: np.ndarray) -> list[Score]:
    size = rows.ahead[here, 0]
    error, loss, held = (
        {model: measured(quantiles[here], size) for model, quantiles in expected.items()}
        for measured in (absolute_error, pinball, holds)
    )

    def measure(count: np.ndarray) -> np.ndarray:
        last = [count @ error[LAST], count @ loss[LAST], count.sum()]
        sums = [[count @ each[m] for m in expected] for each in (error, loss, held)]
        shares: np.ndarray = np.array(sums) / np.array(last)[:, None]
        return shares

    values = over_patients(rows.patient[here], measure, RESAMPLING_SEED)
    none = Estimate(np.nan, np.nan, np.nan)
    return [
        Score(name, each, len(size), 0, None, {m: estimate(values[:, at, i]) for i, m in enumerate(expected)}, none)
        for at, each in enumerate((ERROR, PINBALL, COVERAGE))
    ]

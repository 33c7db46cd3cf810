"""How good forecasts were, by the rules by which cards are made: weighted for those not followed to the horizon.

Intervals are over patients, since visits of one patient are alike.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from dashboard.cohort.rates import interval
from models.statistics.calibration import observed_over_expected
from models.statistics.metrics import CaseControlWeights, Estimate, auc, brier, censored, estimate, known, over_patients

FEWEST = 10
"""Patients with the event, and as many without: fewer would tell of chance, as models.judging.comparison has it."""
FEWEST_IN_GROUP = 5
MOST_GROUPS = 10
RESAMPLING_SEED = 20261123


class Figures(NamedTuple):
    """`forecasts` of `patients`, of whom `came` had the event and `stayed` had not; estimates None where too few.

    `ratio`: those with the event by those expected; `error`: mean squared error (Brier); `plain_error`: that of the
    same risk for everybody, the share that had the event.
    """

    forecasts: int
    patients: int
    came: int
    stayed: int
    auc: Estimate | None
    ratio: Estimate | None
    error: Estimate | None
    plain_error: Estimate | None


def figures(rows: pd.DataFrame, horizon_days: int | None) -> Figures:
    """Of forecasts with what followed: patient_id, risk, event, days; without a horizon the outcome is known."""
    if rows.empty:
        return Figures(0, 0, 0, 0, None, None, None, None)
    patient, risk = rows.patient_id.to_numpy(), rows.risk.to_numpy(dtype=float)
    weighted = _weighted(rows, horizon_days)
    at_once = weighted(np.ones(len(rows)))
    came, stayed = (len(set(patient[weight > 0])) for weight in (at_once.case, at_once.control))
    counts = len(rows), len(set(patient)), came, stayed
    if min(came, stayed) < FEWEST:
        return Figures(*counts, None, None, None, None)

    def measure(count: np.ndarray) -> np.ndarray:
        weights = weighted(count)
        same = np.full(len(risk), _share(weights))
        return np.array(
            [auc(risk, weights), observed_over_expected(risk, weights), brier(risk, weights), brier(same, weights)]
        )

    values = over_patients(patient, measure, RESAMPLING_SEED)
    return Figures(*counts, *(estimate(each) for each in values.T))


def calibration(rows: pd.DataFrame, horizon_days: int | None) -> pd.DataFrame:
    """Groups of similar risk, lowest first: visits, patients, came, expected, observed, low, high.

    At most MOST_GROUPS, and no more than leaves FEWEST_IN_GROUP patients with and without the event for each.
    The interval is exact (Clopper and Pearson) with as many trials as the group has patients of whom it is known.
    """
    patient, risk = rows.patient_id.to_numpy(), rows.risk.to_numpy(dtype=float)
    weights = _weighted(rows, horizon_days)(np.ones(len(rows)))
    is_known = weights.case + weights.control > 0
    cases, controls = (len(set(patient[weight > 0])) for weight in (weights.case, weights.control))
    wanted = int(np.clip(min(cases, controls) // FEWEST_IN_GROUP, 1, MOST_GROUPS))
    edges = np.unique(np.quantile(risk, np.linspace(0, 1, wanted + 1)[1:-1]))
    group = np.searchsorted(edges, risk, side="right")
    return pd.DataFrame(
        _group(patient, risk, weights, here)
        for here in (is_known & (group == number) for number in range(len(edges) + 1))
        if here.any()
    )


def _group(patient: np.ndarray, risk: np.ndarray, weights: CaseControlWeights, here: np.ndarray) -> dict[str, float]:
    case, control = weights.case[here], weights.control[here]
    observed = float(case.sum() / (case.sum() + control.sum()))
    patients = len(set(patient[here]))
    low, high = interval(observed * patients, patients)
    return {
        "visits": int(here.sum()),
        "patients": patients,
        "came": int((case > 0).sum()),
        "expected": float(np.average(risk[here], weights=case + control)),
        "observed": observed,
        "low": low,
        "high": high,
    }


def coverage(counts: pd.DataFrame) -> pd.DataFrame:
    """`counts` (measurement, level, sizes, patients, held as share) with low and high of the share that held.

    The interval is exact, with as many trials as there are patients.
    """
    ends = [interval(of.held * of.patients, of.patients) for of in counts.itertuples()]
    return counts.assign(low=[low for low, _ in ends], high=[high for _, high in ends])


def _weighted(rows: pd.DataFrame, horizon_days: int | None) -> Callable[[np.ndarray], CaseControlWeights]:
    """The weights of the rows as a function of how often each was drawn (R,)."""
    event = rows.event.to_numpy(dtype=bool)
    if horizon_days is None:
        return lambda count: known(event, count)
    days = rows.days.to_numpy(dtype=float)
    return lambda count: censored(days, event, horizon_days, count)


def _share(weights: CaseControlWeights) -> float:
    both = weights.case.sum() + weights.control.sum()
    return float(weights.case.sum() / both) if both > 0 else np.nan

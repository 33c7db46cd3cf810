"""Random survival forest on a visit's inputs: for comparison only, and only where scikit-survival is installed.

scikit-survival is under the GPL: it is an extra for tests and evaluation, never needed to run.
"""

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from models.card import NEXT_VISIT, EndpointOf
from models.serving.columns import standard, standardised
from models.training.landmarks import Landmarks

TREES, LEAF, ROWS_PER_TREE = 60, 40, 1000
USUALLY = 0.9  # share of the rows seen whose next visit had come by the day on which the forest is asked about it


def installed() -> bool:
    """Whether scikit-survival is here."""
    return find_spec("sksurv") is not None


def fit(
    columns: np.ndarray, rows: Landmarks, endpoints: tuple[EndpointOf, ...], seed: int
) -> Callable[[np.ndarray], np.ndarray]:
    """Risks (R, K) of unseen columns (R, C); the next visit is expected by the day by which it usually came."""
    if len(np.unique(rows.time_days[rows.event])) < 2:  # nothing to split by, which scikit-survival cannot bear
        return lambda unseen: np.zeros((len(unseen), len(endpoints)))
    from sksurv.ensemble import RandomSurvivalForest
    from sksurv.util import Surv

    mean, scale = standard(columns)
    forest = RandomSurvivalForest(
        TREES, min_samples_leaf=LEAF, max_samples=min(ROWS_PER_TREE, len(columns)), random_state=seed
    ).fit(standardised(columns, mean, scale), Surv.from_arrays(rows.event, rows.time_days))
    usual = float(np.quantile(rows.gap_days, USUALLY))
    days = [usual if each.horizon_kind == NEXT_VISIT else float(each.horizon_days or 0) for each in endpoints]

    def risks(unseen: np.ndarray) -> np.ndarray:
        survival = forest.predict_survival_function(standardised(unseen, mean, scale), return_array=True)
        at = np.searchsorted(forest.unique_times_, days, side="right") - 1
        return 1.0 - np.where(np.array(at) >= 0, survival[:, np.maximum(at, 0)], 1.0)

    return risks

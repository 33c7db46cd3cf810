import numpy as np
import pytest
from sksurv.metrics import brier_score, cumulative_dynamic_auc
from sksurv.util import Surv

from models.metrics import auc, brier, censored, censoring_survival, estimate, known, over_patients


def cohort(seed: int = 0, n: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Follow-up in whole weeks (many ties), events, and a risk that knows something."""
    random = np.random.default_rng(seed)
    frailty = random.normal(size=n)
    time = np.ceil(random.exponential(250 * np.exp(-frailty)) / 7) * 7
    lost = np.ceil(random.uniform(30, 700, size=n) / 7) * 7
    risk = 1 / (1 + np.exp(-frailty - random.normal(size=n)))
    return np.minimum(time, lost), time <= lost, np.round(risk, 2)


@pytest.mark.parametrize("horizon_days", [90, 180, 365])
def test_auc_and_brier_score_under_censoring_equal_scikit_survival(horizon_days: int) -> None:
    time, event, risk = cohort()
    outcomes = Surv.from_arrays(event, time)
    weights = censored(time, event, horizon_days, np.ones(len(time)))
    theirs, _ = cumulative_dynamic_auc(outcomes, outcomes, risk, [horizon_days])
    assert auc(risk, weights) == pytest.approx(theirs[0], abs=1e-9)
    _, theirs = brier_score(outcomes, outcomes, 1.0 - risk, [horizon_days])
    assert brier(risk, weights) == pytest.approx(theirs[0], abs=1e-9)


def test_a_row_drawn_twice_counts_like_two_rows() -> None:
    time, event, risk = cohort(n=80)
    count = np.arange(80) % 3
    rows = np.repeat(np.arange(80), count)
    drawn = censored(time, event, 180, count.astype(float))
    written_out = censored(time[rows], event[rows], 180, np.ones(len(rows)))
    assert auc(risk, drawn) == pytest.approx(auc(risk[rows], written_out))
    assert brier(risk, drawn) == pytest.approx(brier(risk[rows], written_out))


def test_staying_uncensored_by_hand() -> None:
    stays = censoring_survival(np.array([1.0, 2.0, 2.0, 3.0]), np.array([False, True, False, True]), np.ones(4))
    assert stays(np.array([0.5, 1.0, 2.0, 5.0])) == pytest.approx([1.0, 3 / 4, 3 / 4 * 1 / 2, 3 / 8])


def test_ties_count_half() -> None:
    event = np.array([True, True, False, False])
    assert auc(np.array([0.9, 0.5, 0.5, 0.1]), known(event, np.ones(4))) == pytest.approx(3.5 / 4)


def test_what_cannot_be_had_is_not_a_number() -> None:
    nobody = known(np.zeros(3, dtype=bool), np.ones(3))
    assert np.isnan(auc(np.array([0.1, 0.2, 0.3]), nobody))
    assert np.isnan(estimate(np.array([np.nan, 0.5, 0.6])).value)


def test_intervals_draw_patients_not_visits() -> None:
    """All visits of a patient come together, so visits that repeat each other do not narrow the interval."""
    random = np.random.default_rng(1)
    once = random.normal(size=60)
    width = {}
    for visits in (1, 10):
        patient, values = np.repeat(np.arange(60), visits), np.repeat(once, visits)
        means = over_patients(patient, lambda count, v=values: np.array([(count * v).sum() / count.sum()]), seed=3)
        found = estimate(means[:, 0])
        width[visits] = found.high - found.low
    assert width[10] == pytest.approx(width[1])

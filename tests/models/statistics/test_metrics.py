import numpy as np
import pytest
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, precision_score, recall_score
from sksurv.metrics import brier_score, concordance_index_ipcw, cumulative_dynamic_auc
from sksurv.util import Surv

from models.statistics.metrics import (
    ThresholdCounts,
    auc,
    brier,
    censored,
    censoring_survival,
    estimate,
    known,
    over_patients,
    precision_recall_area,
    uno_c,
)


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


@pytest.mark.parametrize("horizon_days", [90, 180, 365])
def test_unos_c_equals_scikit_survival(horizon_days: int) -> None:
    time, event, risk = cohort()
    outcomes = Surv.from_arrays(event, time)
    theirs, *_ = concordance_index_ipcw(outcomes, outcomes, risk, tau=horizon_days)
    assert uno_c(risk, time, event, horizon_days)(np.ones(len(time))) == pytest.approx(theirs, abs=1e-6)


def test_area_under_precision_and_recall_equals_scikit_learn() -> None:
    time, event, risk = cohort()
    count = np.arange(len(time)) % 3 + 1.0
    ours = precision_recall_area(risk, known(event, count))
    assert ours == pytest.approx(average_precision_score(event, risk, sample_weight=count))
    weights = censored(time, event, 180, np.ones(len(time)))
    label, weight = weights.case > 0, weights.case + weights.control
    assert precision_recall_area(risk, weights) == pytest.approx(
        average_precision_score(label, risk, sample_weight=weight)
    )


@pytest.mark.parametrize("threshold", [0.2, 0.5])
def test_what_a_threshold_does_equals_scikit_learn(threshold: float) -> None:
    _, event, risk = cohort()
    flagged = ThresholdCounts.at(risk, known(event, np.ones(len(event))), threshold)
    label = risk >= threshold
    assert flagged.accuracy == pytest.approx(accuracy_score(event, label))
    assert flagged.precision == pytest.approx(precision_score(event, label))
    assert flagged.recall == pytest.approx(recall_score(event, label))
    assert flagged.f1 == pytest.approx(f1_score(event, label))


def test_net_benefit_by_hand() -> None:
    """Of ten, three are flagged rightly and two wrongly: at a threshold of 20 % a wrong one costs a quarter."""
    risk = np.array([0.9, 0.9, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1])
    event = np.array([1, 1, 1, 0, 0, 1, 0, 0, 0, 0]) > 0
    assert ThresholdCounts.at(risk, known(event, np.ones(10)), 0.2).net_benefit(0.2) == pytest.approx(0.3 - 0.2 * 0.25)


def test_a_row_drawn_twice_counts_like_two_rows() -> None:
    time, event, risk = cohort(n=80)
    count = np.arange(80) % 3
    rows = np.repeat(np.arange(80), count)
    drawn = censored(time, event, 180, count.astype(float))
    written_out = censored(time[rows], event[rows], 180, np.ones(len(rows)))
    assert auc(risk, drawn) == pytest.approx(auc(risk[rows], written_out))
    assert brier(risk, drawn) == pytest.approx(brier(risk[rows], written_out))
    assert precision_recall_area(risk, drawn) == pytest.approx(precision_recall_area(risk[rows], written_out))
    assert uno_c(risk, time, event, 180)(count.astype(float)) == pytest.approx(
        uno_c(risk[rows], time[rows], event[rows], 180)(np.ones(len(rows)))
    )


def test_staying_uncensored_by_hand() -> None:
    stays = censoring_survival(np.array([1.0, 2.0, 2.0, 3.0]), np.array([False, True, False, True]), np.ones(4))
    assert stays(np.array([0.5, 1.0, 2.0, 5.0])) == pytest.approx([1.0, 3 / 4, 3 / 4 * 1 / 2, 3 / 8])


def test_ties_count_half() -> None:
    event = np.array([True, True, False, False])
    assert auc(np.array([0.9, 0.5, 0.5, 0.1]), known(event, np.ones(4))) == pytest.approx(3.5 / 4)


def test_what_cannot_be_had_is_not_a_number() -> None:
    nobody = known(np.zeros(3, dtype=bool), np.ones(3))
    assert np.isnan(auc(np.array([0.1, 0.2, 0.3]), nobody))
    assert np.isnan(precision_recall_area(np.array([0.1, 0.2, 0.3]), nobody))
    assert np.isnan(ThresholdCounts.at(np.array([0.1, 0.2, 0.3]), nobody, 0.5).recall)
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

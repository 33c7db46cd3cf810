"""Figures of the page of models, against other people's implementations, and what counts as drift."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, roc_auc_score
from sksurv.metrics import cumulative_dynamic_auc
from sksurv.util import Surv

from dashboard.model import drift, figures, measures, tables
from models.card import COMMITTED
from models.judging import comparison
from models.serving.history import FLOORS
from tests.dashboard.drawn import of_mark

PATIENTS = 120


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """A forecast of each of many patients, with what followed."""
    random = np.random.default_rng(3)
    risk = random.random(PATIENTS)
    event = random.random(PATIENTS) < 0.2 + 0.6 * risk
    days = np.where(event, random.integers(10, 300, PATIENTS), random.integers(100, 400, PATIENTS)).astype(float)
    names = [f"P{number}" for number in range(PATIENTS)]
    return pd.DataFrame({"patient_id": names, "risk": risk, "event": event, "days": days})


def test_of_known_outcomes_discrimination_and_error_are_those_of_scikit_learn(rows: pd.DataFrame) -> None:
    found = measures.figures(rows, None)
    assert (found.forecasts, found.patients, found.came) == (PATIENTS, PATIENTS, rows.event.sum())
    assert found.auc.value == pytest.approx(roc_auc_score(rows.event, rows.risk))
    assert found.error.value == pytest.approx(brier_score_loss(rows.event, rows.risk))
    same = np.full(PATIENTS, rows.event.mean())
    assert found.plain_error.value == pytest.approx(brier_score_loss(rows.event, same))
    assert found.auc.low < found.auc.value < found.auc.high


def test_who_was_not_followed_to_the_horizon_is_weighted_as_scikit_survival_does(rows: pd.DataFrame) -> None:
    outcome = Surv.from_arrays(rows.event, rows.days)
    theirs, _ = cumulative_dynamic_auc(outcome, outcome, rows.risk, [180])
    found = measures.figures(rows, 180)
    assert found.auc.value == pytest.approx(theirs[0])
    lost = ~rows.event & (rows.days <= 180)
    assert found.came + found.stayed == PATIENTS - lost.sum()


def test_calibration_groups_are_those_of_scikit_learn_with_exact_intervals(rows: pd.DataFrame) -> None:
    groups = measures.calibration(rows, None)
    observed, expected = calibration_curve(rows.event, rows.risk, n_bins=len(groups), strategy="quantile")
    assert len(groups) == min(10, min(rows.event.sum(), (~rows.event).sum()) // 5)
    assert list(groups.observed) == pytest.approx(list(observed))
    assert list(groups.expected) == pytest.approx(list(expected))
    first = groups.iloc[0]
    exact = binomtest(int(first.came), int(first.patients)).proportion_ci(method="exact")
    assert (first.low, first.high) == pytest.approx((exact.low, exact.high))


def test_the_same_patient_seen_twice_makes_nothing_surer(rows: pd.DataFrame) -> None:
    twice = measures.calibration(pd.concat([rows, rows]), None)
    once = measures.calibration(rows, None)
    assert list(twice.low) == pytest.approx(list(once.low))
    assert list(twice.visits) == list(2 * once.visits)


def test_of_few_nothing_is_said_and_the_same_number_is_few_as_when_models_are_compared(rows: pd.DataFrame) -> None:
    few = pd.concat([rows[rows.event].head(9), rows[~rows.event]])
    found = measures.figures(few, None)
    assert (found.came, found.auc, found.ratio) == (9, None, None)
    assert set(tables.judged({"A": found}, "Weights")["Order is right (AUC)"]) == {"too few to say"}
    assert (measures.FEWEST, measures.RESAMPLING_SEED) == (comparison.FEWEST, comparison.RESAMPLING_SEED)


def test_a_ratio_is_drawn_beside_the_line_at_which_forecasts_are_right() -> None:
    frame = pd.DataFrame([("2026-01", 0.8, 0.5, 1.2, "words")], columns=["group", "ratio", "low", "high", "words"])
    chart = figures.ratios(frame, "By month")
    line, span = of_mark(chart, "rule")
    assert line["encoding"]["x"]["datum"] == 1
    assert (span["encoding"]["x"]["field"], span["encoding"]["x2"]["field"]) == ("low", "high")
    (point,) = of_mark(chart, "point")
    assert point["encoding"]["x"]["field"] == "ratio"


def test_how_often_intervals_hold_is_drawn_beside_how_often_they_should() -> None:
    counted = {"measurement": "sum_of_diameters", "level": 0.8, "sizes": 60, "patients": 20, "held": 0.75}
    found = measures.coverage(pd.DataFrame([counted]))
    exact = binomtest(15, 20).proportion_ci(method="exact")
    assert list(found[["held", "low", "high"]].iloc[0]) == pytest.approx([0.75, exact.low, exact.high])
    assert tables.coverage(found).Held[0] == "75 % (95 % interval 51 to 91 %)"
    chart = figures.coverage(found.assign(name="Sum of diameters, 80 %", words="words"), "Sizes")
    (tick,) = of_mark(chart, "tick")
    (point,) = of_mark(chart, "point")
    assert [layer["encoding"]["x"]["field"] for layer in (tick, point)] == ["level", "held"]


def test_an_input_that_moved_or_left_the_training_data_is_named() -> None:
    card = json.loads((COMMITTED / "progression" / "card.json").read_text())
    days = pd.date_range("2024-01-01", periods=120, freq="5D", tz="UTC")
    sums = [40.0 + number % 5 for number in range(80)] + [400.0] * 40
    inputs = pd.DataFrame(
        {"acquired_at": days, "visit": 2, "day": 60.0, "days_since_last": 60.0, "sum_of_diameters": sums}
    )
    found = {each.name: each for each in drift.drifts(inputs, card)}
    moved = found["Sum of diameters (mm)"]
    assert (moved.has_moved, moved.is_strange, moved.outside) == (True, True, moved.recent.measured)
    assert not any(each.has_moved or each.is_strange for name, each in found.items() if each is not moved)
    assert drift.ranges(card)["visit"] == pytest.approx((1, 13), abs=0.02)
    table = tables.drift(found.values()).set_index("Input")
    assert table.Drifts["Sum of diameters (mm)"] == "moved, often outside training"
    assert {name: FLOORS[name] for name in drift.FLOORS} == drift.FLOORS

"""Baseline models: stored as arrays they forecast what the libraries that fitted them forecast."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from models.judging.baselines import families, forest, growth
from models.judging.judge import baseline_risks
from models.serving import columns, logistic, trees
from models.statistics.metrics import auc, known
from models.tables.records import PatientRecord, VisitRecord
from models.training import boosting, fit_logistic
from models.training.blueprints import BLUEPRINTS
from models.training.landmarks import RECIST, Landmarks, landmarks, questions, under_rule
from tests.models.timelines import features_of

PROGRESSION = BLUEPRINTS["progression"]


def cohort(patients: int = 60, seed: int = 2) -> list[PatientRecord]:
    """Patients whose lesions grow at a pace of their own, read with an error."""
    random = np.random.default_rng(seed)
    found = []
    for patient in range(patients):
        pace, days = random.normal(0.05, 0.15), np.arange(6) * 42.0
        sizes = 40 * np.exp(pace * np.arange(6) + random.normal(0, 0.05, 6))
        visits = [
            VisitRecord(d, f"{d:g}", features_of(sum_of_diameters=float(s))) for d, s in zip(days, sizes, strict=True)
        ]
        found.append(PatientRecord(f"p{patient:02d}", "lung", tuple(visits), {}, (), {}))
    return found


@pytest.fixture(scope="module")
def rows() -> Landmarks:
    return landmarks(cohort(), PROGRESSION)


def test_stored_trees_forecast_what_scikit_learn_does(rows: Landmarks, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = []
    grow = GradientBoostingClassifier.fit

    def fit(self: GradientBoostingClassifier, *given: object, **named: object) -> GradientBoostingClassifier:
        fitted.append(grow(self, *given, **named))
        return self

    monkeypatch.setattr(GradientBoostingClassifier, "fit", fit)
    within_follow_up = questions(PROGRESSION)[:3]
    found = boosting.fit(PROGRESSION, rows, within_follow_up, seed=1)
    inputs = trees.columns_of(rows)
    shown = columns.standardised(inputs, found["mean"], found["scale"]).astype(np.float32)
    theirs = np.stack([model.predict_proba(shown)[:, 1] for model in fitted], axis=1)
    assert trees.risks(found, inputs) == pytest.approx(theirs, abs=1e-5)
    assert all(isinstance(part, np.ndarray) and part.dtype != object for part in found.values())


@pytest.mark.parametrize("name", [families.LOGISTIC, families.BOOSTING, "trend", "Gompertz growth"])
def test_every_baseline_learns_what_its_column_tells(rows: Landmarks, name: str) -> None:
    risks = families.families(PROGRESSION)[name](rows)(landmarks(cohort(seed=3), PROGRESSION))
    unseen = landmarks(cohort(seed=3), PROGRESSION)
    assert risks.shape == (len(unseen.patient), len(questions(PROGRESSION)))
    assert auc(risks[:, 0], known(unseen.at_next_visit, np.ones(len(risks)))) > 0.7
    assert np.all((risks >= 0) & (risks <= 1))


def test_a_visits_risk_depends_on_nothing_but_that_visit(rows: Landmarks) -> None:
    for name, fit in families.families(PROGRESSION).items():
        risks = fit(rows)
        assert risks(rows.of(np.array([7]))) == pytest.approx(risks(rows)[[7]], abs=1e-6), name


def test_where_nobody_had_the_event_the_baselines_still_answer(rows: Landmarks) -> None:
    none = replace(rows, event=np.zeros(len(rows.event), dtype=bool), ahead=np.ones_like(rows.ahead))
    for name, fit in families.families(PROGRESSION).items():
        assert fit(none)(none)[:, 0].max() < 0.05, name


def test_recists_own_rule_labels_as_the_follow_up_does(rows: Landmarks) -> None:
    nadir = np.nanmin(rows.seen, axis=1)
    again = under_rule(rows, nadir, *RECIST)
    assert np.array_equal(again.event, rows.event)
    assert again.time_days == pytest.approx(rows.time_days)
    assert under_rule(rows, nadir, 1.05, 1.0).event.sum() > rows.event.sum()


def test_growth_curves_go_on_as_they_grew() -> None:
    days = np.arange(5) * 42.0
    grown = 30 * np.exp(0.003 * days)
    assert growth.coming_size(days, grown, 42.0, growth.EXPONENTIAL) == pytest.approx(
        30 * np.exp(0.003 * 210), rel=0.01
    )
    slowing = 20 * np.exp(0.9 * -np.expm1(-days / 90))
    gompertz = growth.coming_size(days, slowing, 180.0, growth.GOMPERTZ)
    assert gompertz == pytest.approx(20 * np.exp(0.9 * -np.expm1(-348 / 90)), rel=0.02)
    assert growth.coming_size(days[:1], grown[:1], 42.0, growth.GOMPERTZ) == 30.0
    assert growth.trend(days, np.array([40, 40, 40, 40, 44.0]), 42.0) == pytest.approx(48.4, abs=0.2)


def test_curves_never_run_away_or_below_nought() -> None:
    two = np.array([0.0, 7.0])
    assert growth.trend(two, np.array([10.0, 60.0]), 365.0) < 200
    assert growth.trend(two, np.array([60.0, 0.0]), 365.0) == 0.0


def test_a_regression_equals_scikit_learns() -> None:
    random = np.random.default_rng(0)
    inputs = random.normal(size=(300, 3))
    event = inputs @ [1.0, -0.5, 0.0] + random.normal(size=300) > 1
    weight = random.integers(1, 4, 300).astype(float)
    found = fit_logistic.fit(inputs, np.zeros(300), (0.0,), [known(event, weight)])
    shown = columns.standardised(inputs, found["mean"][0], found["scale"][0])
    theirs = LogisticRegression(C=1 / fit_logistic.RIDGE, tol=1e-10, max_iter=5000).fit(
        shown, event, sample_weight=weight
    )
    risks = logistic.risks(found, inputs, np.zeros(300))
    assert risks[:, 0] == pytest.approx(theirs.predict_proba(shown)[:, 1], abs=1e-5)


def test_a_patient_scanned_less_often_has_the_higher_odds_at_the_next_visit(rows: Landmarks) -> None:
    """The whole rhythm is twice as slow, the sizes are the same: the odds double but for what the inputs say."""
    later = rows.of(rows.visit == 2)
    at = columns.names(PROGRESSION.architecture).index("elapsed")
    slow = replace(later, inputs=later.inputs.copy())
    slow.inputs[:, at] = np.log1p(2 * np.expm1(slow.inputs[:, at]))
    risks = families.families(PROGRESSION)[families.RHYTHM](rows)
    odds = [risk[:, 0] / (1 - risk[:, 0]) for risk in (risks(later), risks(slow))]
    assert np.all(odds[1] > 1.2 * odds[0])


def test_regressions_are_chosen_by_the_nearest_stage() -> None:
    """Columns mean the opposite at the two stages."""
    random = np.random.default_rng(0)
    column, days = random.normal(size=(400, 1)), np.repeat([0.0, 100.0], 200)
    event = (column[:, 0] * np.where(days > 50, -1, 1) + random.normal(0, 0.3, 400)) > 0
    found = fit_logistic.fit(column, days, (0.0, 100.0), [known(event, np.ones(400))])
    assert logistic.risks(found, np.array([[2.0], [2.0]]), np.array([10.0, 90.0]))[:, 0] == pytest.approx(
        [1, 0], abs=0.2
    )


def test_without_scikit_survival_a_row_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forest, "installed", lambda: False)
    assert families.FOREST not in families.families(PROGRESSION)
    assert "scikit-survival" in families.absent(PROGRESSION)[families.FOREST]


def test_a_patients_own_outcome_never_feeds_the_baselines_risk(rows: Landmarks) -> None:
    """The outcomes of one part turn round: its own risks stay to the bit, those of the other part move."""
    part = rows.patient % 2
    turned = replace(rows, event=np.where(part == 0, ~rows.event, rows.event))
    before, after = (baseline_risks(each, part, PROGRESSION) for each in (rows, turned))
    for name in before:
        assert np.array_equal(before[name][part == 0], after[name][part == 0]), name
    assert not np.array_equal(before[families.LOGISTIC][part == 1], after[families.LOGISTIC][part == 1])

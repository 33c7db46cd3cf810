"""Worse data: seeded, true to the timeline's order, and judged by what truly followed."""

from dataclasses import replace

import numpy as np
import pytest

from models.judging.robustness import robustness
from models.serving.forecaster import Forecaster
from models.tables.records import PatientRecord, VisitRecord
from models.training.blueprints import BLUEPRINTS
from models.training.corruption import (
    CORRUPTIONS,
    corrupted,
    date_jitter,
    dropped_visits,
    measurement_error,
    rescaled,
)
from models.training.crossvalidation import ForecastPair, forecast_pair
from models.training.splits import splits
from tests.models.judging.test_baselines import cohort
from tests.models.timelines import features_of


def sizes(timelines: list[PatientRecord]) -> np.ndarray:
    return np.array([v.x[0] for timeline in timelines for v in timeline.visits])


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_same_seed_corrupts_alike_and_leaves_the_given_timelines_alone(name: str) -> None:
    corruption, (*_, strongest) = CORRUPTIONS[name]
    given = cohort(20)
    before = sizes(given)
    one, two, other = (corrupted(given, corruption, strongest, seed) for seed in (1, 1, 2))
    key = [[(v.day, tuple(v.x[:1])) for v in timeline.visits] for timeline in one]
    assert key == [[(v.day, tuple(v.x[:1])) for v in timeline.visits] for timeline in two]
    assert key != [[(v.day, tuple(v.x[:1])) for v in timeline.visits] for timeline in other]
    assert np.array_equal(sizes(given), before)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_visits_stay_in_order_the_first_stays_and_gone_stays_gone(name: str) -> None:
    corruption, (*_, strongest) = CORRUPTIONS[name]
    visits = (*cohort(1)[0].visits, VisitRecord(252.0, "252", features_of(sum_of_diameters=0.0)))
    given = [replace(cohort(1)[0], visits=visits)] * 50
    for timeline in corrupted(given, corruption, strongest, seed=3):
        days = [v.day for v in timeline.visits]
        assert days == sorted(set(days))
        assert timeline.visits[0].label == visits[0].label
        assert all(v.x[0] == 0.0 for v in timeline.visits if v.label == "252")
        assert np.isnan(timeline.visits[0].x[1:]).all()


def test_corruptions_are_as_strong_as_they_say() -> None:
    given = cohort(400)
    random = np.random.default_rng(1)
    read = sizes([measurement_error(t, 0.1, random) for t in given])
    assert np.log(read / sizes(given)).std() == pytest.approx(0.1, rel=0.1)
    days = [date_jitter(t, 7.0, random).visits[3].day - 126.0 for t in given]
    assert np.std(days) == pytest.approx(7.0, rel=0.15)
    left = sum(len(dropped_visits(t, 0.25, random).visits) - 1 for t in given)
    assert left / (5 * len(given)) == pytest.approx(0.75, abs=0.03)
    factors = [rescaled(t, 0.3, random).visits[0].x[0] / t.visits[0].x[0] for t in given]
    assert np.log(factors).std() == pytest.approx(0.3, rel=0.1)


def test_models_are_judged_by_what_truly_followed(progression: Forecaster) -> None:
    """The visits judged and their outcomes are the clean ones; only dropping takes rows away."""
    timelines, blueprint = cohort(40), BLUEPRINTS["progression"]

    def made(seen: list[PatientRecord]) -> ForecastPair:
        return forecast_pair(progression, seen)

    found = robustness(timelines, blueprint, splits(timelines, blueprint)[0], made)
    brier = {score.place: score for score in found if score.measure == "Brier score"}
    clean = brier["as it is"]
    assert len(brier) == 1 + 3 * len(CORRUPTIONS)
    assert {(s.rows, s.cases) for place, s in brier.items() if "dropped" not in place} == {(clean.rows, clean.cases)}
    assert brier["dropped visits 0.5"].rows < brier["dropped visits 0.1"].rows < clean.rows
    logistic = [brier[place].models["logistic regression"].value for place in ("as it is", "measurement error 0.2")]
    assert logistic[0] < logistic[1]

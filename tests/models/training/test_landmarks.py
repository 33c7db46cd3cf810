"""Landmarks: a forecast stands on its day, whatever comes after."""

from dataclasses import replace

import numpy as np
import pytest

from models.judging.baselines import families
from models.serving.forecaster import Forecaster
from models.serving.history import input_names
from models.tables.records import PatientRecord, VisitRecord, load_records
from models.training.blueprints import BLUEPRINTS
from models.training.crossvalidation import forecast
from models.training.landmarks import followed_visits, landmarks
from models.training.samples import samples, usable
from tests.data import shared_data
from tests.models.timelines import made_timelines

DAY = 100.0


def with_another_future(timeline: PatientRecord, random: np.random.Generator) -> PatientRecord:
    """The same up to DAY; after it other sizes, other days, other outcomes."""
    visits = [
        v if v.day <= DAY else VisitRecord(v.day + 3, v.label, v.x * random.uniform(0.2, 4.0)) for v in timeline.visits
    ]
    outcomes = {"pcr": (400.0, bool(random.integers(2)))}
    return replace(timeline, visits=tuple(visits), outcomes=outcomes)


@pytest.mark.parametrize("model", ["progression", "response"])
def test_nothing_before_the_landmark_changes_with_the_future(model: str, request: pytest.FixtureRequest) -> None:
    forecaster: Forecaster = request.getfixturevalue(model)
    blueprint, random = BLUEPRINTS[model], np.random.default_rng(6)
    given = [replace(t, outcomes={"pcr": (400.0, n % 3 == 0)}) for n, t in enumerate(made_timelines(model, n=60))]
    other = [with_another_future(timeline, random) for timeline in given]
    fits = {name: fit(landmarks(given, blueprint)) for name, fit in families.families(blueprint).items()}
    before = [sum(v.day <= DAY for v in timeline.visits) for timeline in given]
    ours = zip(forecast(forecaster, given), forecast(forecaster, other), before, strict=True)
    assert all(one[:visits] == two[:visits] for one, two, visits in ours)
    rows, changed = (landmarks(each, blueprint) for each in (given, other))
    early, early_changed = (_early(each, before) for each in (rows, changed))
    shared = sorted(early.keys() & early_changed.keys())
    assert len(shared) > 50
    one, two = (
        each.of(np.array([at[key] for key in shared])) for each, at in ((rows, early), (changed, early_changed))
    )
    assert np.array_equal(one.inputs, two.inputs, equal_nan=True)
    for name, risks in fits.items():
        assert np.array_equal(risks(one), risks(two)), name
    if model == "progression":
        assert not np.array_equal(one.event, two.event)


def test_the_network_learns_after_progression_too_and_is_judged_before_it() -> None:
    """The counts are those of docs/forecasts.md, the sentence is that of the card."""
    blueprint = BLUEPRINTS["progression"]
    real = usable(load_records(shared_data() / "immunotherapy", "lung"), blueprint)
    data, rows = samples(real, blueprint), landmarks(real, blueprint)
    assert int(data.labelled.sum()) == len(followed_visits(real, blueprint).patient) == 3613
    assert int(data.at_risk.sum()) == len(rows.patient) == 3150
    progressed = input_names(blueprint.architecture.feature_names).index("progressed")
    assert not rows.inputs[:, progressed].any()
    assert int((data.labelled & (data.inputs[..., progressed] > 0)).sum()) == 463


def _early(rows: object, before: list[int]) -> dict[tuple[int, int], int]:
    """Index of each row up to DAY, by patient and visit."""
    at = zip(rows.patient, rows.visit, strict=True)
    return {(p, v): row for row, (p, v) in enumerate(at) if v < before[p]}

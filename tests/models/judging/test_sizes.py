"""Sizes at the next visit: judged by error and by whether the interval holds."""

from dataclasses import replace

import pytest

from models.forecast import SizeForecast
from models.judging.sizes import COVERAGE, ERROR, PINBALL, size_scores
from models.tables.records import PatientRecord
from models.training.blueprints import BLUEPRINTS
from models.training.splits import splits
from tests.models.judging.test_baselines import cohort

BLUEPRINT = BLUEPRINTS["progression"]


def around(days: list[int], values: list[float], *widths: float) -> SizeForecast:
    """Sizes on days, with intervals of these relative half widths."""
    low, high = (tuple(tuple(v * (1 + sign * w) for w in widths) for v in values) for sign in (-1, 1))
    return SizeForecast("sum_of_diameters", tuple(days), (0.5, 0.8, 0.95), tuple(values), low, high)


def seen_ahead(timeline: PatientRecord, off: float) -> list[list[SizeForecast]]:
    """At each visit the size of the next one times `off`, with intervals around it."""
    sizes = [v.x[0] for v in timeline.visits]
    ahead = [*sizes[1:], sizes[-1]]
    return [[around([42], [s * off], 0.02, 0.05, 0.2)] for s in ahead]


@pytest.mark.parametrize(("off", "better", "held"), [(1.0, True, 1.0), (2.0, False, 0.0)])
def test_a_model_that_knows_the_next_size_beats_the_last_value_and_one_that_doubles_it_does_not(
    off: float, better: bool, held: float
) -> None:
    timelines = cohort(40)
    made = [seen_ahead(timeline, off) for timeline in timelines]
    found = {s.measure: s.models for s in size_scores(timelines, BLUEPRINT, made, splits(timelines, BLUEPRINT)[0])}
    assert (found[ERROR]["LSTM"].value < 1) == (found[PINBALL]["LSTM"].value < 1) == better
    assert found[COVERAGE]["LSTM"].value == held
    assert found[ERROR]["last value"].value == found[PINBALL]["last value"].value == 1.0
    assert found[COVERAGE]["last value"].value == pytest.approx(0.8, abs=0.1)


def test_trials_left_out_have_rows_of_their_own() -> None:
    timelines = [replace(t, trial="A" if n % 2 else "B") for n, t in enumerate(cohort(30))]
    made = [[[] for _ in timeline.visits] for timeline in timelines]
    found = size_scores(timelines, BLUEPRINT, made, splits(timelines, BLUEPRINT)[0])
    assert {s.place for s in found} == {"size at the next visit" + end for end in ("", ", A left out", ", B left out")}
    assert "LSTM" not in found[0].models

"""The best response by sums of diameters, and that forecasts of it mean the same."""

import pytest

from models.forecast import ResponseForecast, of_kind
from models.response import CATEGORIES, best_response, still_open
from models.serving.forecaster import Forecaster
from tests.models.timelines import simulated, sizes


@pytest.mark.parametrize(
    ("sums_mm", "best"),
    [
        ((50.0, 0.0), "CR"),
        ((50.0, 0.0, 30.0), "CR"),
        ((50.0, 0.5), "PR"),
        ((50.0, 35.0), "PR"),  # exactly 30 % less
        ((50.0, 35.1), "SD"),
        ((50.0, 34.0, 49.0), "PR"),
        ((50.0, 59.9), "SD"),
        ((50.0, 60.0), "PD"),  # exactly 20 % more
        ((20.0, 24.9), "SD"),  # less than 5 mm more
        ((50.0, 55.0, 70.0), "SD"),  # stable before
        ((50.0, 40.0, 60.0), "SD"),
    ],
)
def test_the_rules_of_size_are_those_of_recist(sums_mm: tuple[float, ...], best: str) -> None:
    assert best_response(sums_mm) == best


@pytest.mark.parametrize(
    ("sums_mm", "categories"),
    [
        ((50.0,), ("CR", "PR", "SD", "PD")),
        ((50.0, 50.0), ("CR", "PR", "SD")),
        ((50.0, 35.0, 40.0), ("CR", "PR")),
        ((50.0, 0.0, 3.0), ()),
        ((0.0,), ()),
    ],
)
def test_what_was_reached_closes_what_is_worse(sums_mm: tuple[float, ...], categories: tuple[str, ...]) -> None:
    assert still_open(sums_mm) == categories


def test_a_forecast_gives_a_chance_to_what_is_open_and_only_open_categories_come(progression: Forecaster) -> None:
    """Of simulated patients up to their progression: the network's rules and these are the same."""
    closed = 0
    for timeline in simulated("lung", 40):
        sums = [float(visit.x[0]) for visit in timeline.visits]
        state = progression.initial(1)
        for at, timepoint in enumerate(sizes(*sums)[:-1]):
            state, [made] = progression.advance(state, [timepoint])
            for forecast in of_kind(ResponseForecast, made):
                chances = dict(zip(CATEGORIES, forecast[1:], strict=True))
                possible = still_open(sums[: at + 1]) or ("CR",)
                assert tuple(category for category in CATEGORIES if chances[category] > 0) == possible
                assert best_response(sums[: at + 2]) in possible
                closed += len(CATEGORIES) - len(possible)
    assert closed > 50

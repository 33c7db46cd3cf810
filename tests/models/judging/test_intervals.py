"""Sizes as quantiles: which day counts, and errors that a hand can compute."""

import numpy as np
import pytest

from models.forecast import SizeForecast
from models.judging.intervals import QUANTILES, absolute_error, holds, pinball, quantiles_of
from tests.models.judging.test_sizes import around

SIZES = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0]])


def test_the_forecast_for_the_nearest_day_counts() -> None:
    made = around([30, 90], [5.0, 7.0], 0.1, 0.2, 0.5)
    assert quantiles_of([made], gap_days=42)[3] == 5.0
    assert quantiles_of([made], gap_days=200)[3] == 7.0
    assert quantiles_of([made], gap_days=42) == pytest.approx([2.5, 4.0, 4.5, 5.0, 5.5, 6.0, 7.5])
    assert np.isnan(quantiles_of([], gap_days=42)).all()


def test_levels_are_found_in_any_order() -> None:
    made = SizeForecast("volume", (42,), (0.8, 0.95, 0.5), (4.0,), ((2.0, 1.0, 3.0),), ((6.0, 7.0, 5.0),))
    assert list(quantiles_of([made], gap_days=42)) == [1, 2, 3, 4, 5, 6, 7]


def test_errors_of_each_visit_are_those_a_hand_computes() -> None:
    size = np.array([4.5, 80.0])
    assert list(absolute_error(SIZES, size)) == [0.5, 40.0]
    below, above = (0.025 * 3.5 + 0.1 * 2.5 + 0.25 * 1.5 + 0.5 * 0.5), (0.25 * 0.5 + 0.1 * 1.5 + 0.025 * 2.5)
    assert list(pinball(SIZES, size)) == pytest.approx([(below + above) / 7, QUANTILES @ (80 - SIZES[1]) / 7])


@pytest.mark.parametrize(("size", "held"), [(1.9, False), (2.0, True), (4.0, True), (6.0, True), (6.1, False)])
def test_the_interval_holds_up_to_its_ends(size: float, held: bool) -> None:
    assert list(holds(SIZES[:1], np.array([size]))) == [held]

"""Whether probabilities of slices mean what they say: told of made-up ones of which it is known."""

import numpy as np
import pytest

from models.judging.slices.reliability import reliability_of


def said(slices: int = 4000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities that are right, what is so, and the patient of each slice."""
    random = np.random.default_rng(1)
    risk = random.uniform(0.02, 0.98, slices)
    return risk, random.random(slices) < risk, random.integers(40, size=slices)


def test_probabilities_that_are_right_lie_on_the_diagonal() -> None:
    found = reliability_of(*said())
    assert found.measures["calibration slope"].value == pytest.approx(1, abs=0.1)
    assert found.measures["observed over expected"].value == pytest.approx(1, abs=0.05)
    assert len(found.groups) == 10 and sum(group.rows for group in found.groups) == 4000
    for group in found.groups:
        assert group.observed.low - 0.05 <= group.expected <= group.observed.high + 0.05


def test_probabilities_that_are_too_sure_have_a_slope_below_1_and_groups_beside_the_diagonal() -> None:
    risk, shows, patient = said()
    surer = 1 / (1 + ((1 - risk) / risk) ** 2)  # twice the log odds
    found = reliability_of(surer, shows, patient)
    assert found.measures["calibration slope"].high < 0.6
    lowest, highest = found.groups[0], found.groups[-1]
    assert lowest.expected < lowest.observed.low and highest.expected > highest.observed.high

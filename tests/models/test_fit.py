"""What an ensemble is shown while it learns."""

import numpy as np
import pytest

from models.blueprints import BLUEPRINTS
from models.corruption import corrupted, dropped_visits
from models.fit import Seen
from models.timelines import Timeline, Visit
from tests.models.timelines import features_of

PROGRESSION = BLUEPRINTS["progression"]


@pytest.fixture
def timelines() -> list[Timeline]:
    """Ten patients of two to eleven visits, each at a rhythm and with a size of its own."""
    return [
        Timeline(f"P{n}", "lung", tuple(
            Visit(float((20 + n) * visit), "", features_of(sum_of_diameters=30.0 + n + visit)) for visit in range(n + 2)
        ), {}, (), {})
        for n in range(10)
    ]  # fmt: skip


def test_with_visits_missed_every_patient_is_still_known_as_itself(timelines: list[Timeline]) -> None:
    missed = corrupted(timelines, dropped_visits, 0.5, seed=1)
    samples, order = Seen.of(missed, PROGRESSION)
    assert order.tolist() != list(range(len(missed)))
    assert sorted(order.tolist()) == list(range(len(missed)))
    for place, n in enumerate(order.tolist()):
        days = [visit.day for visit in missed[n].visits]
        assert samples.days[: len(days), place].tolist() == [day - days[0] for day in days]
        assert samples.present[:, place].sum() == len(days)


def test_those_with_the_most_visits_come_first(timelines: list[Timeline]) -> None:
    visits = Seen.of(corrupted(timelines, dropped_visits, 0.5, seed=2), PROGRESSION).samples.present.sum(0).tolist()
    assert np.all(np.diff(visits) <= 0)

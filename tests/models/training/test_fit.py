"""What an ensemble is shown while it learns, and that a seed says all of what it becomes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits

from models.tables.records import PatientRecord, VisitRecord, load_records
from models.training.blueprints import BLUEPRINTS
from models.training.corruption import corrupted, dropped_visits
from models.training.fit import TrainingSet, fit
from models.training.samples import usable
from tests.data import shared_data
from tests.models.timelines import features_of

PROGRESSION = BLUEPRINTS["progression"]


@pytest.fixture
def timelines() -> list[PatientRecord]:
    """Ten patients of two to eleven visits, each at a rhythm and with a size of its own."""

    def visit(n: int, number: int) -> VisitRecord:
        return VisitRecord(float((20 + n) * number), "", features_of(sum_of_diameters=30.0 + n + number))

    return [
        PatientRecord(f"P{n}", "lung", tuple(visit(n, number) for number in range(n + 2)), {}, (), {})
        for n in range(10)
    ]


def test_with_visits_missed_every_patient_is_still_known_as_itself(timelines: list[PatientRecord]) -> None:
    missed = corrupted(timelines, dropped_visits, 0.5, seed=1)
    samples, order = TrainingSet.of(missed, PROGRESSION)
    assert order.tolist() != list(range(len(missed)))
    assert sorted(order.tolist()) == list(range(len(missed)))
    for place, n in enumerate(order.tolist()):
        days = [visit.day for visit in missed[n].visits]
        assert samples.days[: len(days), place].tolist() == [day - days[0] for day in days]
        assert samples.present[:, place].sum() == len(days)


def test_those_with_the_most_visits_come_first(timelines: list[PatientRecord]) -> None:
    visits = (
        TrainingSet.of(corrupted(timelines, dropped_visits, 0.5, seed=2), PROGRESSION).samples.present.sum(0).tolist()
    )
    assert np.all(np.diff(visits) <= 0)


def test_the_same_seed_gives_the_same_bits_however_many_cores_there_are() -> None:
    real = usable(load_records(shared_data() / "immunotherapy"), PROGRESSION)
    architecture = replace(PROGRESSION.architecture, members=2, stacked=("logistic",))
    quick = replace(PROGRESSION, epochs=1, architecture=architecture)

    def fitted(threads: int) -> dict[str, torch.Tensor]:
        with threadpool_limits(threads):
            return fit(quick, real, 1)

    one, two = fitted(1), fitted(2)
    assert [name for name in one if not torch.equal(one[name], two[name])] == []

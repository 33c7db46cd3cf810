from itertools import pairwise

import numpy as np
import pytest

from models.growth.cohort import MOST_VISITS, SHAPE, GrowthPatient, drawn, simulated, smooth_field
from models.growth.maps import dice, radius_mm, volume_ml

PATIENTS = range(6001, 6013)


@pytest.fixture(scope="module")
def patients() -> list[GrowthPatient]:
    return [simulated(number) for number in PATIENTS]


def test_a_number_and_a_seed_say_all_of_a_patient(patients: list[GrowthPatient]) -> None:
    again, other = simulated(PATIENTS[3]), simulated(PATIENTS[3], seed=1)
    outlines, same = ([visit.inside for visit in each.visits] for each in (patients[3], again))
    assert np.array_equal(outlines, same)
    assert other.rates != patients[3].rates


def test_visits_come_in_order_at_irregular_gaps_and_the_first_is_before_treatment(
    patients: list[GrowthPatient],
) -> None:
    for patient in patients:
        gaps = [after.day - before.day for before, after in pairwise(patient.visits)]
        assert 2 <= len(patient.visits) <= MOST_VISITS
        assert all(21 <= gap <= 150 for gap in gaps)
        first, *later = patient.visits
        assert (first.drug, first.radiation, first.line, first.line_days) == (False, False, 0, 0)
        assert volume_ml(first.inside) > 0.3 and all(visit.line in (1, 2) for visit in later)
    assert len({after.day - before.day for each in patients for before, after in pairwise(each.visits)}) > 10


def test_lesions_grow_and_shrink_and_a_second_line_follows_growth(patients: list[GrowthPatient]) -> None:
    changes = [
        volume_ml(after.inside) / max(volume_ml(before.inside), 0.1)
        for patient in patients
        for before, after in pairwise(patient.visits)
    ]
    assert min(changes) < 0.7 and max(changes) > 1.4
    for patient in patients:
        second = next((n for n, visit in enumerate(patient.visits) if visit.line == 2), None)
        if second:
            volumes = [volume_ml(visit.inside) for visit in patient.visits[:second]]
            assert max(volumes) > min(volumes) + 1.0


def test_two_readers_draw_nearly_the_same_line() -> None:
    random = np.random.default_rng(5)
    places = (np.indices(SHAPE) - 19.5) * 2.0
    cells = 1 / (1 + np.exp((np.sqrt(np.square(places).sum(0)) - 15.0) / 2.0))
    one, two = drawn(cells, 0.5, random), drawn(cells, 0.5, random)
    assert 0.9 < dice(one, two) < 1.0
    assert radius_mm(volume_ml(one)) == pytest.approx(15.0, abs=0.5)


def test_a_field_changes_over_the_length_it_was_made_for() -> None:
    random = np.random.default_rng(6)
    fine, coarse = (np.mean([_alike(smooth_field(random, mm)) for _ in range(4)]) for mm in (4.0, 16.0))
    assert coarse > 0.9 > 0.6 > fine


def _alike(field: np.ndarray) -> float:
    """Correlation of voxels 4 mm apart."""
    return float(np.corrcoef(field[:-2].ravel(), field[2:].ravel())[0, 1])

"""Second lines whose drug works as the first one did, in the same patient or in another."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from models.simulation.lines import FollowedPatient, lines_of
from models.simulation.patients import GrowthRates, SimulatedLesion, simulate, size_mm
from models.simulation.second_lines import FirstLine, first_lines, second_lines, with_effect
from models.tables.records import TreatmentRecord

PATIENTS = 150


@pytest.fixture(scope="module")
def began() -> tuple[FirstLine, ...]:
    return first_lines(simulate(PATIENTS))


def change(patient: FollowedPatient, from_day: int) -> float:
    """Log of all sizes by those of the first visit from a day on, at most three visits later."""
    sums = [sum(found.size_mm or 0.0 for found in each.findings) for each in patient.visits if each.day >= from_day]
    return float(np.log((sums[:4][-1] + 1) / (sums[0] + 1)))


def test_each_patient_has_two_lines_and_the_progression_is_the_baseline_of_the_second(
    began: tuple[FirstLine, ...],
) -> None:
    assert len(began) > PATIENTS / 4
    for line, patient in zip(began, second_lines(began, 0.0), strict=True):
        first, second = lines_of(patient.visits, patient.treatments)
        assert second.baseline is not None
        assert first.verdicts[-1].category == "PD"
        assert first.verdicts[-1].scan_uid == second.baseline.scan_uid == str(line.progression_day)
        assert "PD" not in [each.category for each in first.verdicts[:-1]]


def test_first_lines_are_the_same_however_the_second_drug_works(began: tuple[FirstLine, ...]) -> None:
    alike, dealt = second_lines(began, 1.0), second_lines(began, 0.0)
    for line, *both in zip(began, alike, dealt, strict=True):
        first, other = ([visit for visit in each.visits if visit.day <= line.progression_day] for each in both)
        assert first == other
    assert alike != dealt
    assert dealt == second_lines(began, 0.0)


def test_the_second_response_follows_the_first_only_where_it_is_to(began: tuple[FirstLine, ...]) -> None:
    found = {}
    for same_effect in (0.0, 1.0):
        patients = second_lines(began, same_effect)
        pairs = [
            (change(each, -99), change(each, line.progression_day)) for line, each in zip(began, patients, strict=True)
        ]
        found[same_effect] = spearmanr(pairs).statistic
    assert abs(found[0.0]) < 0.3
    assert found[1.0] > 0.45


def test_what_the_second_drug_does_not_touch_grows_through_a_response() -> None:
    own = GrowthRates(0.005, (0.0, 0.0), 0.0, 0.5)
    rates = with_effect(own, GrowthRates(0.01, (0.06, 0.0), 0.0, 0.1))
    assert rates.second_kill == pytest.approx(0.03)
    given = [TreatmentRecord("A", "drug", 0, 0), TreatmentRecord("B", "drug", 0, None)]
    sizes = [size_mm(SimulatedLesion("lung", False, 40.0), rates, day, given) for day in (0, 60, 400)]
    assert sizes[0] == pytest.approx(40.0)
    assert sizes[1] < 0.8 * sizes[0]
    assert sizes[2] > 1.2 * sizes[1]

import math

import pytest

from models.progression import progresses
from models.simulation.patients import CAPACITY_MM, GrowthRates, SimulatedLesion, SimulatedPatient, simulate, size_mm
from models.tables.records import TreatmentRecord

DOUBLING_DAYS = 100.0
GROWTH = math.log(2) / DOUBLING_DAYS
NODULE = SimulatedLesion("lung", False, 20.0)
SENSITIVE = GrowthRates(GROWTH, (GROWTH + 0.03, 0.0), 0.0, 0.0)
RESISTANT = GrowthRates(GROWTH, (GROWTH + 0.03, 0.0), GROWTH + 0.03, 0.1)


def volume_ratio(course: GrowthRates, day: float, *treatments: TreatmentRecord) -> float:
    """Volume beside that of the day treatment starts."""
    return (size_mm(NODULE, course, day, treatments) / NODULE.first_mm) ** 3


def drug(start: float, end: float | None = None) -> TreatmentRecord:
    return TreatmentRecord("drug", "drug", start, end)


def sums(patient: SimulatedPatient) -> list[float]:
    return [sum(visit.sizes_mm) for visit in patient.visits]


@pytest.fixture(scope="module")
def cohort() -> list[SimulatedPatient]:
    return simulate(40)


def test_without_treatment_the_volume_doubles_in_its_doubling_time_while_there_is_room() -> None:
    assert volume_ratio(SENSITIVE, DOUBLING_DAYS) == pytest.approx(2.0, rel=0.01)
    assert volume_ratio(SENSITIVE, -DOUBLING_DAYS) == pytest.approx(0.5, rel=0.01)


def test_growth_ends_at_the_carrying_capacity() -> None:
    assert size_mm(NODULE, SENSITIVE, 40 * DOUBLING_DAYS, []) == pytest.approx(CAPACITY_MM, rel=1e-3)


def test_a_sensitive_lesion_shrinks_under_treatment_and_grows_again_when_it_ends() -> None:
    assert volume_ratio(SENSITIVE, 60, drug(0)) == pytest.approx(math.exp(-0.03 * 60), rel=0.01)
    assert volume_ratio(SENSITIVE, 160, drug(0, 60)) == pytest.approx(2 * math.exp(-0.03 * 60), rel=0.01)


def test_a_resistant_clone_brings_the_lesion_back_under_the_same_treatment() -> None:
    ratios = [volume_ratio(RESISTANT, day, drug(0)) for day in (0, 60, 400)]
    assert ratios[1] < 0.5 < 1.0 < ratios[2]


def test_a_second_treatment_acts_on_what_resisted_the_first() -> None:
    assert volume_ratio(RESISTANT, 400, drug(0), drug(200)) < volume_ratio(RESISTANT, 200, drug(0))


def test_the_same_seed_gives_the_same_patients_and_a_larger_cohort_begins_with_them(
    cohort: list[SimulatedPatient],
) -> None:
    assert simulate(12) == cohort[:12]
    assert simulate(12, seed=1) != cohort[:12]


def test_the_cohort_shows_response_progression_and_regrowth_after_response(cohort: list[SimulatedPatient]) -> None:
    followed = [sums(one) for one in cohort]
    responded = [line for line in followed if min(line) <= 0.7 * line[0]]
    progressed = [line for line in followed if any(progresses(line[n], min(line[:n])) for n in range(1, len(line)))]
    regrown = [line for line in responded if line in progressed]
    assert len(responded) >= 10
    assert len(progressed) >= 10
    assert len(regrown) >= 3


def test_most_patients_have_lung_cancer_and_every_disease_is_there(cohort: list[SimulatedPatient]) -> None:
    diseases = [one.disease for one in cohort]
    assert set(diseases) == {"lung", "bladder", "breast", "brain"}
    assert diseases.count("lung") > len(cohort) / 2


def test_visits_are_in_order_some_are_missed_some_late_and_the_last_is_recent(cohort: list[SimulatedPatient]) -> None:
    gaps = []
    for one in cohort:
        days = [visit.day for visit in one.visits]
        assert days == sorted(set(days))
        assert -40 <= days[-1] < 0
        gaps += [after - before for before, after in zip(days, days[1:], strict=False) if one.disease == "lung"]
    assert max(gaps) > 70, "a visit was missed"
    assert any(50 < gap < 70 for gap in gaps), "a visit came late"


def test_a_few_scans_are_sent_out_of_order(cohort: list[SimulatedPatient]) -> None:
    late = [visit for one in cohort for visit in one.visits if visit.late]
    assert 3 <= len(late) <= sum(len(one.visits) for one in cohort) / 10


def test_a_lesion_is_gone_or_large_enough_to_be_written_down(cohort: list[SimulatedPatient]) -> None:
    sizes = [size for one in cohort for visit in one.visits for size in visit.sizes_mm]
    assert 0.0 in sizes
    assert all(size == 0.0 or size >= 5.0 for size in sizes)
    assert all(1 <= len(one.lesions) <= 4 for one in cohort)


def test_treatment_follows_the_baseline_and_no_end_is_known_before_it_came(cohort: list[SimulatedPatient]) -> None:
    for one in cohort:
        first, *later = one.treatments
        assert one.visits[0].day < first.start_day
        assert all(drug.start_day > first.start_day for drug in later)
        assert all(drug.end_day is None or drug.end_day <= one.visits[-1].day for drug in one.treatments)


def test_only_breast_visits_measure_volume_shape_and_background(cohort: list[SimulatedPatient]) -> None:
    for one in cohort:
        for visit in one.visits:
            assert bool(visit.more) == (one.disease == "breast")

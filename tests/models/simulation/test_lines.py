"""Patients followed through lines of therapy: what is found at each visit is what a radiologist could have seen."""

import datetime as dt

import pytest

from models.criteria.course import lines_of_therapy
from models.criteria.finding import LesionFinding, LesionRole, LesionState
from models.criteria.visit import Assessment, LineOfTherapy, TreatmentStart, Verdict
from models.simulation.lines import FollowedPatient, follow
from models.simulation.patients import simulate

PATIENTS = 40
DAY_0 = dt.datetime(2026, 11, 23)


@pytest.fixture(scope="module")
def cohort() -> list[FollowedPatient]:
    return [follow(one) for one in simulate(PATIENTS)]


def lines(patient: FollowedPatient) -> tuple[LineOfTherapy, ...]:
    at = [DAY_0 + dt.timedelta(days=visit.day) for visit in patient.visits]
    visits = [
        Assessment(str(visit.day), when, when.date(), visit.findings)
        for visit, when in zip(patient.visits, at, strict=True)
    ]
    starts = [DAY_0 + dt.timedelta(days=each.start_day) for each in patient.treatments]
    given = zip(patient.treatments, starts, strict=True)
    return lines_of_therapy(visits, [TreatmentStart(start.date(), each.kind) for each, start in given])


def progressions(cohort: list[FollowedPatient]) -> list[Verdict]:
    """The first progression of every line."""
    verdicts = [[each for each in line.verdicts if each.category == "PD"] for one in cohort for line in lines(one)]
    return [each[0] for each in verdicts if each]


def courses(cohort: list[FollowedPatient]) -> list[list[LesionFinding]]:
    """What is found of each lesion that is ever named, visit after visit."""
    found = []
    for one in cohort:
        every = [each for visit in one.visits for each in visit.findings]
        found += [[each for each in every if each.lesion_uid == name] for name in {each.lesion_uid for each in every}]
    return found


def test_the_same_seed_gives_the_same_patients() -> None:
    assert [follow(one) for one in simulate(12)] == [follow(one) for one in simulate(12)]
    assert follow(simulate(1)[0], seed=1).visits != follow(simulate(1)[0]).visits


def test_twelve_patients_show_progression_by_targets_by_non_targets_and_by_a_new_lesion_alone(
    cohort: list[FollowedPatient],
) -> None:
    reasons = {
        ("PD" if each.target_category == "PD" else "", each.non_target_category == "PD", each.new_lesions > 0)
        for each in progressions(cohort[:12])
    }
    assert {("PD", False, False), ("", True, False), ("", False, True)} <= reasons


def test_a_second_drug_follows_each_progression_within_weeks_and_the_second_ends_the_follow_up(
    cohort: list[FollowedPatient],
) -> None:
    for one in (each for each in cohort if each.disease in ("lung", "bladder")):
        first, *later = lines(one)
        assert len(later) == len(one.treatments) - 1 <= 1
        progressed = [each for each in first.verdicts if each.category == "PD"]
        assert progressed == list(first.verdicts[-1:]) if later else len(progressed) <= 1
        for line in later:
            assert line.baseline is not None
            assert int(line.baseline.scan_uid) == one.treatments[1].start_day - 14
            assert "PD" not in [each.category for each in line.verdicts[:-1]]


def test_some_respond_to_the_second_drug_and_some_do_not(cohort: list[FollowedPatient]) -> None:
    best = [lines(one)[1].verdicts[-1].best_overall for one in cohort if len(lines(one)) > 1]
    assert len(best) >= 8
    assert 2 <= best.count("PR") <= len(best) / 2


def test_a_new_lesion_is_small_at_first_and_grows_where_the_second_drug_fails(cohort: list[FollowedPatient]) -> None:
    new = [
        [found.size_mm or 0.0 for found in course]
        for one in cohort
        for course in courses([one])
        if course[0].lesion_uid not in {found.lesion_uid for found in one.visits[0].findings}
    ]
    assert len(new) >= 5
    assert all(6 <= sizes[0] <= 14 for sizes in new)
    grown = [sizes for sizes in new if len(sizes) > 2 and sizes == sorted(sizes)]
    assert grown
    assert all(after <= 1.6 * before for sizes in grown for before, after in zip(sizes, sizes[1:], strict=False))


def test_lesions_vanish_and_return_as_small_ones(cohort: list[FollowedPatient]) -> None:
    returned = []
    for course in courses(cohort[:12]):
        states = [found.state for found in course]
        if LesionState.GONE in states and states[-1] is not LesionState.GONE:
            returned.append(course)
    assert returned
    for course in returned:
        states = [found.state for found in course]
        first_again = max(n for n, state in enumerate(states) if state is LesionState.GONE) + 1
        assert states[first_again] is LesionState.TOO_SMALL
        assert states[-1] is LesionState.MEASURED


def test_non_targets_are_measured_or_only_there_and_seldom_beyond_doubt_worse(cohort: list[FollowedPatient]) -> None:
    non_targets = [each for each in courses(cohort[:12]) if each[0].role is LesionRole.NON_TARGET]
    assert {course[0].state for course in non_targets} == {LesionState.MEASURED, LesionState.PRESENT}
    assert 1 <= sum(any(found.progressed for found in course) for course in non_targets) < len(non_targets) / 2


def test_targets_measure_ten_millimetres_and_nodes_fifteen_and_keep_to_the_limits(
    cohort: list[FollowedPatient],
) -> None:
    for one in (each for each in cohort if each.disease in ("lung", "bladder")):
        targets = [each for each in one.visits[0].findings if each.role is LesionRole.TARGET]
        assert 1 <= len(targets) <= 5
        assert all((each.size_mm or 0) >= (15 if each.node else 10) for each in targets)
        organs = [each.organ for each in targets]
        assert all(organs.count(organ) <= 2 for organ in organs)


def test_one_target_is_not_mentioned_once_and_only_that_visit_cannot_be_judged(cohort: list[FollowedPatient]) -> None:
    not_evaluable = [
        [verdict.category for line in lines(one) for verdict in line.verdicts].count("NE") for one in cohort[:12]
    ]
    assert sum(not_evaluable) >= 1
    assert max(not_evaluable) == 1


def test_a_node_that_healed_is_still_measured_and_a_lesion_is_gone_small_or_measurable(
    cohort: list[FollowedPatient],
) -> None:
    found = [each for course in courses(cohort) for each in course]
    assert all((each.size_mm or 0) >= 5 for each in found if each.node)
    assert {each.state for each in found} == set(LesionState) - {LesionState.NOT_EVALUATED}
    assert all((each.size_mm or 0) >= 5 for each in found if each.state is LesionState.MEASURED)


def test_days_stay_in_order_and_the_last_visit_is_as_recent_as_simulated(cohort: list[FollowedPatient]) -> None:
    for one, simulated in zip(cohort, simulate(PATIENTS), strict=True):
        days = [visit.day for visit in one.visits]
        assert days == sorted(set(days))
        assert days[-1] == simulated.visits[-1].day
        assert days[0] < one.treatments[0].start_day
        assert all(each.end_day is None or each.end_day <= days[-1] for each in one.treatments)


def test_brain_and_breast_are_read_as_simulated(cohort: list[FollowedPatient]) -> None:
    for one, simulated in zip(cohort, simulate(PATIENTS), strict=True):
        if one.disease in ("brain", "breast"):
            sizes = [tuple(found.size_mm for found in visit.findings) for visit in one.visits]
            assert sizes == [visit.sizes_mm for visit in simulated.visits]
            assert one.treatments == simulated.treatments


def test_the_patients_that_the_readme_names_show_what_it_says(cohort: list[FollowedPatient]) -> None:
    shown = {one.number: [each for line in lines(one) for each in line.verdicts] for one in cohort[:12]}
    first = {number: next((each for each in said if each.category == "PD"), None) for number, said in shown.items()}
    why = {
        number: (each.target_category, each.non_target_category, each.new_lesions)
        for number, each in first.items()
        if each
    }
    assert why[9] == ("SD", None, 1)
    assert why[7] == ("SD", "PD", 0)
    assert why[5] == ("PD", None, 0)
    assert "NE" in [each.category for each in shown[3]]
    assert shown[1][-1].category == "CR"
    states = [found.state for course in courses([cohort[3]]) for found in course if found.organ == "adrenal gland"]
    assert states[0] is states[-1] is LesionState.MEASURED
    assert LesionState.GONE in states

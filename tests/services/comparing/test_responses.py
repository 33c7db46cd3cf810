"""Best responses forecast by two sets of weights: how they shift, and what followed."""

import numpy as np
import pytest

from stream.services.comparing.responses import ResponseComparison
from tests.services.accepted_facts import breast, day, lung
from tests.services.both_weights import OLD, PATIENTS, SIZES_MM, Both

SHRUNK, GROWN, STABLE = PATIENTS[:12], PATIENTS[12:24], PATIENTS[24:]
STILL_OPEN = STABLE[-1]
"""The one who has a forecast where all others have progressed: a comparison is of those that stand."""


def response(both: Both) -> ResponseComparison:
    [found] = both.compared().responses
    return found


def say(both: Both, version: str, patients: list[str], *probabilities: float) -> None:
    """Every forecast of `version` for these patients: CR, PR, SD, PD."""
    query = """UPDATE core.response_probabilities SET cr = %s, pr = %s, sd = %s, pd = %s
    WHERE weights_version = %s AND patient_id = ANY(%s)"""
    both.do(query, *probabilities, version, patients)


def respond(both: Both) -> None:
    """At the second visit twelve patients have halved, twelve have grown by half, six are as they were."""
    factors = {**dict.fromkeys(SHRUNK, 0.5), **dict.fromkeys(GROWN, 1.5), **dict.fromkeys(STABLE, 1.0)}
    both.arrive(*(lung(patient, "b", 60, factors[patient] * size) for patient, size in SIZES_MM.items()))


def test_the_shift_is_that_of_each_patients_latest_forecast(both: Both) -> None:
    query = """SELECT patient_id, probability FROM scanstream.response_probability WHERE weights_version = %s
    AND category = %s AND acquired_at = %s"""
    found = response(both)
    assert found.criterion == "RECIST 1.1"
    assert found.shifts.to_json() == {"patients": 30, "only_new": 0, "only_old": 0}
    shifts = {}
    for category in ("CR", "PR", "SD", "PD"):
        old, new = (
            dict(both.connection.execute(query, [version, category, day(60)]).fetchall()) for version in (OLD, both.new)
        )
        shifts[category] = np.array([new[patient] - old[patient] for patient in PATIENTS])
        expected = np.quantile(shifts[category], [0.05, 0.25, 0.5, 0.75, 0.95])
        assert list(found.quantiles[category].values()) == pytest.approx(list(expected))
    moved = np.abs(list(shifts.values())).sum(0)
    assert [who for who, _, _ in found.shifts.largest] == [PATIENTS[at] for at in np.argsort(-moved)[:10]]


def test_patients_whom_only_one_of_them_covers_are_counted_apart(both: Both) -> None:
    gone = "UPDATE core.response_probabilities SET superseded_by = 0 WHERE patient_id = %s AND weights_version = %s"
    both.do(gone, "P03", both.new)
    both.do(gone, "P04", OLD)
    both.do(gone, "P05", OLD)
    assert response(both).shifts.to_json() == {"patients": 27, "only_new": 2, "only_old": 1}


def test_whoever_moved_most_comes_first_with_all_categories(both: Both) -> None:
    say(both, OLD, PATIENTS, 0.1, 0.2, 0.3, 0.4)
    say(both, both.new, PATIENTS, 0.1, 0.2, 0.3, 0.4)
    say(both, both.new, ["P09"], 0.1, 0.2, 0.4, 0.3)
    say(both, both.new, ["P21"], 0.5, 0.2, 0.3, 0.0)
    found = response(both)
    assert [who for who, _, _ in found.shifts.largest][:3] == ["P21", "P09", "P00"]
    assert found.to_json()["largest"][0] == {
        "patient_id": "P21",
        "old": {"CR": 0.1, "PR": 0.2, "SD": 0.3, "PD": 0.4},
        "new": {"CR": 0.5, "PR": 0.2, "SD": 0.3, "PD": 0.0},
    }
    line = "  P21  CR 0.100 → 0.500  PR 0.200 → 0.200  SD 0.300 → 0.300  PD 0.400 → 0.000"
    assert line in str(found).splitlines()


def test_what_followed_is_the_best_response_by_the_sums_up_to_the_next_visit(both: Both) -> None:
    """The new weights know who shrinks, the old ones say the same of everybody."""
    respond(both)
    say(both, OLD, PATIENTS, 0.0, 0.4, 0.4, 0.2)
    say(both, both.new, PATIENTS, 0.0, 0.1, 0.8, 0.1)
    say(both, both.new, SHRUNK, 0.0, 0.9, 0.1, 0.0)
    judged = response(both).judged
    counts = {name: (one.patients, one.with_event, one.visits) for name, one in judged.items()}
    assert counts == {"CR": (30, 0, 30), "PR": (30, 12, 30), "SD": (30, 6, 30), "PD": (30, 12, 30)}
    assert judged["CR"].measures == judged["SD"].measures == ()  # fewer than ten
    auc, ratio = judged["PR"].measures
    assert (auc.new.value, auc.old.value, auc.difference.value) == (1.0, 0.5, 0.5)
    assert [ratio.new.value, ratio.old.value] == pytest.approx([12 / (12 * 0.9 + 18 * 0.1), 12 / (30 * 0.4)])
    assert "  PR followed in 12 of 30 patients, 30 visits\n  AUC" in str(response(both))


def test_a_third_visit_judges_the_second_and_nobody_is_judged_after_progression(both: Both) -> None:
    """All but one double: those who halved keep their response and are stable no more, those stable stay so."""
    respond(both)
    both.arrive(*(lung(patient, "c", 120, 2 * SIZES_MM[patient]) for patient in PATIENTS if patient != STILL_OPEN))
    judged = response(both).judged
    counts = {name: (one.with_event, one.visits) for name, one in judged.items()}
    assert counts == {"CR": (0, 47), "PR": (12, 47), "SD": (6, 35), "PD": (12, 30)}


def test_a_scan_of_another_disease_is_no_next_visit(both: Both) -> None:
    both.arrive(*(breast(patient, "o", 30, 9, 300) for patient in PATIENTS if patient != STILL_OPEN))
    assert response(both).judged["PD"].with_event == 0
    assert response(both).judged["SD"].visits == 30

"""Sizes forecast by two sets of weights: how they shift, and which scan they are judged by."""

import numpy as np
import pytest

from models.measurement import Measurement
from stream.measured_scan import MeasuredScan
from stream.services.comparing.sizes import SizeComparison
from stream.services.facts.clinical import ImportedVisit
from tests.services.accepted_facts import breast, day, lung
from tests.services.both_weights import OLD, PATIENTS, SIZES_MM, Both

SECOND_MM = np.array([1.1 * size for size in SIZES_MM.values()])


def on_day(both: Both, horizon_days: int) -> SizeComparison:
    return next(one for one in both.compared().sizes if one.question == ("sum_of_diameters", horizon_days))


def say(both: Both, version: str, value: str) -> None:
    """Every forecast of `version`, for every day, is `value` in SQL, its intervals 1, 2 and 4 mm to both sides."""
    low, high = (f"ARRAY[v {sign} 1, v {sign} 2, v {sign} 4]" for sign in "-+")
    query = f"""UPDATE core.size_forecasts f SET value = ARRAY[v, v, v],
      value_low = ARRAY[{low}, {low}, {low}], value_high = ARRAY[{high}, {high}, {high}]
      FROM (SELECT row_sha256, ({value})::float8 AS v FROM core.size_forecasts) n
      WHERE n.row_sha256 = f.row_sha256 AND weights_version = %s"""
    both.do(query, version)


def measured_mm(both: Both, horizon_days: int) -> float | None:
    """The mean of the sizes that forecasts are judged by: the error of those that always say 10 mm, and 10."""
    say(both, both.new, "10")
    measures = on_day(both, horizon_days).judged.measures
    return 10 + measures[0].new.value if measures else None


def test_the_shift_is_that_of_each_patients_latest_forecast(both: Both) -> None:
    query = """SELECT patient_id, value FROM scanstream.size_forecast WHERE weights_version = %s AND horizon_days = 63
    AND level = 0.8 AND acquired_at = %s"""
    old, new = (dict(both.connection.execute(query, [version, day(60)]).fetchall()) for version in (OLD, both.new))
    shifts = {patient: new[patient] - old[patient] for patient in PATIENTS}
    found = on_day(both, 63)
    assert found.shifts.to_json() == {"patients": 30, "only_new": 0, "only_old": 0}
    furthest = sorted(PATIENTS, key=lambda patient: -abs(shifts[patient]))[:10]
    assert found.shifts.largest == tuple((who, old[who], new[who]) for who in furthest)
    expected = np.quantile(list(shifts.values()), [0.05, 0.25, 0.5, 0.75, 0.95])
    assert list(found.quantiles.values()) == pytest.approx(list(expected))
    assert found.to_json()["unit"] == "mm"


def test_patients_and_days_that_only_one_of_them_covers_are_counted_apart(both: Both) -> None:
    gone = "UPDATE core.size_forecasts SET superseded_by = 0 WHERE patient_id = %s AND weights_version = %s"
    both.do(gone, "P03", both.new)
    both.do(gone, "P04", OLD)
    both.do(gone, "P05", OLD)
    assert on_day(both, 42).shifts.to_json() == {"patients": 27, "only_new": 2, "only_old": 1}
    assert on_day(both, 63).judged.patients == 27
    both.do("UPDATE core.size_forecasts SET horizon_days = '{42, 63, 100}' WHERE weights_version = %s", both.new)
    assert on_day(both, 84).shifts.to_json() == {"patients": 0, "only_new": 0, "only_old": 28}
    assert on_day(both, 100).shifts.to_json() == {"patients": 0, "only_new": 29, "only_old": 0}
    assert (on_day(both, 84).quantiles, on_day(both, 84).judged.patients) == ({}, 0)


def test_errors_are_those_a_hand_computes(both: Both) -> None:
    """Of the size measured on day 60 the new weights say 1 mm too much, the old ones 3 mm too little."""
    truth = f"""SELECT t.value FROM scanstream.trajectory t WHERE t.patient_id = size_forecasts.patient_id
    AND t.measurement = 'sum_of_diameters' AND t.acquired_at = '{day(60)}'"""
    say(both, both.new, f"({truth}) + 1")
    say(both, OLD, f"({truth}) - 3")
    judged = on_day(both, 63).judged
    assert (judged.patients, judged.visits) == (30, 30)
    error, loss, holds = judged.measures
    assert [one.measure for one in judged.measures] == ["mean absolute error", "pinball loss", "80 % interval holds"]
    assert np.array([error.new, error.old, error.difference]) == pytest.approx(np.repeat([[1.0], [3.0], [-2.0]], 3, 1))
    # new: (0.025·3 + 0.1·1 + 0.25·0 + 0.5·1 + 0.25·2 + 0.1·3 + 0.025·5) / 7, old: 5.6 / 7
    assert [loss.new.value, loss.old.value] == pytest.approx([1.6 / 7, 5.6 / 7])
    assert [holds.new.value, holds.old.value, holds.difference.value] == [1.0, 0.0, 1.0]
    assert "mean absolute error  new 1.000 [1.000, 1.000]  old 3.000 [3.000, 3.000]" in str(on_day(both, 63))


def test_a_size_is_the_answer_for_the_day_it_is_nearest_to_and_for_no_other(both: Both) -> None:
    assert measured_mm(both, 63) == pytest.approx(SECOND_MM.mean())
    assert (measured_mm(both, 42), measured_mm(both, 84)) == (None, None)
    both.arrive(*(lung(patient, "c", 61, 50) for patient in PATIENTS[:10]))
    assert measured_mm(both, 63) == pytest.approx(np.concatenate([np.full(10, 50), SECOND_MM[10:]]).mean())


def test_a_visit_further_than_ten_days_from_the_day_is_no_answer(both: Both) -> None:
    both.arrive(lung("P00", "c", 74, 30), lung("P01", "c", 73.9, 30), lung("P02", "c", 94, 30))
    judged = on_day(both, 84).judged
    assert (judged.patients, judged.visits, judged.measures) == (2, 2, ())


def test_the_scan_that_a_forecast_stands_on_is_no_answer(both: Both) -> None:
    both.do("UPDATE core.size_forecasts SET horizon_days = '{5, 63, 84}'")
    assert on_day(both, 5).judged.visits == 0


def test_only_a_measured_size_of_the_same_disease_counts_in_the_revision_that_stands(both: Both) -> None:
    nothing = (ImportedVisit(f"{one}/n", one, day(63), "lung", MeasuredScan((), "lung", None)) for one in PATIENTS)
    impossible = MeasuredScan((Measurement("sum_of_diameters", 6000.0, "import"),), "lung", None)
    slips = (ImportedVisit(f"{one}/s", one, day(64), "lung", impossible) for one in PATIENTS)
    others = (breast(one, "o", 62, 9, 90) for one in PATIENTS)
    corrected = lung("P00", "b", 60, 82)
    both.arrive(*nothing, *slips, *others, corrected)
    assert measured_mm(both, 63) == pytest.approx(np.concatenate([[82], SECOND_MM[1:]]).mean())


def test_a_scan_taken_back_is_no_answer(both: Both) -> None:
    both.do("UPDATE core.placements SET ended_by = 0, ended_at = now() WHERE id = 'P00/b'")
    judged = on_day(both, 63).judged
    assert (judged.patients, judged.visits) == (29, 29)

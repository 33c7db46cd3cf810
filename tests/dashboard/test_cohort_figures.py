"""Figures of a cohort by their specification: what is drawn where, and that nothing is smoothed."""

import pandas as pd

from dashboard.cohort import figures, frames, words
from dashboard.cohort.swimmer import swimmer
from tests.dashboard.drawn import of_mark, values
from tests.dashboard.lines import BASELINE, lines

COHORT = {
    "PA": [(60, -40.0, "PR", 0), (120, -45.0, "PR", 0), (180, 5.0, "PD", 0)],
    "PB": [(60, -35.0, "PR", 0)],
    "PC": [(60, 4.0, "SD", 0), (120, float("nan"), "NE", 0), (180, 8.0, "SD", 0)],
    "PN": [(60, -10.0, "PD", 1)],
    "PO": [(60, 45.0, "PD", 0)],
}


def prepared() -> tuple[pd.DataFrame, pd.DataFrame]:
    outcomes, visits = lines(**COHORT)
    return frames.prepared(outcomes, visits), visits


def test_the_waterfall_goes_from_growth_to_shrinkage_between_the_limits_of_the_criterion() -> None:
    frame = frames.waterfall(prepared()[0])
    assert list(frame.patient_id) == ["PO", "PC", "PN", "PB", "PA"]
    chart = figures.waterfall(frame, words.LIMITS["RECIST 1.1"], "Best change")
    limits, zero = of_mark(chart, "rule")
    assert [row["change"] for row in values(chart, limits)] == [20, -30]
    assert [row["change"] for row in values(chart, zero)] == [0]
    (bars,) = of_mark(chart, "bar")
    assert bars["encoding"]["y"]["field"] == "change"
    assert bars["encoding"]["href"]["field"] == "url"
    assert values(chart, bars)[0]["url"] == "patient?patient=PO"


def test_a_response_that_nothing_confirmed_and_a_new_lesion_are_seen_without_colour() -> None:
    frame = frames.waterfall(prepared()[0]).set_index("patient_id")
    assert list(frame.index[~frame.sure]) == ["PB"]
    assert list(frame.index[frame.new]) == ["PN"]
    assert frame.words["PB"] == "PB: \N{MINUS SIGN}35 %, partial response, not confirmed"
    chart = figures.waterfall(frame.reset_index(), words.DIAMETERS, "Best change")
    assert of_mark(chart, "bar")[0]["encoding"]["fillOpacity"]["condition"]["test"] == "datum.sure"
    (stars,) = of_mark(chart, "text")
    assert stars["transform"] == [{"filter": "datum.new"}]


def test_a_spider_has_straight_lines_from_zero_that_are_open_where_nothing_was_evaluated() -> None:
    outcomes, visits = prepared()
    points = frames.told(frames.spider(outcomes, visits))
    assert set(points.change[points.day == 0]) == {0.0}
    assert points[(points.patient_id == "PC") & points.change.isna()].day.tolist() == [120]
    marked = points[points["mark"] != ""].set_index("patient_id")["mark"]
    assert marked.to_dict() == {"PA": "progression", "PN": "new lesion", "PO": "progression"}
    chart = figures.spider(points, words.DIAMETERS, "All", 6)
    (line,) = of_mark(chart, "line")
    assert "interpolate" not in line["mark"]
    assert line["encoding"]["detail"]["field"] == "patient_id"
    assert line["encoding"]["x"]["scale"]["domain"] == [0, 6]


def test_a_curve_goes_in_steps_with_its_band_and_the_numbers_at_risk_below() -> None:
    outcomes, _ = prepared()
    curves = frames.survival(outcomes, words.PROGRESSION_FREE)
    risk = frames.risk_table(outcomes, curves, words.PROGRESSION_FREE)
    assert risk.at_risk.tolist() == [5, 5, 2, 2, 2, 2]
    assert risk.month.tolist() == [0, 1, 2, 3, 4, 5]
    chart = figures.survival(curves, risk, "Progression-free", "the baseline scan")
    assert [each["mark"]["interpolate"] for kind in ("area", "line") for each in of_mark(chart, kind)] == [
        "step-after"
    ] * 2
    numbers, _ = of_mark(chart, "text")
    assert numbers["encoding"]["text"]["field"] == "at_risk"
    (ticks,) = of_mark(chart, "tick")
    assert ticks["transform"] == [{"filter": "datum.censored > 0"}]


def test_of_fewer_than_five_patients_there_is_no_curve() -> None:
    outcomes, _ = prepared()
    assert frames.survival(outcomes.iloc[:4], words.PROGRESSION_FREE).empty
    by_arm = frames.survival(outcomes.assign(group=outcomes.arm), words.PROGRESSION_FREE)
    assert by_arm.empty


def test_a_response_lasts_from_its_first_scan_to_the_progression() -> None:
    outcomes, _ = prepared()
    responding = frames.followed_for(outcomes, words.RESPONSE_LASTS)
    assert frames.times(responding, words.RESPONSE_LASTS) == ([120, 0], [True, False])


def test_a_lane_ends_with_the_last_scan_and_says_what_was_given_and_what_happened() -> None:
    lanes = frames.lanes(prepared()[0])
    assert list(lanes.patient_id) == ["PA", "PC", "PB", "PN", "PO"]
    marks = frames.lane_marks(lanes)
    of_first = marks[marks.place == 1]
    assert of_first["mark"].tolist() == ["first response", "progression", "last scan so far"]
    start, end = BASELINE + pd.Timedelta(days=-10), pd.NaT
    treatments = pd.DataFrame({"patient_id": ["PA"], "name": ["<b>Drug</b>"], "start_at": [start], "end_at": [end]})
    given = frames.given(lanes, treatments)
    assert given[["place", "start"]].to_numpy().tolist() == [[1, 0.0]]
    assert given.end.iloc[0] == lanes.end.iloc[0]
    chart = swimmer(lanes, marks, given, "Lanes", 7)
    lane, treated = of_mark(chart, "bar")
    assert lane["encoding"]["y"]["field"] == treated["encoding"]["y"]["field"] == "place"
    shapes = of_mark(chart, "point")[0]["encoding"]["shape"]["scale"]["domain"]
    assert shapes == ["first response", "progression", "death", "last scan so far"]

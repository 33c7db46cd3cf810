"""Figures of more patients than can be told apart: nobody is lost, nothing is smoothed, few are drawn as ever."""

import numpy as np
import pandas as pd
import pytest

from dashboard.cohort import frames, many, many_figures, response_sections, words
from tests.dashboard.drawn import of_mark, values
from tests.dashboard.lines import lines

LIMITS = words.LIMITS["RECIST 1.1"]
CATEGORIES = {"PR": -50.0, "SD": 0.0, "PD": 40.0}


def cohort(count: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lines and points of `count` patients, a third of each response; every seventh has one visit, all others three."""
    chance = np.random.default_rng(3)
    of_each = {
        f"P{number}": [
            (28 * (1 + number % 2) * visit, CATEGORIES[category] + chance.uniform(-10, 10), category, number % 5 == 0)
            for visit in range(1, 2 if number % 7 == 0 else 4)
        ]
        for number, category in zip(range(count), count * list(CATEGORIES), strict=False)
    }
    outcomes, visits = lines(**of_each)
    prepared = frames.prepared(outcomes, visits)
    return frames.waterfall(prepared), frames.spider(prepared, visits)


def test_every_patient_is_counted_once_in_the_bin_of_the_best_change_and_a_limit_belongs_to_the_response() -> None:
    bars = pd.DataFrame(
        {
            "change": [-100.0, -95.0, -30.0, -29.9, 0.0, 20.0, 20.1, 199.9, 200.0, 900.0],
            "response": ["Complete response", "Partial response", "Partial response", *7 * ["Stable disease"]],
            "sure": True,
            "new": 9 * [False] + [True],
        }
    )
    rows = many.counted_changes(bars)
    assert rows.patients.sum() == len(bars)
    assert rows.low.tolist() == [-100, -100, -35, -30, -5, 15, 20, 195, 200]
    assert rows.words.iloc[-1] == "more than +200 %: 1 patient, stable disease, 1 with a new lesion"


def test_counts_by_change_are_the_waterfall_s_with_what_is_not_confirmed_pale() -> None:
    bars, _ = cohort(301)
    rows = many.counted_changes(bars)
    assert rows.groupby("response").patients.sum().to_dict() == bars.response.value_counts().to_dict()
    assert rows[~rows.sure].patients.sum() == (~bars.sure).sum() > 0
    assert rows.new.sum() == bars.new.sum() > 0
    chart = many_figures.distribution(rows, LIMITS, "Best change")
    (drawn,) = of_mark(chart, "bar")
    assert drawn["encoding"]["y"]["stack"] == "zero"
    assert drawn["encoding"]["fillOpacity"]["condition"]["test"] == "datum.sure"
    assert sum(row["patients"] for row in values(chart, drawn)) == len(bars)
    limits, zero = of_mark(chart, "rule")
    assert [row["change"] for row in values(chart, limits)] == [20, -30]
    assert "y" not in limits["encoding"]


def test_a_box_holds_the_quartiles_of_the_last_visit_of_each_patient_in_its_months() -> None:
    _, points = cohort(301)
    windows, few = many.course(points, 1)
    box = windows[windows.start == 1].iloc[0]
    within = points[(points.month > 1) & (points.month <= 2)].sort_values("month").groupby("patient_id").change.last()
    assert box.patients == len(within)
    assert [box.quarter, box.middle, box.three_quarters] == pytest.approx(list(within.quantile([0.25, 0.5, 0.75])))
    chart = many_figures.boxes(windows, few, LIMITS, "All", many.last_month(5.6, 1))
    (drawn,) = of_mark(chart, "rect")
    assert drawn["encoding"]["y2"]["field"] == "three_quarters"
    assert drawn["encoding"]["x"]["scale"]["domain"] == [0, 6]
    assert not of_mark(chart, "line"), "boxes are not joined: nothing is known between scans"
    (counts,) = of_mark(chart, "text")
    assert [row["patients"] for row in values(chart, counts)] == windows.patients.tolist()


def test_one_patient_who_was_followed_for_ten_years_puts_nobody_else_into_one_box() -> None:
    _, points = cohort(301)
    longest = points.iloc[:1].assign(month=120.0, change=3.0, patient_id="PX")
    months = many.months_of_box(pd.concat([points, longest]))
    windows, few = many.course(pd.concat([points, longest]), months)
    assert len(windows) == len(many.course(points, months)[0]) > 3
    assert few.month.max() == 120


def test_of_too_few_for_a_box_each_is_a_point_that_opens_the_patient() -> None:
    _, points = cohort(301)
    late = points.iloc[:2].assign(month=[9.5, 9.6], change=[1.0, 2.0], patient_id=["PX", "PY"])
    rows = pd.concat([points, late.assign(url="patient?patient=PX")])
    windows, few = many.course(rows, 1)
    assert 9 not in set(windows.start)
    assert few.change.tolist() == [1.0, 2.0]
    chart = many_figures.boxes(windows, few, LIMITS, "All", 10)
    (alone,) = of_mark(chart, "point")
    assert {row["url"] for row in values(chart, alone)} == {"patient?patient=PX"}


@pytest.mark.parametrize(("patients", "kind"), [(many.MOST_MARKS, "line"), (many.MOST_MARKS + 1, "rect")])
def test_up_to_three_hundred_patients_each_has_a_line_of_its_own(patients: int, kind: str) -> None:
    _, points = cohort(patients)
    drawn = response_sections._drawn(points, LIMITS)
    assert {bool(of_mark(chart, kind)) for _, _, chart in drawn} == {True}


def test_what_a_browser_is_sent_does_not_grow_with_the_number_of_patients() -> None:
    sizes = []
    for patients in (400, 2000):
        bars, points = cohort(patients)
        charts = [chart for *_, chart in response_sections._drawn(points, LIMITS)]
        charts.append(many_figures.distribution(many.counted_changes(bars), LIMITS, "Best change"))
        sizes.append(sum(len(table) for chart in charts for table in chart.tables.values()))
    assert sizes[1] < 1.2 * sizes[0]

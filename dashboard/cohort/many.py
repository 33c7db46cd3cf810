"""Rows for figures of more patients than can be told apart: how many have which change, and quartiles by time.

A bar or a line for each of thousands is thinner than a pixel and hides what lies below it. Nothing is smoothed here:
bars count patients, boxes are of the visits of some months and are not joined.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from dashboard.cohort import words
from dashboard.cohort.frames import NEW_LESION, months_apart, told
from dashboard.cohort.survival import FEWEST

MOST_MARKS = 300
"""Patients up to whom each has a mark of its own in a figure."""
BIN = 5.0
"""Percent: limits of RECIST and RANO are multiples of it."""
LARGEST = 200.0
"""Percent: all that grew more stands in one last bar."""
USUAL = 0.95
"""Of patients: so many were followed no longer than what figures over time are made for."""
QUANTILES = {"tenth": 0.1, "quarter": 0.25, "middle": 0.5, "three_quarters": 0.75, "nine_tenths": 0.9}


class Bar(NamedTuple):
    """Patients whose best change lies above `low` and not above `high`, of one response."""

    low: float
    high: float
    response: str
    sure: bool
    patients: int
    new: int


class Window(NamedTuple):
    """Patients with a visit after `start` and not after `end` (months), and how their last change there is spread."""

    start: int
    end: int
    patients: int
    progressed: int
    tenth: float
    quarter: float
    middle: float
    three_quarters: float
    nine_tenths: float


def counted_changes(bars: pd.DataFrame) -> pd.DataFrame:
    """A row for each bin of BIN percent, response and whether it is sure: the fields of Bar, and words.

    `bars` by `frames.waterfall`. A bin holds its upper end, as a response holds its limit.
    """
    place = np.ceil(bars.change.round(6) / BIN).clip(lower=1 - 100 / BIN, upper=1 + LARGEST / BIN)
    keyed = pd.DataFrame({"low": (place - 1) * BIN, "response": bars.response, "sure": bars.sure, "new": bars.new})
    rows = keyed.groupby(["low", "response", "sure"], as_index=False).new.agg(patients="size", new="sum")
    rows = rows.assign(high=rows.low + BIN)
    said = [_bar_words(Bar(*row)) for row in rows[list(Bar._fields)].itertuples(index=False)]
    return rows.assign(words=said)


def _bar_words(bar: Bar) -> str:
    between = f"{words.change(bar.low)} to {words.change(bar.high)}"
    where = f"more than {words.change(LARGEST)}" if bar.low >= LARGEST else between
    new = f", {bar.new} with a {NEW_LESION}" if bar.new else ""
    return (
        f"{where}: {words.patients(bar.patients)}, {bar.response.lower()}{'' if bar.sure else ', not confirmed'}{new}"
    )


def months_of_box(points: pd.DataFrame) -> int:
    """How many months each box is of. `points` by `frames.spider`, of all figures beside each other.

    By how long nineteen in twenty were followed: one who was followed far longer would put all others into one box.
    """
    return months_apart(float(points.groupby("patient_id").month.max().quantile(USUAL)))


def course(points: pd.DataFrame, months: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row for each span of months with at least FEWEST patients: the fields of Window, and words; and who is in none.

    The latter as visits: month, change, url, words. `points` by `frames.spider`; `months` by `months_of_box`. Of a
    patient's visits in a span the last with a change counts.
    """
    last = _last_visits(points, months)
    enough = last.groupby("start").change.transform("size") >= FEWEST
    return _windows(last[enough], months), told(last[~enough])[["month", "change", "url", "words"]]


def _windows(last: pd.DataFrame, months: int) -> pd.DataFrame:
    rows = last.groupby("start").change
    spread = rows.quantile(list(QUANTILES.values())).unstack()
    table = spread.set_axis(list(QUANTILES), axis=1).assign(patients=rows.size()).reset_index()
    progressed = last[last.progressed].groupby("start").size()
    table = table.assign(end=table.start + months, progressed=table.start.map(progressed).fillna(0).astype(int))
    said = [_window_words(Window(*row)) for row in table[list(Window._fields)].itertuples(index=False)]
    return table.assign(words=said)


def last_month(reach: float, months: int) -> float:
    """Where the last span of so many `months` of figures to the month `reach` ends."""
    return float(months * np.ceil(reach / months))


def _last_visits(points: pd.DataFrame, months: int) -> pd.DataFrame:
    """The last visit with a change of each patient in each span, with its `start`, and whether it had `progressed`."""
    after = points[points.month > 0].sort_values("month", kind="stable")
    start = ((np.ceil(after.month / months) - 1) * months).astype(int)
    placed = after.assign(start=start, progressed=after["mark"] != "")
    had = placed.groupby(["patient_id", "start"]).progressed.transform("any")
    measured = placed.assign(progressed=had)[placed.change.notna()]
    return measured.drop_duplicates(["patient_id", "start"], keep="last")


def _window_words(window: Window) -> str:
    middle, *ends = (
        words.change(value)
        for value in (window.middle, window.quarter, window.three_quarters, window.tenth, window.nine_tenths)
    )
    marked = f", {window.progressed:,} with a first progression or new lesion" if window.progressed else ""
    return (
        f"Months {window.start} to {window.end}: {words.patients(window.patients)}{marked}. Median {middle}, half from "
        f"{ends[0]} to {ends[1]}, eight in ten from {ends[2]} to {ends[3]}"
    )

"""Rows of line_outcome and line_visit made ready to be drawn: months, words and an address for every mark."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from dashboard.cohort import words
from dashboard.cohort.rates import OBJECTIVE, plain
from dashboard.cohort.survival import FEWEST, at_risk, kaplan_meier
from dashboard.rows import rows_of
from dashboard.words.responses import titled

PATIENT_PAGE = "patient?patient="
"""Where a click leads, from the page of the cohort."""
PROGRESSION, NEW_LESION = "progression", "new lesion"
RESPONSE, DEATH, FOLLOWED = "first response", "death", "last scan so far"
OF_LINE = ("best_change", "response_day", "progression_day", "death_day", "adequate_day", "alive_day")
MOST_TICKS = 9
STEPS = (1, 2, 3, 6, 12, 24, 60)
"""Months between two counts of those at risk."""


class Line(NamedTuple):
    """What became of a patient's line; days count from its baseline, NaN where nothing of the kind happened."""

    patient_id: str
    response: str
    sure: bool
    best_change: float
    new_lesion_day: float
    response_day: float
    progression_day: float
    death_day: float
    until: float
    last_line: bool
    url: str


class Visit(NamedTuple):
    """A visit of a patient's line, and what its verdict is called."""

    patient_id: str
    on_day: dt.date
    day: int
    verdict: str
    change: float
    mark: str


class Given(NamedTuple):
    """A treatment within a line, in days from its baseline."""

    patient_id: str
    name: str
    start: float
    end: float


def numbers(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """`rows` with these columns as floats: one in which nothing is known comes as words."""
    return rows.assign(**{name: rows[name].astype(float) for name in columns})


def prepared(lines: pd.DataFrame, visits: pd.DataFrame) -> pd.DataFrame:
    """`lines` with best, response (in words), sure, new_lesion_day, until (last day of the line that is known), url.

    A response is sure if it was seen again 28 days later; any other verdict is.
    """
    lines = numbers(lines, OF_LINE)
    best = plain(lines.best_response.fillna("NE"))
    new = visits[(visits.new_lesions > 0) & visits.counts].groupby("patient_id").day.min()
    seen = lines.patient_id.map(visits.groupby("patient_id").day.max())
    died = lines.death_day.where(lines.last_line.astype(bool))
    return lines.assign(
        best=best,
        response=best.map(titled),
        sure=~best.isin(OBJECTIVE) | (lines.best_response == lines.confirmed_response),
        new_lesion_day=lines.patient_id.map(new),
        until=pd.concat([seen, died], axis=1).max(axis=1).fillna(0.0),
        url=PATIENT_PAGE + lines.patient_id,
    )


def waterfall(lines: pd.DataFrame) -> pd.DataFrame:
    """A bar for each patient with a change: place (the largest growth first), change, response, sure, new, url, words.

    `lines` as `prepared`.
    """
    measured = lines[lines.best_change.notna()].sort_values(["best_change", "patient_id"], ascending=[False, True])
    said = [f"{row.patient_id}: {words.change(row.best_change)}, {_verdict(row)}" for row in rows_of(measured, Line)]
    return measured.assign(
        place=range(1, len(measured) + 1),
        change=measured.best_change,
        new=measured.new_lesion_day.notna(),
        words=said,
    )


def _verdict(row: Line) -> str:
    new = "" if pd.isna(row.new_lesion_day) else f", {NEW_LESION}"
    return f"{row.response.lower()}{'' if row.sure else ', not confirmed'}{new}"


def spider(lines: pd.DataFrame, visits: pd.DataFrame) -> pd.DataFrame:
    """A point for each visit: patient_id, month, change (%; NaN where a target was not evaluated), mark, verdict, url.

    `mark` is the first progression or the first new lesion, else empty.
    """
    of_line = numbers(visits, ("percent_from_baseline", "percent_from_nadir")).merge(
        lines[["patient_id", "response", "url", "new_lesion_day"]], on="patient_id"
    )
    progressed = of_line.counts & (plain(of_line.category) == "PD")
    new = of_line.day == of_line.new_lesion_day
    return of_line.assign(
        month=of_line.day / words.DAYS_A_MONTH,
        change=of_line.percent_from_baseline.where(of_line.category.notna(), 0.0),
        mark=[
            NEW_LESION if is_new else PROGRESSION if is_pd else ""
            for is_new, is_pd in zip(new, progressed, strict=True)
        ],
        verdict=plain(of_line.category).map(titled, na_action="ignore").fillna("Baseline"),
    )


def told(points: pd.DataFrame) -> pd.DataFrame:
    """The points of a spider with their words: of thousands they take longer than all else."""
    return points.assign(words=[_visit_words(row) for row in rows_of(points, Visit)])


def _visit_words(row: Visit) -> str:
    size = "not all targets evaluated" if pd.isna(row.change) else words.change(row.change)
    mark = f", {row.mark}" if row.mark == NEW_LESION else ""
    return f"{row.patient_id}: {size} on {row.on_day}, {words.months(row.day):.1f} months, {row.verdict.lower()}{mark}"


def survival(lines: pd.DataFrame, timing: words.Timing) -> pd.DataFrame:
    """The curve of each group of `lines` by `survival.kaplan_meier`, with group and month; none of too few patients."""
    curves = [
        kaplan_meier(*times(of_group, timing)).assign(group=group)
        for group, of_group in lines.groupby("group", sort=True)
        if len(of_group) >= FEWEST
    ]
    if not curves:
        return pd.DataFrame()
    frame = pd.concat(curves, ignore_index=True)
    return frame.assign(
        month=frame.day / words.DAYS_A_MONTH, words=[words.step(row, timing) for row in rows_of(frame, words.Step)]
    )


def times(lines: pd.DataFrame, timing: words.Timing) -> tuple[list[float], list[bool]]:
    """Days of each patient to the event or to the last day without it, and whether it happened."""
    if timing is words.OVERALL:
        return lines.os_days.tolist(), lines.os_event.tolist()
    begun = lines.response_day if timing is words.RESPONSE_LASTS else 0
    return (lines.pfs_days - begun).clip(lower=0).tolist(), lines.pfs_event.tolist()


def followed_for(lines: pd.DataFrame, timing: words.Timing) -> pd.DataFrame:
    """Those of `lines` whom a time can be told of: all, or those who respond."""
    return lines[lines.response_day.notna()] if timing is words.RESPONSE_LASTS else lines


def risk_table(lines: pd.DataFrame, curves: pd.DataFrame, timing: words.Timing) -> pd.DataFrame:
    """How many are at risk at whole months, for each group that has a curve: group, month, at_risk."""
    last = curves.month.max()
    step = months_apart(last)
    ticks = [step * number for number in range(int(last // step) + 1)]
    rows = [
        (group, tick, count)
        for group in curves.group.unique()
        for tick, count in zip(ticks, _counts(lines[lines.group == group], timing, ticks), strict=True)
    ]
    return pd.DataFrame(rows, columns=["group", "month", "at_risk"])


def months_apart(last: float) -> int:
    """How many months lie between two marks of an axis to the month `last`, so that they are few."""
    return next((step for step in STEPS if last / step < MOST_TICKS), STEPS[-1])


def _counts(lines: pd.DataFrame, timing: words.Timing, months: list[int]) -> list[int]:
    return at_risk(times(lines, timing)[0], [month * words.DAYS_A_MONTH for month in months])


def lanes(lines: pd.DataFrame) -> pd.DataFrame:
    """A lane for each patient, the longest first: place, patient_id, end (month), response, url, words."""
    ordered = lines.sort_values(["until", "patient_id"], ascending=[False, True])
    said = [
        f"{row.patient_id}: {words.months(row.until):.1f} months, {_verdict(row)}" for row in rows_of(ordered, Line)
    ]
    return ordered.assign(place=range(1, len(ordered) + 1), end=ordered.until / words.DAYS_A_MONTH, words=said)


def lane_marks(lanes_: pd.DataFrame) -> pd.DataFrame:
    """What happened on each lane: place, month, mark, url, words."""
    rows = [
        (place, row, mark, day)
        for place, row in zip(lanes_.place, rows_of(lanes_, Line), strict=True)
        for mark, day in _events(row)
        if not pd.isna(day)
    ]
    return pd.DataFrame(
        {
            "place": [place for place, *_ in rows],
            "month": [words.months(day) for *_, day in rows],
            "mark": [mark for *_, mark, _ in rows],
            "url": [row.url for _, row, *_ in rows],
            "words": [f"{row.patient_id}: {mark} after {words.months(day):.1f} months" for _, row, mark, day in rows],
        }
    )


def _events(row: Line) -> list[tuple[str, float]]:
    ended = not row.last_line or not pd.isna(row.death_day)
    died = row.death_day if row.last_line else float("nan")
    happened = [(RESPONSE, row.response_day), (PROGRESSION, row.progression_day), (DEATH, died)]
    return happened if ended else [*happened, (FOLLOWED, row.until)]


def given(lanes_: pd.DataFrame, treatments: pd.DataFrame) -> pd.DataFrame:
    """Treatments on their lanes: place, start, end (months, within the lane), name, words."""
    of_lane = treatments.merge(lanes_[["patient_id", "place", "baseline_at", "until"]], on="patient_id")
    days = [pd.to_datetime(of_lane[name], utc=True) - of_lane.baseline_at for name in ("start_at", "end_at")]
    start, end = (each.dt.total_seconds() / 86400 for each in days)
    end = end.fillna(of_lane.until).clip(upper=of_lane.until)
    frame = of_lane.assign(start=start.clip(lower=0) / words.DAYS_A_MONTH, end=end / words.DAYS_A_MONTH)
    frame = frame[frame.end > frame.start]
    said = [f"{row.name}: month {row.start:.1f} to {row.end:.1f}" for row in rows_of(frame, Given)]
    return frame.assign(words=said)

"""All words for people: what codes of the database mean, how numbers, days and ages are written."""

import datetime as dt
from typing import Literal
from zoneinfo import ZoneInfo

import pandas as pd

from stream.percentages import interval as interval
from stream.percentages import percent as percent
from stream.vocabulary import EXPLANATIONS, Cause, Completeness, Status

RESEARCH_USE = "**Research use only.** Not a medical device: not for diagnosis or treatment decisions."
AWAY = (
    "The database does not answer at the moment. Nothing that was accepted is lost; "
    "this page goes on by itself as soon as it is back."
)

ENDPOINTS = {
    "progression": "Progression",
    "death": "Death",
    "pcr": "Pathologic complete response",
    "objective_response": "Objective response",
    "tumour_presence": "Tumour present",
}
"""In the order in which one of them leads on the worklist."""
Trend = Literal["worse", "better", "unchanged"]
HIGH_IS_GOOD = ("pcr", "objective_response")
HORIZONS = {"next_visit": "at the next visit", "end_of_treatment": "at the end of treatment", "now": "now"}
MONTHS = {90: "3 months", 180: "6 months", 365: "12 months"}
MEASUREMENTS = {
    "sum_of_diameters": "Sum of diameters",
    "longest_diameter": "Longest diameter",
    "short_axis": "Short axis",
    "volume": "Volume",
    "sphericity": "Sphericity",
    "background_parenchymal_enhancement": "Background parenchymal enhancement",
}
STATUSES: dict[str, tuple[str, str]] = {
    Status.RECEIVING: ("Receiving", "files are still arriving"),
    Status.MEASURING: ("Measuring", "complete, being measured"),
    Status.WAITING: ("Waiting", "measured, waits for its forecast"),
    Status.APPLIED: ("Applied", "counts on its timeline"),
    Status.SUPERSEDED: ("Superseded", "a newer revision counts"),
    Status.REJECTED: ("Rejected", "a person or a rejection note took it out"),
    Status.RETRACTED: ("Retracted", "the sender withdrew it"),
    Status.SET_ASIDE: ("Set aside", "kept, not processed"),
}
COMPLETENESS: dict[str, str] = {
    Completeness.SINGLE_SR: "one report is the whole scan",
    Completeness.COUNTS: "all announced files are here",
    Completeness.SERIES_LIST: "all required series are here",
    Completeness.REFERENCES: "all referenced files are here",
    Completeness.ASSOCIATION_END: "the sender's association ended",
    Completeness.QUIET: "nothing came for a while",
    Completeness.IMPORT: "imported from a table",
    Completeness.FINAL_AFTER: "the time for corrections is over",
}
SUPERSEDED: dict[str, str] = {
    Cause.LATE: "a scan from an earlier date arrived late",
    Cause.REVISION: "the scan was completed or corrected",
    Cause.TREATMENT: "a treatment was entered or changed",
    Cause.CLINICAL: "a clinical fact was entered or changed",
    Cause.REJECTED: "the scan was rejected",
    Cause.RETRACTED: "the sender withdrew the scan",
    Cause.RESTORED: "the rejection of a scan was withdrawn",
    Cause.MOVED: "the scan belongs to another patient",
    Cause.MERGED: "two patients were found to be one",
    Cause.UNMERGED: "a merge of two patients was undone",
    Cause.REPLAY: "everything was computed again",
    Cause.OCCURRED: "what it forecasts has been observed",
    Cause.LINKED: "a person said which lesions are one, or what one counts as",
}
OBJECT_KINDS = {
    "image": "Image",
    "sr": "Report",
    "seg": "Segmentation",
    "kos": "Key object selection",
    "rtstruct": "Structure set",
    "reg": "Registration",
}


def explained(reason: str) -> str:
    """A reason of the database as a sentence, where there is one for it."""
    return EXPLANATIONS.get(reason, reason)


def sign(endpoint: str) -> int:
    """+1 where a rising risk is bad, -1 where it is good."""
    return -1 if endpoint in HIGH_IS_GOOD else 1


def direction(endpoint: str) -> str:
    """Whether a high value is good or bad."""
    return "high is good" if endpoint in HIGH_IS_GOOD else "high is bad"


def endpoint(name: str) -> str:
    """The endpoint as people call it."""
    return ENDPOINTS.get(name, name)


def horizon(kind: str, days: float | None) -> str:
    """How far ahead: `within 6 months`, `at the next visit`."""
    if kind != "days" or days is None or pd.isna(days):
        return HORIZONS.get(kind, kind)
    return f"within {MONTHS.get(int(days), f'{int(days)} days')}"


def forecast(name: str, kind: str, days: float | None) -> str:
    """What is forecast and how far ahead, in one line."""
    return f"{endpoint(name)} {horizon(kind, days)}"


def closed(name: str, status: str, since: str, line: float) -> str:
    """A question that is not open: `Progression: observed on 2025-03-01 (line 1)`; `since` may be empty."""
    said, day_ = ("observed", "on") if status == "occurred" else (status.replace("_", " "), "since")
    return f"{endpoint(name)}: {said}{f' {day_} {since}' if since else ''} (line\N{NO-BREAK SPACE}{int(line)})"


def measurement(name: str, unit: str) -> str:
    """A measurement with its unit: `Volume (ml)`; a unit of 1 is none."""
    title = MEASUREMENTS.get(name, name)
    return title if unit == "1" else f"{title} ({unit})"


def size(value: float) -> str:
    """A forecast size as exactly as it can be meant: whole from 10 on."""
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}"


def within(level: float, low: float, high: float) -> str:
    """An interval of a size with its coverage: `80 % between 40 and 60`."""
    return f"{level * 100:.0f} % between {size(low)} and {size(high)}"


def ahead(days: int) -> str:
    """How far a day is from today: `in 42 days`, `5 days ago`."""
    if days == 0:
        return "today"
    return _ago(-days, "day") if days < 0 else f"in {days} day{'' if days == 1 else 's'}"


def sign_mark(number: float) -> str:
    """The sign of a change as it is printed, a true minus; nothing has none."""
    return "+" if number > 0 else "\N{MINUS SIGN}" if number < 0 else ""


def sum_unit(criterion: str | None) -> str:
    """The unit of the sums that a criterion judges by."""
    if criterion is not None and criterion.endswith("volume"):
        return "ml"
    return "mm²" if criterion is not None and criterion.startswith("RANO") else "mm"


def points(change: float) -> str:
    """A change of risk in percentage points, signed; a change that rounds to nothing has no sign."""
    rounded = round(change * 100)
    return f"{sign_mark(rounded)}{abs(rounded)} point{'' if abs(rounded) == 1 else 's'}"


def tenths(change: float) -> str:
    """A change of risk in percentage points with one decimal, signed: parts of a change are small."""
    rounded = round(change * 100, 1)
    return f"{sign_mark(rounded)}{abs(rounded):.1f}"


def trend(change: float, name: str) -> Trend:
    """Whether a risk became worse or better, by the endpoint's direction."""
    rounded = round(change * 100) * sign(name)
    return "worse" if rounded > 0 else "better" if rounded < 0 else "unchanged"


def day(clock: dt.datetime | None) -> str:
    """The calendar day of a wall clock: `2026-11-23`."""
    return "" if clock is None or pd.isna(clock) else clock.strftime("%Y-%m-%d")


def wall_clock(clock: dt.datetime | None) -> str:
    """Day and time of a wall clock: `2026-11-23 14:05`."""
    return "" if clock is None or pd.isna(clock) else clock.strftime("%Y-%m-%d %H:%M")


def weekday(clock: dt.datetime) -> str:
    """The day with its weekday: `Mon 2026-11-23`."""
    return f"{_WEEKDAYS[clock.weekday()]} {day(clock)}"


def moment(at: dt.datetime | None, zone: ZoneInfo) -> str:
    """Day and time in `zone`: `2026-11-23 14:05`."""
    return "" if at is None or pd.isna(at) else at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def last_digits(uid: str) -> str:
    """As much of a pseudonym as tells scans apart in a table."""
    return f"\N{HORIZONTAL ELLIPSIS}{uid[-6:]}"


def second(at: dt.datetime | None, zone: ZoneInfo) -> str:
    """Day and time in `zone` to the second: `2026-11-23 14:05:09`."""
    return "" if at is None or pd.isna(at) else at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def counted(count: int, noun: str) -> str:
    """So many of something: `1 file`, `3 files`, `1 row of a table`."""
    first, *rest = noun.split(" ")
    return " ".join([f"{count:,}", first + ("" if count == 1 else "s"), *rest])


def behind(at: dt.datetime, zone: ZoneInfo) -> str:
    """Above figures that newer ones will replace."""
    return f"As of {second(at, zone)}, {zone.key}. Newer figures are being worked out and appear here by themselves."


def age(at: dt.datetime | None, now: dt.datetime) -> str:
    """How long ago, in the largest unit that says something."""
    if at is None or pd.isna(at):
        return "never"
    seconds = (now - at).total_seconds()
    if seconds < 60:
        return "just now" if seconds > -60 else "in the future"
    for unit, length, limit in (("minute", 60, 90), ("hour", 3600, 36), ("day", 86400, 60), ("month", 2629800, 24)):
        if seconds / length < limit:
            return _ago(round(seconds / length), unit)
    return _ago(round(seconds / 31557600), "year")


def said_by(model: str, weights_version: str) -> str:
    """Which model made a forecast, with as much of its weights version as people compare."""
    return f"{model}, weights {weights_version[:8]}"


def _ago(count: int, unit: str) -> str:
    return f"{count} {unit}{'' if count == 1 else 's'} ago"


_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

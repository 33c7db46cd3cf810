"""When a scan was acquired: the dates of a header in the order of docs/interfaces.md 4, each with its own time."""

import datetime as dt
import re
from collections.abc import Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pydicom import Dataset

from stream.dicom.usual_header import usual_text
from stream.errors import SetAside
from stream.vocabulary import NO_DAY, ReasonCode

AHEAD = dt.timedelta(days=1)  # clocks and zones of sites differ by hours, not by days
WESTERNMOST, EASTERNMOST = dt.timedelta(hours=-12), dt.timedelta(hours=14)  # PS3.3 C.12.1.1.8

_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")  # with dots: ACR-NEMA, PS3.5 6.2
_TIME = re.compile(r"(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6}))?)?)?")
_DATETIME = re.compile(r"(\d{4,14}(?:\.\d{1,6})?)([+-]\d{4})?")
_OFFSET = re.compile(r"([+-])(\d{2})([0-5]\d)")


class _Dating(NamedTuple):
    """One place of a header that may say when it was: the field's name, date and time as written, and their zone."""

    field: str
    date: str
    time: str
    zone: dt.tzinfo


def acquired_at(dataset: Dataset, kind: str, zone: ZoneInfo, now: dt.datetime) -> dt.datetime:
    """Aware time of acquisition; only an image's own header speaks of it, other kinds state that of the study.

    The first place that holds a possible date counts: a placeholder there does not hide the good date below it. Raises
    SetAside: no_date where no date is given, impossible_date, naming the fields, where none of those given can be.
    """
    wrong, born = [], _born(dataset, now)
    for dating in _datings(dataset, kind, _stated_zone(_text(dataset, "TimezoneOffsetFromUTC")) or zone):
        try:
            return _possible(_joined(dating), now, born)
        except ValueError as error:
            wrong.append(f"{dating.field} {error}")
    if wrong:
        raise SetAside(ReasonCode.IMPOSSIBLE_DATE, f"No date of the scan can be: {', '.join(wrong)}.")
    raise SetAside(ReasonCode.NO_DATE, f"The file has no {' or '.join(_levels(kind)).lower()} date.")


def given_date(written: str, zone: ZoneInfo, now: dt.datetime) -> dt.datetime:
    """The moment that a person wrote as YYYY-MM-DD or YYYY-MM-DDTHH:MM in `zone`; SetAside(impossible_date)."""
    try:
        at = dt.datetime.strptime(written, "%Y-%m-%dT%H:%M" if "T" in written else "%Y-%m-%d").replace(tzinfo=zone)
    except ValueError:
        raise SetAside(ReasonCode.IMPOSSIBLE_DATE, "The date of the scan is no day of the calendar.") from None
    try:
        return _possible(at, now)
    except ValueError as error:
        raise SetAside(ReasonCode.IMPOSSIBLE_DATE, f"The date of the scan {error}.") from None


def _possible(at: dt.datetime, now: dt.datetime, born: dt.date = NO_DAY) -> dt.datetime:
    """`at`; ValueError where it cannot be. A birth date is of the vault: that `at` lies before it is not told apart."""
    if at.date() <= NO_DAY or at.date() < born - AHEAD or at > now + AHEAD:
        raise ValueError("lies in the future, before the birth, or not after 1900-01-01")
    return at


def _born(dataset: Dataset, now: dt.datetime) -> dt.date:
    """The day of birth; one that is not given, or cannot be (31 December 9999), rules nothing out."""
    try:
        born = _day(_text(dataset, "PatientBirthDate"))
    except ValueError:
        return NO_DAY
    return born if born <= (now + AHEAD).date() else NO_DAY


def _levels(kind: str) -> tuple[str, ...]:
    return ("Acquisition", "Series", "Study") if kind == "image" else ("Study",)


def _datings(dataset: Dataset, kind: str, zone: dt.tzinfo) -> Iterator[_Dating]:
    """What the header says, the best first, without places that are empty or stop before the day."""
    exact = _text(dataset, "AcquisitionDateTime") if kind == "image" else ""
    if exact and (dating := _exact(exact, zone)):
        yield dating
    for level in _levels(kind):
        if date := _text(dataset, f"{level}Date"):
            yield _Dating(f"{level} Date", date, _text(dataset, f"{level}Time"), zone)


def _exact(text: str, zone: dt.tzinfo) -> _Dating | None:
    """A DT value, which may state its own zone; None where it stops before the day."""
    match = _DATETIME.fullmatch(text)
    digits, offset = match.groups() if match else (text, None)
    if match and len(digits) < len("YYYYMMDD"):
        return None
    date, time = (digits[:8], digits[8:]) if match else (text, "")
    return _Dating("Acquisition DateTime", date, time, _stated_zone(offset or "") or zone)


def _joined(dating: _Dating) -> dt.datetime:
    """The moment; a time that is none (240000, a range) counts as no time. ValueError: what is wrong with the date."""
    return dt.datetime.combine(_day(dating.date), _clock(dating.time), dating.zone)


def _day(written: str) -> dt.date:
    """ValueError: what is wrong with it."""
    day = _DATE.fullmatch(written)
    if not day:
        raise ValueError("is not written as DICOM asks")
    try:
        return dt.date(int(day[1]), int(day[2]), int(day[3]))
    except ValueError:
        raise ValueError("is no day of the calendar") from None


def _clock(written: str) -> dt.time:
    """A time of the day, a leap second as the one before it; midnight where none is written, or none that can be."""
    parts = _TIME.fullmatch(written)
    if not parts:
        return dt.time()
    hour, minute, second = (int(part or 0) for part in parts.groups()[:3])
    try:
        return dt.time(hour, minute, min(second, 59) if second <= 60 else second, int((parts[4] or "").ljust(6, "0")))
    except ValueError:
        return dt.time()


def _stated_zone(text: str) -> dt.timezone | None:
    match = _OFFSET.fullmatch(text)
    if not match:
        return None
    offset = dt.timedelta(hours=int(match[2]), minutes=int(match[3])) * (-1 if match[1] == "-" else 1)
    return dt.timezone(offset) if WESTERNMOST <= offset <= EASTERNMOST else None


def _text(dataset: Dataset, keyword: str) -> str:
    usual = usual_text(dataset, keyword)
    return usual if usual is not None else str(dataset.get(keyword) or "").strip(" \0")

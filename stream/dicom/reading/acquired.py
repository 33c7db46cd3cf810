"""When a scan was acquired: the dates of a header in the order of docs/interfaces.md 4, each with its own time."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

from pydicom import Dataset

from stream.errors import SetAside
from stream.vocabulary import ReasonCode

EARLIEST_YEAR = 1900  # DICOM's own epoch is later; earlier dates are placeholders and typing errors
AHEAD = dt.timedelta(days=1)  # clocks and zones of sites differ by hours, not by days

_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")  # with dots: ACR-NEMA, PS3.5 6.2
_TIME = re.compile(r"(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6}))?)?)?")
_DATETIME = re.compile(r"(\d{4,14}(?:\.\d{1,6})?)([+-]\d{4})?")
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})")


def acquired_at(dataset: Dataset, kind: str, zone: ZoneInfo, now: dt.datetime) -> dt.datetime:
    """Aware time of acquisition; only an image's own header speaks of it, other kinds state that of the study.

    Raises SetAside: no_date where no date is given, impossible_date where the one that counts cannot be.
    """
    offset: dt.tzinfo = _stated_zone(_text(dataset, "TimezoneOffsetFromUTC")) or zone
    exact = _exact(_text(dataset, "AcquisitionDateTime"), offset) if kind == "image" else None
    levels = ("Acquisition", "Series", "Study") if kind == "image" else ("Study",)
    return _possible(exact or _from_pairs(dataset, levels, offset), now)


def given_date(written: str, zone: ZoneInfo, now: dt.datetime) -> dt.datetime:
    """The moment that a person wrote as YYYY-MM-DD or YYYY-MM-DDTHH:MM in `zone`; SetAside(impossible_date)."""
    try:
        at = dt.datetime.strptime(written, "%Y-%m-%dT%H:%M" if "T" in written else "%Y-%m-%d").replace(tzinfo=zone)
    except ValueError:
        raise _impossible("is no day of the calendar") from None
    return _possible(at, now)


def _possible(at: dt.datetime, now: dt.datetime) -> dt.datetime:
    if at.year < EARLIEST_YEAR or at > now + AHEAD:
        raise _impossible("lies before 1900 or in the future")
    return at


def _from_pairs(dataset: Dataset, levels: tuple[str, ...], zone: dt.tzinfo) -> dt.datetime:
    for level in levels:
        if date := _text(dataset, f"{level}Date"):
            return _joined(date, _text(dataset, f"{level}Time"), zone)
    raise SetAside(ReasonCode.NO_DATE, f"The file has no {' or '.join(levels).lower()} date.")


def _exact(text: str, zone: dt.tzinfo) -> dt.datetime | None:
    """A DT value, which may state its own zone; None where it is empty or stops before the day."""
    if not text:
        return None
    match = _DATETIME.fullmatch(text)
    if not match:
        raise _impossible("is not written as DICOM asks")
    digits, offset = match.groups()
    return _joined(digits[:8], digits[8:], _stated_zone(offset or "") or zone) if len(digits) >= 8 else None


def _joined(date: str, time: str, zone: dt.tzinfo) -> dt.datetime:
    day, clock = _DATE.fullmatch(date), _TIME.fullmatch(time or "00")
    if not day or not clock:
        raise _impossible("is not written as DICOM asks")
    hour, minute, second = (int(part or 0) for part in clock.groups()[:3])
    fraction = int((clock[4] or "").ljust(6, "0"))
    try:  # a leap second counts as the one before it
        return dt.datetime(int(day[1]), int(day[2]), int(day[3]), hour, minute, min(second, 59), fraction, tzinfo=zone)
    except ValueError:
        raise _impossible("is no day of the calendar or no time of the day") from None


def _stated_zone(text: str) -> dt.timezone | None:
    match = _OFFSET.fullmatch(text)
    if not match:
        return None
    offset = dt.timedelta(hours=int(match[2]), minutes=int(match[3]))
    return dt.timezone(-offset if match[1] == "-" else offset) if offset < dt.timedelta(hours=24) else None


def _text(dataset: Dataset, keyword: str) -> str:
    return str(dataset.get(keyword) or "").strip(" \0")


def _impossible(why: str) -> SetAside:
    return SetAside(ReasonCode.IMPOSSIBLE_DATE, f"The date of the scan {why}.")

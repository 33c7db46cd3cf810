"""Where lines of therapy start, which visits belong to each, and which visit is the baseline."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.criteria.visit import Assessment, TreatmentStart

NEW_LINE_KINDS = frozenset(
    {"drug", "chemotherapy", "immunotherapy", "targeted", "hormone", "radiotherapy", "radiation", "surgery"}
)
"""Kinds of treatment that begin a further line after a progression (our convention)."""
LOGGED_BASELINE = "baseline"
"""The kind of an entry by which a person says that a line begins."""


@dataclass(frozen=True)
class LineStart:
    """Number and first day of a line; `day` None: no treatment is known, the line begins with the first visit."""

    number: int
    day: dt.date | None


def first_start(treatments: Sequence[TreatmentStart], visits: Sequence[Assessment]) -> LineStart | None:
    """Line 1 starts with the earliest treatment, without any with the first visit; None without either."""
    begun = [treatment for treatment in treatments if treatment.kind != LOGGED_BASELINE]
    if not begun:
        return LineStart(1, None) if visits else None
    day = min(treatment.day for treatment in begun)
    return LineStart(_highest(treatments, day, default=1), day)


def next_start(
    line: LineStart, treatments: Sequence[TreatmentStart], visits: Sequence[Assessment], progressed: dt.date | None
) -> LineStart | None:
    """The start of the line after this one; `progressed`: day of the first progression in this line, if any."""
    first = visits[0].day if visits else None
    days = [entry.day for entry in treatments if _is_later(entry, line, first) and _begins(entry, line, progressed)]
    if not days:
        return None
    return LineStart(max(line.number + 1, _highest(treatments, min(days), default=0)), min(days))


def _is_later(entry: TreatmentStart, line: LineStart, first_visit: dt.date | None) -> bool:
    """Whether an entry lies after the start of a line; what starts on one day makes one line."""
    if line.day is None:
        return first_visit is not None and entry.day >= first_visit
    return entry.day > line.day


def _begins(entry: TreatmentStart, line: LineStart, progressed: dt.date | None) -> bool:
    if entry.kind == LOGGED_BASELINE:
        return True
    if entry.line is not None:
        return entry.line > line.number
    return entry.kind in NEW_LINE_KINDS and progressed is not None and entry.day >= progressed


def _highest(treatments: Iterable[TreatmentStart], day: dt.date, default: int) -> int:
    return max((entry.line for entry in treatments if entry.day == day and entry.line is not None), default=default)


def baseline_index(line: LineStart, visits: Sequence[Assessment]) -> int | None:
    """The last visit with lesions on or before the day on which the line starts; none such: the first after it."""
    with_lesions = (index for index, visit in enumerate(visits) if visit.has_lesions)
    first = next(with_lesions, None)
    if first is None or line.day is None:
        return first
    before = [index for index in (first, *with_lesions) if visits[index].day <= line.day]
    return before[-1] if before else first


def belongs(visit: Assessment, line: LineStart, first_of_all: bool, following: LineStart | None) -> bool:
    """Whether a visit is in the line in force before it: a treatment's day ends with the treatment."""
    begun = first_of_all or line.day is None or visit.day > line.day
    return begun and (following is None or following.day is None or visit.day <= following.day)

"""Over visits: the best response so far, and whether a response repeats an earlier one [RECIST 1.1, 4.4.3, 4.6]."""

import datetime as dt
from collections.abc import Sequence

from models.criteria.criterion import CategoryScale

STABLE_FROM_DAYS = 42
"""Shortest time (days) after treatment start or baseline at which stable disease counts [4.6.3: 6 to 8 weeks]."""
CONFIRMED_FROM_DAYS = 28
"""Shortest time (days) after which a response confirms an earlier one [4.6.1]."""

DatedCategory = tuple[dt.date, str]
"""Day of a visit and its category."""


def best_overall(visits: Sequence[DatedCategory], start: dt.date, scale: CategoryScale) -> str | None:
    """The best category up to the last of these visits, no confirmation asked; the first progression ends the search.

    `start`: the later of treatment start and baseline; stability before 42 days from it is not evaluable.
    """
    best: str | None = None
    for number, visit in enumerate(visits):
        best = better(best, visits[:number], visit, start, scale)
    return best


def better(
    best: str | None, earlier: Sequence[DatedCategory], visit: DatedCategory, start: dt.date, scale: CategoryScale
) -> str:
    """The best category after one more visit; `best`: that after the `earlier` ones."""
    day, category = visit
    if best is not None and any(before in scale.final for _, before in earlier):
        return best
    early = category in scale.stable and (day - start).days < STABLE_FROM_DAYS
    counted = scale.not_evaluable if early else category
    return counted if best is None or scale.ranks[counted] > scale.ranks[best] else best


def is_confirmed(visits: Sequence[DatedCategory], scale: CategoryScale) -> bool:
    """Whether the last visit's CR repeats a CR, or its PR a PR or CR, at least 28 days earlier.

    Between them there may be responses and at most one visit that was not evaluable (our convention, after 4.6.1).
    """
    *earlier, (day, category) = visits
    responses = {scale.complete, scale.partial}
    repeats = {scale.complete: {scale.complete}, scale.partial: responses}.get(category, set())
    gaps = 0
    for before, response in reversed(earlier):
        if response in repeats and (day - before).days >= CONFIRMED_FROM_DAYS:
            return True
        gaps += response == scale.not_evaluable
        if not repeats or gaps > 1 or response not in {*responses, scale.not_evaluable}:
            return False
    return False

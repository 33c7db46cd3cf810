"""Moments in the zone they were stated in: rows keep the moment itself, and beside it the zone's offset from UTC."""

import datetime as dt


def offset_minutes(at: dt.datetime) -> int:
    """How far the zone of an aware moment is ahead of UTC."""
    return (at.utcoffset() or dt.timedelta(0)) // dt.timedelta(minutes=1)


def in_zone(at: dt.datetime, minutes: int | None) -> dt.datetime:
    """The moment in the zone that is so far ahead of UTC; as it is where that is not known."""
    return at if minutes is None else at.astimezone(dt.timezone(dt.timedelta(minutes=minutes)))

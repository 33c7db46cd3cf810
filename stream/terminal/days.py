"""Days as commands tell them: those of the service's zone, as on the pages."""

import datetime as dt
from zoneinfo import ZoneInfo


def day(at: dt.datetime | None, zone: ZoneInfo) -> str:
    """The calendar day of a moment in `zone`, `2026-11-23`; empty where there is none."""
    return "" if at is None else f"{at.astimezone(zone):%Y-%m-%d}"

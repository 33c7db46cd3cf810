"""Days as people count them: in the zone that a scan states, else in that of the service."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import psycopg

from stream.timeline.local_time import in_zone


@dataclass(frozen=True)
class Calendar:
    """`zone` of the service, and over how many days the scans of one visit may lie."""

    zone: ZoneInfo
    visit_window_days: int

    def day(self, at: dt.datetime) -> dt.date:
        """The day of a moment where nobody states another zone."""
        return at.astimezone(self.zone).date()

    def scan_day(self, at: dt.datetime, utc_offset_minutes: int | None) -> dt.date:
        """The day of a scan, in the zone it was stated in where that is known."""
        return self.day(at) if utc_offset_minutes is None else in_zone(at, utc_offset_minutes).date()


def read_calendar(connection: psycopg.Connection) -> Calendar:
    """As the service is set: all its processes share one."""
    values: dict[str, str] = dict(connection.execute("SELECT name, value FROM core.service").fetchall())
    return Calendar(ZoneInfo(values.get("time_zone", "UTC")), int(values.get("visit_window_days", 0)))

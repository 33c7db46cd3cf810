"""What a service has agreed on: in which zone days are counted, what makes one visit, what responses are judged by."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from stream.timeline.local_time import in_zone


@dataclass(frozen=True)
class Conventions:
    """`zone` of the service; over how many days a visit may last; `criteria` where no import names any."""

    zone: ZoneInfo
    visit_window_days: int
    criteria: str

    def day(self, at: dt.datetime) -> dt.date:
        """The day of a moment where nobody states another zone."""
        return at.astimezone(self.zone).date()

    def scan_day(self, at: dt.datetime, utc_offset_minutes: int | None) -> dt.date:
        """The day of a scan, in the zone it was stated in where that is known."""
        return self.day(at) if utc_offset_minutes is None else in_zone(at, utc_offset_minutes).date()

    def of_timelines(self) -> dict[str, Any]:
        """What a timeline is told by."""
        return {"visit_window_days": self.visit_window_days, "criteria": self.criteria, "zone": str(self.zone)}


def read_conventions(connection: psycopg.Connection) -> Conventions:
    """As the service is set: all its processes share one."""
    values: dict[str, str] = dict(connection.execute("SELECT name, value FROM core.service").fetchall())
    zone, window_days = ZoneInfo(values.get("time_zone", "UTC")), int(values.get("visit_window_days", 0))
    return Conventions(zone, window_days, values.get("criteria", ""))

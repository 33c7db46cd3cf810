"""Days as commands tell them, as on the pages: of a scan what its own clock showed, of anything else the service's."""

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo


def day(at: dt.datetime | None, zone: ZoneInfo) -> str:
    """The calendar day of a moment in `zone`, `2026-11-23`; empty where there is none."""
    return "" if at is None else f"{at.astimezone(zone):%Y-%m-%d}"


class PatientDays(NamedTuple):
    """Days of patients: `clocks` has what the clock showed at a scan, by pseudonym and moment; else those of `zone`."""

    zone: ZoneInfo
    clocks: Mapping[tuple[str, dt.datetime], dt.datetime]

    def of(self, patient_id: str, at: dt.datetime | None) -> str:
        """The calendar day of a moment of a patient, `2026-11-23`; empty where there is none."""
        clock = None if at is None else self.clocks.get((patient_id, at))
        return day(at, self.zone) if clock is None else f"{clock:%Y-%m-%d}"

"""The day of a scan that a command tells is that of the scan's own clock, whichever command tells it."""

import datetime as dt
import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

import psycopg
import pytest

from stream.commands import explain, lesions, response, risk
from tests.database import Database
from tests.services.accepted_facts import fold_each, lung
from tests.services.explaining_all import explain_all

COMMANDS: dict[str, Callable[..., None]] = {
    "risk": risk.risk,
    "response": response.response,
    "lesions": lesions.lesions,
    "explain": explain.explain,
}
DAYS = {"UTC": "2025-04-12", "Asia/Kamchatka": "2025-04-12", "Pacific/Kiritimati": "2025-04-13"}
"""By zone the day on which a scan of 11:00 in UTC was taken: clocks are 0, 12 and 14 hours ahead."""


@pytest.mark.parametrize("zone", DAYS)
def test_each_command_tells_the_day_that_the_clock_of_the_scan_showed(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], zone: str
) -> None:
    connection = database.connect()
    fold_each(connection, [lung("PL", "a", 0, 30.0), lung("PL", "b", 42 + 1 / 16, 24.0)])
    explain_all(connection)
    minutes = dt.datetime(2025, 4, 12, tzinfo=ZoneInfo(zone)).utcoffset() // dt.timedelta(minutes=1)
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")  # as if the scans had stated their zone
        superuser.execute("UPDATE core.revisions SET utc_offset_minutes = %s", [minutes])
    for module in (risk, response, lesions, explain):
        monkeypatch.setattr(module, "load_settings", lambda: of_service)
    for service_zone in DAYS:
        of_service = database.settings.model_copy(update={"time_zone": service_zone})
        for name, command in COMMANDS.items():
            command("PL")
            told = set(re.findall(r"2025-04-\d\d", capsys.readouterr().out))
            assert told == {DAYS[zone]}, (name, service_zone)

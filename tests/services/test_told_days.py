"""A day that a command tells is that of the service's zone, whichever command tells it."""

import re
from collections.abc import Callable

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


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_tells_the_same_day_of_a_scan(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    connection = database.connect()
    fold_each(connection, [lung("PL", "a", 0, 30.0), lung("PL", "b", 42 + 1 / 16, 24.0)])
    explain_all(connection)
    for module in (risk, response, lesions, explain):
        monkeypatch.setattr(module, "load_settings", lambda: of_zone)
    for zone, day in DAYS.items():
        of_zone = database.settings.model_copy(update={"time_zone": zone})
        COMMANDS[command]("PL")
        told = set(re.findall(r"2025-04-\d\d", capsys.readouterr().out))
        assert told == {day}, zone

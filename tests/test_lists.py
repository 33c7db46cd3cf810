"""Lists and names on the command line: a page at a time, what was asked for, and a patient by a part of a pseudonym."""

import json
import os
from collections.abc import Callable

import pytest
from click.testing import Result
from typer.testing import CliRunner

from stream.__main__ import build_app
from stream.errors import AnswerIsNo, CannotStart, WrongUse
from stream.settings import PREFIX
from stream.terminal.questions import ask
from tests.database import Database
from tests.services.accepted_facts import breast, fold_each, lung

Command = Callable[..., Result]
GROWING, SHRINKING, IN_BREAST = "PAAAA22", "PAAAB33", "PBBBB44"


@pytest.fixture
def command(database: Database, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`scanstream …` on a database with two patients of lung cancer and one of breast cancer."""
    sizes = {GROWING: (30.0, 34.5), SHRINKING: (30.0, 24.0)}
    fold_each(
        database.connect(),
        [
            *(
                lung(patient, str(day), day, mm)
                for patient, each in sizes.items()
                for day, mm in zip((0, 60), each, strict=True)
            ),
            breast(IN_BREAST, "a", 0, 12.0, 30.0),
        ],
    )
    for name, value in database.settings.environment().items():
        if name.startswith(PREFIX) and os.environ.get(name) != value:
            monkeypatch.setenv(name, value)
    return lambda *words: CliRunner().invoke(build_app(), words)


def rows(told: Result) -> list[dict]:
    return json.loads(told.stdout)


def test_risks_come_highest_first_a_page_at_a_time_and_say_how_many_more_there_are(command: Command) -> None:
    everything = rows(command("risk", "--json"))
    assert [row["risk"] for row in everything] == sorted((row["risk"] for row in everything), reverse=True)
    first, second = (rows(command("risk", "--json", "--limit", "2", "--page", page)) for page in "12")
    assert first + second == everything[:4]
    told = command("risk", "--limit", "2").stdout
    assert f"{len(everything) - 2} more of {len(everything)}: --page 2 has the next" in told
    assert "more of" not in command("risk", "--all").stdout
    assert "There is no page 99." in command("risk", "--page", "99").stdout


def test_risks_of_a_disease_an_endpoint_and_a_horizon(command: Command) -> None:
    asked = rows(command("risk", "--disease", "Lung", "--horizon", "180", "--json"))
    assert [row["patient_id"] for row in asked] == [GROWING, SHRINKING]
    assert {row["endpoint"] for row in rows(command("risk", "--endpoint", "pcr", "--json"))} == {"pcr"}
    assert "None." in command("risk", "--disease", "brain").stdout


def test_a_patient_is_found_in_lower_case_and_by_a_part(command: Command) -> None:
    whole = command("risk", GROWING, "--json").stdout
    assert whole == command("risk", GROWING.lower(), "--json").stdout == command("risk", "aa22", "--json").stdout
    for typed, said in (
        ("PAAA", f"2 pseudonyms: name one of them.\n  {GROWING}\n  {SHRINKING}"),
        ("paa", "No patient paa"),
    ):
        assert isinstance(error := command("risk", typed).exception, AnswerIsNo)
        assert said in str(error)


def test_digits_are_a_hospitals_id_and_never_a_part(database: Database, command: Command) -> None:
    fold_each(database.connect(), [lung("PXX234567", "a", 0, 30.0)])
    assert isinstance(command("risk", "234567").exception, AnswerIsNo)
    assert command("risk", "x234567").exit_code == 0


def test_all_rows_of_a_page_are_a_contradiction(command: Command) -> None:
    assert isinstance(command("set-aside", "list", "--all", "--limit", "5").exception, WrongUse)


def test_a_database_of_another_version_is_a_sentence_with_its_cure(database: Database) -> None:
    with pytest.raises(CannotStart, match="of another version: .*scanstream db upgrade"):
        ask(database.settings, "reader", lambda connection: connection.execute("SELECT FROM scanstream.of_tomorrow"))

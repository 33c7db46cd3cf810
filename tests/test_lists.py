"""Lists and names on the command line: a page at a time, what was asked for, and a patient by a part of a pseudonym."""

import json
import os
from collections.abc import Callable

import psycopg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from models.criteria.finding import LesionFinding, LesionRole, LesionState
from models.measurement import Measurement
from stream.__main__ import build_app
from stream.errors import AnswerIsNo, CannotStart, WrongUse
from stream.measured_scan import MeasuredScan
from stream.percentages import interval, percent
from stream.services.facts.clinical import ImportedVisit
from stream.settings import PREFIX
from stream.terminal.questions import ask
from stream.vocabulary import EXPLANATIONS
from tests.database import Database
from tests.services.accepted_facts import breast, day, fold_each, lung

Command = Callable[..., Result]
CommandOn = Callable[[Database], Command]
UNTARGETED = LesionFinding("node", LesionState.PRESENT, "Node", "lung", role=LesionRole.NON_TARGET)
GROWING, SHRINKING, IN_BREAST = "PAAAA22", "PAAAB33", "PBBBB44"


@pytest.fixture
def command_on(monkeypatch: pytest.MonkeyPatch) -> CommandOn:
    """`command_on(database)("risk")`: `scanstream risk` on that database."""

    def on(database: Database) -> Command:
        for name, value in database.settings.environment().items():
            if name.startswith(PREFIX) and os.environ.get(name) != value:
                monkeypatch.setenv(name, value)
        return lambda *words: CliRunner().invoke(build_app(), words)

    return on


@pytest.fixture
def command(database: Database, command_on: CommandOn) -> Command:
    """`scanstream …` on a database with two patients of lung cancer and one of breast cancer."""
    sizes = {GROWING: (30.0, 34.5), SHRINKING: (30.0, 24.0)}
    fold_each(
        database.connect(),
        [
            *(
                lung(patient, str(at), at, mm)
                for patient, each in sizes.items()
                for at, mm in zip((0, 60), each, strict=True)
            ),
            breast(IN_BREAST, "a", 0, 12.0, 30.0),
        ],
    )
    return command_on(database)


def rows(told: Result) -> list[dict]:
    return json.loads(told.stdout)


def test_the_patient_with_the_highest_risk_comes_first_a_page_at_a_time(command: Command) -> None:
    everything = rows(command("risk", "--json"))
    assert [row["patient_id"] for row in everything] == [GROWING] * 4 + [SHRINKING] * 4 + [IN_BREAST]
    assert [row["horizon_days"] for row in everything] == [None, 90, 180, 365, None, 90, 180, 365, None]
    highest = [max(row["risk"] for row in everything if row["patient_id"] == of) for of in (GROWING, SHRINKING)]
    assert highest == sorted(highest, reverse=True)
    first, second = (rows(command("risk", "--json", "--limit", "2", "--page", page)) for page in "12")
    assert first + second == everything[:4]
    told = command("risk", "--limit", "2").stdout
    assert f"{len(everything) - 2} more of {len(everything)}: --page 2 has the next" in told
    assert "more of" not in command("risk", "--all").stdout
    assert "There is no page 99." in command("risk", "--page", "99").stdout


def test_a_risk_is_told_in_words_with_its_interval_its_scan_and_what_is_left_of_it(command: Command) -> None:
    (row,) = rows(command("risk", GROWING, "--horizon", "180", "--json"))
    head, told = command("risk", GROWING, "--horizon", "180").stdout.splitlines()[:2]
    for words in (
        "progression within 180 days",
        percent(row["risk"]),
        interval(row["risk_low"], row["risk_high"]),
        row["acquired_at"][:10],
        row["valid_until"][:10],
    ):
        assert words in told
    assert all(name in head for name in ("90 % interval", "scan of", "until", "from today"))


def test_why_a_question_is_closed_is_said_in_a_sentence_and_no_code(database: Database, command: Command) -> None:
    fold_each(
        database.connect(),
        [
            *(lung("PGROWN", str(at), at, mm) for at, mm in ((0, 30.0), (60, 45.0))),
            ImportedVisit("PNODE/0", "PNODE", day(0), "lung", MeasuredScan((), "lung", None, findings=(UNTARGETED,))),
        ],
    )
    progressed, node = (" ".join(command("risk", patient).stdout.split()) for patient in ("PGROWN", "PNODE"))
    assert "1 progression observed 2025-04-30 PD by RECIST 1.1" in progressed
    assert "not asked 2025-03-01 At the baseline no target was measured" in node
    assert "None." not in progressed + node
    assert "not_measurable" not in node


def test_where_no_model_applies_the_command_says_so(database: Database, command: Command) -> None:
    in_brain = MeasuredScan(
        (Measurement("longest_diameter", 30.0, "import", "lesion", "Tumour", "brain"),), "brain", None
    )
    fold_each(database.connect(), [ImportedVisit("PBRAIN/0", "PBRAIN", day(0), "brain", in_brain)])
    assert command("risk", "PBRAIN").stdout.splitlines() == ["None.", EXPLANATIONS["no model applies"]]


def test_risks_of_a_disease_an_endpoint_and_a_horizon(command: Command) -> None:
    asked = rows(command("risk", "--disease", "Lung", "--horizon", "180", "--json"))
    assert [row["patient_id"] for row in asked] == [GROWING, SHRINKING]
    assert {row["endpoint"] for row in rows(command("risk", "--endpoint", "pcr", "--json"))} == {"pcr"}
    assert "None." in command("risk", "--disease", "brain").stdout


def test_a_verdict_that_hangs_on_a_doubtful_lesion_says_so(database: Database, command: Command) -> None:
    for name, on_day in (("UID 1", 0), ("UID 2", 60)):
        found = LesionFinding(name, LesionState.MEASURED, "Apex", "lung", long_axis_mm=30.0)
        measured = MeasuredScan((), "lung", None, findings=(found,))
        fold_each(database.connect(), [ImportedVisit(name, "PDOUBT", day(on_day), "lung", measured)])
    told = command("response", "PDOUBT").stdout
    assert "new lesion Apex" in told
    assert "Not sure: Apex (UID 2) may be a lesion that was known before" in told
    assert "Not sure" not in command("response", GROWING).stdout


def test_the_size_of_a_lesion_is_no_product_of_a_length_and_a_volume(database: Database, command: Command) -> None:
    fold_each(database.connect(), [breast(IN_BREAST, "b", 21, 6.123456, 22.0)])
    told = command("lesions", IN_BREAST).stdout
    assert "  30 mm long, 12 ml" in told and "  22 mm long, 6.12 ml" in told


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


def test_of_nobody_the_command_says_what_to_do_first(database: Database, command_on: CommandOn) -> None:
    assert command_on(database)("risk").stdout.splitlines() == [
        "None.",
        "Send scans by `scanstream send`, or bring in tables by `scanstream import`.",
    ]


def test_an_endpoint_that_there_is_not_is_a_mistake_and_not_none(command: Command) -> None:
    told = command("risk", "--endpoint", "progress")
    assert isinstance(told.exception, WrongUse)
    assert "there are progression, death, pcr" in str(told.exception)


def test_the_status_says_for_how_many_causes_a_person_is_waited(database: Database, command: Command) -> None:
    assert "decide" not in command("status").stdout
    with psycopg.connect(database.superuser_url) as superuser:
        superuser.execute(
            """INSERT INTO core.set_asides (item_id, sha256, reason_code, reason, set_aside_at, row_sha256)
            SELECT 'item ' || number, 'a' || number, 'no_date', 'A visit of day ' || number, now(), ''
            FROM generate_series(1, 3) number"""
        )
        superuser.execute(
            "UPDATE core.set_asides SET decision = 'rejected', decided_at = now() WHERE item_id = 'item 1'"
        )
    assert rows(command("status", "--json"))["undecided"] == 2
    assert "decide  2 causes of what was set aside: `scanstream set-aside list" in command("status").stdout


def test_a_wrong_reason_is_told_in_words_of_our_own(command: Command) -> None:
    told = " ".join(command("set-aside", "list", "--reason", "nonsense").output.split())
    assert "'nonsense' is not one of" in told
    assert "Value error" not in told


def test_all_rows_of_a_page_are_a_contradiction(command: Command) -> None:
    assert isinstance(command("set-aside", "list", "--all", "--limit", "5").exception, WrongUse)


def test_a_database_of_another_version_is_a_sentence_with_its_cure(database: Database) -> None:
    with pytest.raises(CannotStart, match="of another version: .*scanstream db upgrade"):
        ask(database.settings, "reader", lambda connection: connection.execute("SELECT FROM scanstream.of_tomorrow"))

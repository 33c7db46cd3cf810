"""What people type by SQL or into a command is not kept where it says who a patient is, whoever that is."""

import datetime as dt
import random
from types import ModuleType

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from stream.__main__ import build_app
from stream.commands import baseline, importing, lesions, merge, model, reject, set_asides
from stream.errors import WrongUse
from stream.harmless_words import HARMLESS_WORDS
from stream.plain_text import FORMS, words
from stream.services.accepting.arrivals import UnusableFile
from stream.services.accepting.received_files import accept
from stream.services.accepting.set_asides import item_id
from stream.services.facts.named_person import NamedPerson
from stream.services.verify.identifiers import held_in, spellings, telling
from stream.storage.database import Connection
from stream.storage.patients.naming import names_somebody, why_not_written
from stream.storage.patients.vault import keep_patients
from tests.database import Database
from tests.journey.planted_people import PARTS, people
from tests.services.arrivals import Arrivals, report
from tests.services.receipts import received
from tests.test_cli import commands

ELSE = {
    "patient_id": "PM",
    "issuer": "",
    "mrn": "Q-471199",
    "name": "Müller^Åse=諸葛^さくら",
    "birth_date": "1950-05-23",
}
"""Somebody else than Jane Doe, of whom a scan has come (tests/services/receipts.py)."""
TELLING = ["Åse Müller", "aase mueller", "MULLER, ASE", "see q-471199", "born 23.05.1950", "19500523", "諸葛さくらさん"]
TELLING += ["as in 1.2.3.471199.1"]
OF_HER = ["Jane is well", "doe", "hospital id of pa", "1950-01-01"]
HARMLESS = [
    "Discussed on the board",
    "left lung, 2 mm",
    "Mueller has a cold",
    "no change since 2026-01-05",
    "Dr. Åse B.",
]
ITEM = item_id(received(UnusableFile("no_date", "No date.", "s1"), "a").content_sha256)
COMMANDS: dict[str, tuple[ModuleType, list[str]]] = {
    "baseline": (baseline, ["PA", "--at", "2026-01-05"]),
    "import": (importing, ["."]),
    "lesions": (lesions, ["PA", "target", "Nodule"]),
    "merge": (merge, ["PA", "--into", "PA"]),
    "unmerge": (merge, ["PA"]),
    "move": (merge, ["s2", "--to", "PA"]),
    "model add": (model, ["."]),
    "model promote": (model, ["0"]),
    "model rollback": (model, []),
    "reject": (reject, ["s2"]),
    "restore": (reject, ["s2"]),
    "set-aside reject": (set_asides, [ITEM]),
    "set-aside release": (set_asides, [ITEM, "--date", "2026-01-05"]),
}
"""Module and arguments of every command that asks why."""
TYPED = "SELECT count(*) FROM core.{}"
NAMES = [one.name for writing in PARTS for one in list(people(writing, random.Random(2)))[:4]]
NAMES += 3 * [
    "Müller^Jörg",
    "Mueller^Joerg",
    "Jørgensen^Åse",
    "Strauß^Zoë",
    "Jääskeläinen^Aino",
    "Doe^Jane",
    "Left^May",
]
PLENTY = ["lung", "no", "has", "T1", "2026", "患者", "Schmidt", "Muller", "19500523", "Q-47119", "may", "2026-01-05"]


def notes_on(name: str) -> st.SearchStrategy[tuple[str, str]]:
    """`name` and words among which parts of it may be, written in another way."""
    parts = {part for form in (str, str.upper, *FORMS) for part in (*words(form(name)), form(name))}
    some = st.tuples(
        st.sampled_from(PLENTY), st.sampled_from(sorted(parts)), st.sampled_from(["", "born 23.05.1950", "q-471199"])
    )
    return st.tuples(st.just(name), (st.lists(st.sampled_from(PLENTY), max_size=3) | some).map(" ".join))


named_notes = st.sampled_from(NAMES).flatmap(notes_on)
quick = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def gateway(database: Database) -> Connection:
    """Two people are in the vault; of one, Jane Doe, a scan stands and a file was set aside."""
    Arrivals(database).bring(report("s2"))
    gateway = database.connect("gateway")
    accept(gateway, [received(UnusableFile("no_date", "No date.", "s2"), "a")])
    keep_patients(gateway, [{**ELSE, "sex": None}])
    gateway.execute("INSERT INTO vault.scans (scan_uid, study_instance_uid) VALUES ('s9', '1.2.3.471199.1')")
    return gateway


@pytest.mark.parametrize("note", TELLING)
def test_whole_names_ids_birth_dates_and_original_uids_are_refused_wherever_they_are_said(
    gateway: Connection, note: str
) -> None:
    assert "Write it without" in why_not_written(gateway, ["PA"], "anna", f"seen; {note}, again")
    assert "initials" in why_not_written(gateway, [], note, "seen")


@pytest.mark.parametrize("note", OF_HER)
@pytest.mark.parametrize("about", ["PA", "s2", ITEM, "hospital id of PA"])
def test_of_the_patient_herself_a_part_of_the_name_is_enough(gateway: Connection, note: str, about: str) -> None:
    assert why_not_written(gateway, [about], "anna", note)


@pytest.mark.parametrize("note", HARMLESS)
def test_what_names_nobody_is_kept_and_who_says_it_may_share_a_name(gateway: Connection, note: str) -> None:
    assert why_not_written(gateway, ["PA", "s2", ITEM], "jane", note) is None
    assert why_not_written(gateway, ["PM", ELSE["mrn"]], "B. Mueller", None) is None


def test_of_merged_patients_both_names_count(gateway: Connection, database: Database) -> None:
    with database.connect("migrator") as owner:
        owner.execute(
            "INSERT INTO core.aliases (patient_id, into_patient_id, seq, row_sha256) VALUES ('PM', 'PA', 1, '')"
        )
    for about in ("PA", "PM"):
        assert why_not_written(gateway, [about], "anna", "Müller is well")
        assert why_not_written(gateway, [about], "anna", "Jane is well")


@pytest.mark.parametrize(
    "call",
    [
        "scanstream.acknowledge('PA', 'anna', 'Jane is well')",
        "scanstream.acknowledge('PA', 'Åse Müller', 'seen')",
        f"scanstream.release('{ITEM}', 'of Jane')",
        f"scanstream.reject('{ITEM}', 'of Aase Mueller', 'anna')",
        f"scanstream.reject('{ITEM}', 'phantom', 'Q-471199')",
    ],
)
def test_sql_that_names_a_patient_is_an_error_in_a_sentence_and_keeps_nothing(
    gateway: Connection, database: Database, call: str
) -> None:
    before = gateway.execute(TYPED.format("audit")).fetchone()
    with pytest.raises(psycopg.Error, match="Nothing was kept") as refused:
        database.connect("dashboard").execute(f"SELECT {call}")
    assert not any(word in str(refused.value) for word in ("Jane", "Müller", "471199"))
    assert [gateway.execute(TYPED.format(table)).fetchone() for table in ("acknowledgements", "wishes")] == [(0,), (0,)]
    assert gateway.execute(TYPED.format("audit")).fetchone() == before


def test_every_command_that_asks_why_is_tried() -> None:
    asking = {
        " ".join(words) for words in commands() if "--why" in CliRunner().invoke(build_app(), [*words, "--help"]).output
    }
    assert asking == COMMANDS.keys()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_names_a_patient_is_wrong_use_and_keeps_nothing(
    gateway: Connection, database: Database, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    module, given = COMMANDS[command]
    monkeypatch.setattr(module, "load_settings", lambda: database.settings)
    before = gateway.execute(TYPED.format("audit")).fetchone()
    for typed in (["--why", "for Åse Mueller"], ["--why", "so", "--by", "q-471199"]):
        ended = CliRunner().invoke(build_app(), [*command.split(), *given, *typed])
        assert isinstance(ended.exception, WrongUse)
        assert "Nothing was kept" in str(ended.exception)
    assert gateway.execute(TYPED.format("audit")).fetchone() == before


@given(named=named_notes)
@quick
def test_the_database_and_tables_say_the_same_of_a_part_of_a_name(database: Database, named: tuple[str, str]) -> None:
    name, note = named
    with database.connect("migrator") as owner, owner.transaction(force_rollback=True):
        owner.execute(
            "INSERT INTO vault.patients (patient_id, issuer, mrn, name, birth_date) VALUES ('P', '', %s, %s, %s)",
            ["Q-471199", name, "1950-05-23"],
        )
        person = NamedPerson("Q-471199", name, dt.date(1950, 5, 23))
        assert names_somebody(owner, "P", [note]) == person.is_told_by(note)


@given(named=named_notes)
@quick
def test_what_verify_would_find_is_never_written(database: Database, named: tuple[str, str]) -> None:
    name, note = named
    with database.connect("migrator") as owner, owner.transaction(force_rollback=True):
        owner.execute(
            "INSERT INTO vault.patients (patient_id, issuer, mrn, name, birth_date) VALUES ('P', '', %s, %s, %s)",
            ["Q-471199", name, "1950-05-23"],
        )
        if held_in(iter([note]), telling(spellings("Q-471199", name, "1950-05-23"))):
            assert why_not_written(owner, [], "anna", note)


def test_whom_words_name_is_found_by_an_index(gateway: Connection, database: Database) -> None:
    with database.connect("migrator") as owner, owner.transaction(force_rollback=True):
        owner.execute("SET LOCAL enable_seqscan = off")
        query = "SELECT 1 FROM vault.patients WHERE core.spellings(mrn, name, birth_date) && ARRAY['muller ase']"
        plan = owner.execute(f"EXPLAIN {query}").fetchall()
        assert "patients_spellings_ix" in str(plan)
        assert owner.execute(query).fetchall() == [(1,)]


def test_the_database_knows_the_same_harmless_words(database: Database) -> None:
    with database.connect("migrator") as owner:
        ((listed,),) = owner.execute("SELECT core.harmless_words()").fetchall()
    assert set(listed) == HARMLESS_WORDS


def test_the_database_knows_the_same_forms_and_words(database: Database) -> None:
    with database.connect("migrator") as owner:
        for text in (*NAMES, "患者Yamada 2_3", "Bøe", "Jaeaeskelaeinen", "ÆØÅ œuvre", "a.b,c"):
            ours = [form(text) for form in FORMS]
            assert owner.execute("SELECT core.forms(%s)", [text]).fetchone() == (ours,), text
            assert owner.execute("SELECT core.words_of(%s)", [ours[0]]).fetchone() == (words(ours[0]),), text

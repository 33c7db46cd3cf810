"""A fact that other systems bring and that says who the patient is becomes no row, whatever its kind and letters."""

import json
import random
from typing import Any

import pytest

from stream.messages import Letter
from stream.plain_text import plain
from stream.services.facts.patient_events import accept, read_event
from stream.storage.database import Connection
from stream.storage.patients.vault import keep_patients
from tests.database import Database
from tests.journey.planted_people import PARTS, people

JANE = {
    "patient_id": "PJ",
    "issuer": "NORTH",
    "mrn": "Q-471199",
    "name": "Müller^Jane=諸葛^さくら",
    "birth_date": "1950-05-23",
    "sex": "F",
}
DRUG = {"name": "docetaxel", "kind": "drug", "start_at": "2026-01-05"}
TELLING = ["for Jane", "MULLER", "ID q-471199/2", "born 23.05.1950", "19500523", "諸葛さんへ", "サクラ", "for Mueller"]
NAMING: list[dict[str, Any]] = [
    {"kind": "treatment", "fact": {**DRUG, "name": "drug of Jane"}},
    {"kind": "treatment", "fact": {**DRUG, "kind": "Müller's"}},
    {"kind": "clinical", "fact": {"arm": "Jane"}},
    {"kind": "clinical", "fact": {"notes": [{"said": "of Müller"}]}},
    {"kind": "clinical", "fact": {"Jane": True}},
    {"kind": "outcome", "fact": {"endpoint": "death of Jane", "event": True}},
    {"kind": "lesion", "fact": {"lesion_uid": "Jane's", "relation": "target"}},
    {"kind": "rejection", "fact": {"scan_uid": "s"}, "why": "not of Jane"},
    {"kind": "rejection", "fact": {"scan_uid": "s"}, "by": "Müller, Jane"},
    {"kind": "merge", "fact": {"into": "PB"}, "why": "Jane twice"},
    {"kind": "merge", "fact": {"into": "Q-471199"}},
    {"kind": "move", "fact": {"scan_uid": "s", "to": "PB"}, "event_id": "move-Jane"},
]
STORED = ("treatments", "clinical", "outcomes", "lesion_links", "rejections", "identity_events", "audit")


@pytest.fixture
def worker(database: Database) -> Connection:
    """One patient is in the vault."""
    keep_patients(database.connect("gateway"), [JANE])
    return database.connect()


def brought(worker: Connection, received_as: str = "PJ", **message: Any) -> list[str]:
    """What is stored once this message came: names of tables."""
    letter = Letter(received_as, json.dumps({"v": 1, "event_id": "e", "received_as": received_as, **message}).encode())
    accept(worker, [read_event(letter)])
    return [table for table in (*STORED, "set_asides") if worker.execute(f"SELECT 1 FROM core.{table}").fetchone()]


@pytest.mark.parametrize("message", NAMING, ids=lambda message: f"{message['kind']} {list(message['fact'])[-1]}")
def test_a_fact_that_names_the_patient_is_set_aside_and_nothing_else(worker: Connection, message: dict) -> None:
    assert brought(worker, **message) == ["set_asides"]
    ((reason,),) = worker.execute("SELECT reason FROM scanstream.set_aside").fetchall()
    assert "says who the patient is" in reason
    assert not any(word in plain(reason) for word in ("jane", "muller", "471199"))


@pytest.mark.parametrize("words", TELLING)
def test_it_is_found_in_any_letters(worker: Connection, words: str) -> None:
    assert brought(worker, kind="treatment", fact={**DRUG, "name": words}) == ["set_asides"]


@pytest.mark.parametrize(
    "words", ["docetaxel", "Janet's regimen", "left lung", "arm 4711", "1950", "第一群", "2026-01-05", "s"]
)
def test_what_is_alike_and_what_is_said_of_somebody_else_is_stored(worker: Connection, words: str) -> None:
    assert brought(worker, kind="treatment", fact={**DRUG, "name": words}) == ["treatments", "audit"]
    assert "set_asides" not in brought(worker, "PB", kind="treatment", fact={**DRUG, "name": "Jane Müller"})


def test_a_hospital_id_in_the_place_of_a_pseudonym_is_set_aside(worker: Connection) -> None:
    assert brought(worker, JANE["mrn"], kind="treatment", fact=DRUG) == ["set_asides"]


def test_the_others_of_a_batch_are_stored(worker: Connection) -> None:
    facts = [{**DRUG, "name": name} for name in ("docetaxel", "drug for Jane", "paclitaxel")]
    messages = [{"v": 1, "kind": "treatment", "received_as": "PJ", "fact": fact} for fact in facts]
    kept = accept(worker, [read_event(Letter("PJ", json.dumps(message).encode())) for message in messages])
    assert [event.fact.name for event in kept] == ["docetaxel", "paclitaxel"]
    assert worker.execute("SELECT count(*) FROM core.treatments").fetchone() == (2,)


def test_the_database_writes_names_as_tables_are_read(database: Database) -> None:
    names = [one.name for writing in PARTS for one in people(writing, random.Random(1))]
    letters = [chr(letter) for letter in range(0xC0, 0x250)] + ["Straße", "ΣΊΣΥΦΟΣ", "カタカナ", "ｶﾀｶﾅ", "한국", "ﬁ"]
    with database.connect("migrator") as owner:
        for text in (*names, *letters):
            assert owner.execute("SELECT core.plain(%s)", [text]).fetchone() == (plain(text),), text


def test_no_role_but_the_workers_may_ask_who_somebody_is(database: Database) -> None:
    ask = "SELECT has_function_privilege(%s, 'core.names_somebody(text, text[])', 'EXECUTE')"
    worker = database.connect()
    roles = ("gateway", "worker", "dashboard", "reader", "auditor", "vault")
    may = {role for role in roles if worker.execute(ask, [f"scanstream_{role}"]).fetchone() == (True,)}
    assert may == {"worker"}

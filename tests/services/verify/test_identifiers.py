"""I9: what tells who somebody is gets found in whatever text it stands; numbers and days that are alike do not."""

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest

from stream.services.accepting.set_asides import set_aside_row
from stream.services.facts.clinical import accept_clinical
from stream.services.verify.identifiers import held_in, no_identifier, originals, spellings, telling
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.database import Connection
from stream.storage.patients.vault import keep_patients
from stream.vocabulary import ReasonCode
from tests.database import Database
from tests.services.accepted_facts import accept, day, lung

JANE = {
    "patient_id": "PJ",
    "issuer": "NORTH",
    "mrn": "471199",
    "name": "Müller^Jane=山田^太郎=やまだ^たろう",
    "birth_date": "1950-05-23",
    "sex": "F",
}
STUDY = "1.2.840.113619.2.55.3.604688.123"
WANTED = telling([STUDY, *spellings(JANE["mrn"], JANE["name"], JANE["birth_date"])])
TELLING = [
    *("Müller^Jane=山田^太郎", "Müller^Jane", "see Jane Müller, please", "MULLER, JANE", "jane_muller", "Jane Mueller"),
    *("患者山田太郎さん", "太郎 山田", "ID 471199.", "mrn:471199", STUDY, f"study {STUDY}"),
    *("born 1950-05-23", "19500523", "23.05.1950", "05/23/1950"),
]
ALIKE = [
    *("Jane", "Muller's sign", "0.471199", "12.471199 mm", "1471199", "a471199", "2.25.4711994711", "471199f0c2"),
    *("1.2.840.113619.2.55.3.604688", "1950", "1950-05-24", "1950-05-23T10:00:00", "left lung"),
]


@pytest.fixture
def connection(database: Database) -> Connection:
    """One patient and her study in the vault, and a scan of somebody whose rows tell nothing."""
    gateway = database.connect("gateway")
    keep_patients(gateway, [JANE])
    append(gateway, schema.vault_scans, [{"scan_uid": "S", "study_instance_uid": STUDY}])
    connection = database.connect()
    accept(connection, lung("PA", "a", 0, 20.0))
    return connection


def found(database: Database, connection: Connection) -> list[str]:
    with database.connect("vault") as vault:  # the role has few connections
        return no_identifier(connection, originals(vault)).first


@contextmanager
def said(connection: Connection, reasons: Iterable[str] = (), facts: Iterable[object] = ()) -> Iterator[None]:
    """For the while, set-aside items of these reasons, and a patient of whom these facts are known."""
    with connection.transaction(force_rollback=True):
        items = [set_aside_row(reason, ReasonCode.BAD_VALUE, reason, day(0)) for reason in reasons]
        append(connection, schema.set_asides, items)
        accept_clinical(connection, [("PA", {"facts": list(facts)})], day(0))
        yield


@pytest.mark.parametrize("text", TELLING)
def test_what_tells_the_patient_is_found_in_a_text(text: str) -> None:
    assert held_in(iter(["before", text, "after"]), WANTED)


def test_it_is_found_in_a_reason_and_in_whatever_json_holds_it(database: Database, connection: Connection) -> None:
    with said(connection, ["Jane Müller was here"]):
        assert found(database, connection) == ["set_asides holds an original identifier"]
    for fact in ("471199", 471199, ["born", "1950-05-23"], {"who": "Müller\nJane"}, {"471199": True}):
        with said(connection, facts=[fact]):
            assert found(database, connection) == ["clinical holds an original identifier"]


def test_what_is_alike_is_not_found(database: Database, connection: Connection) -> None:
    with said(connection, ALIKE, [*ALIKE, 0.471199, 12.471199, 471199.0, 4711990]):
        assert found(database, connection) == []


def test_the_seed_of_a_model_card_is_no_birth_date(connection: Connection) -> None:
    seeds = [seed for (seed,) in connection.execute("SELECT card ->> 'seed' FROM core.weights")]
    assert telling(seeds)
    assert no_identifier(connection, seeds).first == []


def test_words_of_two_texts_are_no_name() -> None:
    assert not held_in(iter(["Müller", "Jane"]), WANTED)


def test_a_birth_date_that_is_somebodys_scan_day_is_no_identifier(database: Database, connection: Connection) -> None:
    born = {**JANE, "patient_id": "PB", "mrn": "young", "name": None, "birth_date": f"{day(7):%Y-%m-%d}"}
    keep_patients(database.connect("gateway"), [born])
    accept(connection, lung("PB", "newborn", 7, 20.0), lung("PA", "b", 7, 20.0))
    assert found(database, connection) == []


def test_ids_of_six_digits_are_not_found_in_pseudonyms_hashes_and_names_of_records(
    database: Database, connection: Connection
) -> None:
    rng = random.Random(1)
    accept(connection, *(lung(f"P{n}", f"2.25.{rng.getrandbits(128)}", n, rng.uniform(5, 90)) for n in range(50)))
    receipt = {"association_id": f"{rng.getrandbits(64):016x}", "outcome": "accepted", "received_at": day(0)}
    hashes = {"sha256": f"{rng.getrandbits(256):064x}", "content_sha256": f"{rng.getrandbits(256):064x}"}
    receipts = [{"receipt_id": f"{n:020}-{n:08}", **receipt, **hashes} for n in range(471190, 471200)]
    append(database.connect("gateway"), schema.receipts, receipts)
    assert no_identifier(connection, (f"{number:06}" for number in range(100_000, 1_000_000, 13))).first == []
    assert no_identifier(connection, ["00471199"]).first == []


def test_words_that_rows_say_anyhow_are_nobodys_name(database: Database, connection: Connection) -> None:
    names = ["Left^Lung", "Target^Lesion", "Applied", "longest diameter", "Anonymous", "Long", "Ng^Li"]
    people = [{**JANE, "patient_id": f"P{name}", "mrn": "1", "name": name} for name in names]
    keep_patients(database.connect("gateway"), people)
    reason = "Left lung: target lesion applied, longest diameter along the long axis; Ng Li, anonymous"
    with said(connection, [reason]):
        assert found(database, connection) == []

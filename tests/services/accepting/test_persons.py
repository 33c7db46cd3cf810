"""One Patient ID and two people: the first stands, the second waits for one decision."""

from dataclasses import replace
from itertools import permutations

import pytest

from stream.services.accepting.arrivals import DescribedInstance, ReceivedFile
from stream.services.accepting.decisions import SignOff, reject
from stream.services.accepting.received_files import accept
from stream.services.accepting.releasing import Amendment, Release
from stream.services.accepting.set_asides import item_id
from stream.services.verify.identifiers import no_identifier, originals
from stream.storage.database import Connection
from tests.database import Database
from tests.services.arrivals import report
from tests.services.receipts import received, vault

BERT = {"name": "Birch^Bert", "birth_date": "1993-11-12", "sex": "M"}
ANNA = SignOff("anna", "asked the ward")


def visit(scan: str, person: dict[str, str | None] | None = None, patient: str = "PA") -> DescribedInstance:
    """A report that names Jane Doe, or `person`, under one ID."""
    return report(scan, "r", patient, vault={**vault(patient, scan), **(person or {})})


class Files:
    """Kept files that say again what they said."""

    def __init__(self, *whats: DescribedInstance) -> None:
        self._whats = {received(what).sha256: what for what in whats}

    def describe(self, file: ReceivedFile, amendment: Amendment) -> DescribedInstance:
        what = self._whats[file.sha256]
        return replace(what, patient_id=amendment.patient) if amendment.patient else what

    def corrected_uid(self, instance_uid: str, content_sha256: str) -> str:
        return f"{instance_uid} {content_sha256}"

    def uri(self, sha256: str) -> str:
        return sha256


def bring(gateway: Connection, *whats: DescribedInstance) -> None:
    for what in whats:
        accept(gateway, [received(what)])


def asides(connection: Connection) -> list[tuple]:
    query = "SELECT scan_uid, reason_code, decision FROM core.set_asides ORDER BY scan_uid"
    return connection.execute(query).fetchall()


def release(database: Database, what: DescribedInstance, files: Files, amendment: Amendment = Amendment()) -> list:
    releasing = Release(database.connect("gateway"), files, amendment, ANNA)
    return releasing.take_up(item_id(received(what).content_sha256))[1]


@pytest.mark.parametrize("together", [True, False])
def test_the_second_person_under_an_id_waits_whoever_that_is(database: Database, together: bool) -> None:
    for number, order in enumerate(permutations([visit("s1"), visit("s2", BERT)])):
        database.empty()
        gateway = database.connect("gateway")
        for batch in [order] if together else [[what] for what in order]:
            accept(gateway, [received(what) for what in batch])
        assert asides(gateway) == [(f"s{2 - number}", "identity_doubt", None)]
        who = database.connect("vault").execute("SELECT name, sex FROM vault.patients").fetchall()
        assert who == [("Doe^Jane", "F") if number == 0 else ("Birch^Bert", "M")]


def test_spellings_and_what_is_missing_raise_no_question(database: Database) -> None:
    gateway = database.connect("gateway")
    spellings = [{"name": None, "sex": None}, {}, {"name": "DOE JANE M", "birth_date": None}, {"name": "Roe^Jane"}]
    bring(gateway, *(visit(f"s{number}", person) for number, person in enumerate(spellings)))
    assert asides(gateway) == []


def test_one_release_accepts_all_of_that_person_and_later_ones(database: Database) -> None:
    gateway = database.connect("gateway")
    second, third = visit("s2", BERT), visit("s3", {**BERT, "name": "BIRCH BERT"})
    other = visit("s4", {"name": "Cedar^Carl", "birth_date": "1970-07-07"})
    bring(gateway, visit("s1"), second, third, other)
    bells = release(database, third, Files(second, third))
    assert sorted(fields["scan_uid"] for _, _, fields in bells) == ["s2", "s3"]
    bring(gateway, visit("s5", BERT), visit("s6"))
    assert asides(gateway) == [
        ("s2", "identity_doubt", "released"),
        ("s3", "identity_doubt", "released"),
        ("s4", "identity_doubt", None),
    ]
    assert gateway.execute("SELECT count(*) FROM core.instances").fetchone() == (5,)


def test_studies_that_name_one_person_are_one_question(database: Database) -> None:
    gateway = database.connect("gateway")
    other = visit("s4", {"name": "Cedar^Carl", "birth_date": "1970-07-07"})
    bring(gateway, visit("s1"), visit("s2", BERT), other)
    accept(gateway, [received(visit("s3", {**BERT, "name": "BIRCH BERT"})), received(visit("s5", BERT))])
    query = "SELECT scan_uid, files FROM scanstream.set_aside WHERE item_id = cause ORDER BY 1"
    assert gateway.execute(query).fetchall() == [("s2", 3), ("s4", 1)]


def test_after_a_rejection_the_same_person_is_a_new_question(database: Database) -> None:
    gateway = database.connect("gateway")
    second, third = visit("s2", BERT), visit("s3", BERT)
    bring(gateway, visit("s1"), second)
    reject(gateway, item_id(received(second).content_sha256), ANNA)
    bring(gateway, third, visit("s4", BERT))
    waiting = "SELECT scan_uid, files FROM scanstream.set_aside WHERE item_id = cause AND decision IS NULL"
    assert gateway.execute(waiting).fetchall() == [("s3", 2)]


def test_one_rejection_rejects_all_of_that_person(database: Database) -> None:
    gateway = database.connect("gateway")
    second, other = visit("s2", BERT), visit("s4", {"name": "Cedar^Carl", "birth_date": "1970-07-07"})
    bring(gateway, visit("s1"), second, visit("s3", BERT), other)
    reject(gateway, item_id(received(second).content_sha256), ANNA)
    assert [decision for *_, decision in asides(gateway)] == ["rejected", "rejected", None]


def test_the_scans_of_the_second_person_go_to_the_patient_that_is_given(database: Database) -> None:
    gateway = database.connect("gateway")
    second, third = visit("s2", BERT), visit("s3", BERT)
    bring(gateway, visit("s1"), visit("s0", BERT, "PB"), second, third)
    release(database, second, Files(second, third), Amendment("PB"))
    moves = gateway.execute("SELECT scan_uid, other_id FROM core.identity_events ORDER BY 1").fetchall()
    assert moves == [("s2", "PB"), ("s3", "PB")]
    bring(gateway, visit("s4", BERT))
    assert asides(gateway)[-1] == ("s4", "identity_doubt", None)


def test_the_name_of_who_waits_is_an_original_that_stays_in_the_vault(database: Database) -> None:
    bring(database.connect("gateway"), visit("s1"), visit("s2", BERT))
    hidden = set(originals(database.connect("vault")))
    assert {"birch bert", "1993-11-12"} <= hidden
    assert no_identifier(database.connect(), hidden).first == []

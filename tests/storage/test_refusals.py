"""Who was not let in: counts add up, and who comes under ever new names fills no table."""

import datetime as dt

import pytest

from stream.dicom.gateway.refusals import KEPT, RefusalCause, Refusals
from stream.dicom.pseudonyms import KEY_BYTES, Pseudonyms
from stream.storage.intake.refusals import Refusal, count_refusals
from stream.storage.patients.vault import keep_patients
from tests.database import Database

NOW = dt.datetime.now(dt.UTC)
PSEUDONYMS = Pseudonyms(bytes(KEY_BYTES))
JANE = {"patient_id": "PJ", "issuer": "", "mrn": "4711990", "name": "Doe^Jane", "birth_date": None, "sex": None}


def times(database: Database) -> dict[tuple[str, str, str], int]:
    query = "SELECT sender, peer, cause, times FROM scanstream.refusal ORDER BY 1, 2, 3"
    return {(sender, peer, cause): times for sender, peer, cause, times in database.connect("reader").execute(query)}


def test_the_same_refusal_is_one_row_with_how_often(database: Database) -> None:
    gateway, refusals = database.connect("gateway"), Refusals()
    for _ in range(2):
        refusals.count(RefusalCause.UNKNOWN_AE, "CT9", "10.0.0.1")
    refusals.write_down(gateway, PSEUDONYMS.sender)
    refusals.count(RefusalCause.UNKNOWN_AE, "CT9", "10.0.0.1")
    refusals.count(RefusalCause.NO_TLS, "", "10.0.0.1")
    refusals.write_down(gateway, PSEUDONYMS.sender)
    refusals.write_down(gateway, PSEUDONYMS.sender)
    assert times(database) == {("", "10.0.0.1", "no_tls"): 1, ("CT9", "10.0.0.1", "unknown_ae"): 3}


def test_what_comes_while_it_is_written_is_counted_once(database: Database) -> None:
    gateway, refusals = database.connect("gateway"), Refusals()
    refusals.count(RefusalCause.UNKNOWN_AE, "CT9", "10.0.0.1")

    class Slow:
        """A connection on which something comes in between."""

        def __getattr__(self, name: str) -> object:
            if name == "transaction":
                refusals.count(RefusalCause.UNKNOWN_AE, "CT9", "10.0.0.1")
            return getattr(gateway, name)

    refusals.write_down(Slow(), PSEUDONYMS.sender)
    assert [one.times for one in refusals.pending()] == [1]
    refusals.write_down(gateway, PSEUDONYMS.sender)
    assert times(database) == {("CT9", "10.0.0.1", "unknown_ae"): 2}


def test_a_flood_of_names_is_counted_as_many_and_the_table_keeps_the_latest(database: Database) -> None:
    refusals = Refusals()
    for number in range(KEPT + 50):
        refusals.count(RefusalCause.UNKNOWN_AE, f"CT{number}", "10.0.0.1")
    assert {one[:3]: one.times for one in refusals.pending()}["", "", "unknown_ae"] == 50
    gateway = database.connect("gateway")
    old = NOW - dt.timedelta(days=91)
    count_refusals(gateway, [Refusal("OLD", "10.0.0.1", "address", "", 1, old, old)])
    for start in range(0, 1200, 200):
        many = [
            Refusal(f"N{n:04}", "", "address", "", 1, NOW, NOW + dt.timedelta(seconds=n))
            for n in range(start, start + 200)
        ]
        count_refusals(gateway, many)
    kept = sorted(sender for sender, _, _ in times(database))
    assert (len(kept), kept[0]) == (1000, "N0200")


def test_a_title_is_kept_as_a_title_only() -> None:
    refusals = Refusals()
    refusals.count(RefusalCause.UNKNOWN_AE, "Jane\nDoë born 1950 in Bern", "10.0.0.1")
    assert [one.calling_ae for one in refusals.pending()] == ["Jane?Do? born 19"]


def test_a_title_that_names_a_patient_is_a_pseudonym_also_where_it_was_written_before(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    gateway, refusals, jane = database.connect("gateway"), Refusals(), PSEUDONYMS.sender("JANE_DOE")
    refusals.count(RefusalCause.UNKNOWN_AE, "JANE_DOE", "10.0.0.1")
    refusals.write_down(gateway, PSEUDONYMS.sender)
    keep_patients(gateway, [JANE])
    for title in ("JANE_DOE", "CT9"):
        refusals.count(RefusalCause.UNKNOWN_AE, title, "10.0.0.1")
    refusals.write_down(gateway, PSEUDONYMS.sender)
    assert times(database) == {("CT9", "10.0.0.1", "unknown_ae"): 1, (jane, "10.0.0.1", "unknown_ae"): 2}
    assert "JANE" not in caplog.text


def test_a_title_that_an_administrator_listed_is_told_as_it_is(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    gateway, refusals = database.connect("gateway"), Refusals()
    keep_patients(gateway, [JANE])
    refusals.count(RefusalCause.ADDRESS, "JANE_DOE", "10.0.0.1")
    refusals.write_down(gateway, PSEUDONYMS.sender)
    assert times(database) == {("JANE_DOE", "10.0.0.1", "address"): 1}
    assert "calling_ae=JANE_DOE" in caplog.text

"""An AE title that names a patient is written as its pseudonym, and stands for the same sender before and after."""

from dataclasses import replace

import pytest

from stream.services.accepting.arrivals import DescribedInstance, ReceivedFile, UnusableFile
from stream.services.accepting.received_files import accept
from stream.storage.database import Connection
from tests.database import Database
from tests.services.receipts import described, received

WHOLE, PART = "JANE_DOE", "WS_DOE"
PSEUDONYM = "sender-ABCDEFGH"


@pytest.fixture
def gateway(database: Database) -> Connection:
    return database.connect("gateway")


def sent(
    title: str, what: DescribedInstance | UnusableFile, association: str, listed: bool = False, named: bool = False
) -> ReceivedFile:
    """A file sent under `title`; listed: an administrator wrote the title down; named: the file's patient has it."""
    file = received(what, association=association)
    return replace(file, calling_ae=title, pseudonym=None if listed else PSEUDONYM, names_sender=named)


def senders(database: Database) -> list[tuple[str, int]]:
    return database.connect("reader").execute("SELECT sender, files FROM scanstream.sender ORDER BY 1").fetchall()


def associations(gateway: Connection) -> dict[str, str]:
    return dict(gateway.execute("SELECT association_id, calling_ae FROM core.associations").fetchall())


@pytest.mark.parametrize("what", [described("s1", "i1", "PA"), UnusableFile("no_date", "No date.", "s1")])
def test_a_title_that_names_the_patient_of_its_file_is_written_nowhere(
    gateway: Connection, database: Database, what: DescribedInstance | UnusableFile
) -> None:
    accept(gateway, [sent(PART, what, "a1", named=True)])
    assert senders(database) == [(PSEUDONYM, 1)]
    assert associations(gateway) == {"a1": PSEUDONYM}


def test_a_title_with_the_whole_name_of_another_patient_is_written_nowhere(
    gateway: Connection, database: Database
) -> None:
    accept(gateway, [received(described("s1", "i1", "PA"))])
    accept(gateway, [sent(WHOLE, described("s2", "i2", "PB"), "a2"), sent(PART, described("s3", "i3", "PB"), "a3")])
    assert senders(database) == [("PACS", 1), (PART, 1), (PSEUDONYM, 1)]


def test_what_was_written_of_a_sender_before_its_title_named_somebody_is_given_the_pseudonym(
    gateway: Connection, database: Database
) -> None:
    accept(gateway, [sent(PART, described("s1", "i1", "PB"), "a1")])
    assert senders(database) == [(PART, 1)]
    accept(gateway, [sent(PART, described("s2", "i2", "PA"), "a2", named=True)])
    accept(gateway, [sent(PART, described("s3", "i3", "PB"), "a3")])
    assert senders(database) == [(PSEUDONYM, 3)]
    assert set(associations(gateway).values()) == {PSEUDONYM}


def test_a_title_that_an_administrator_wrote_down_stays(gateway: Connection, database: Database) -> None:
    accept(gateway, [sent(WHOLE, described("s1", "i1", "PA"), "a1", listed=True, named=True)])
    assert senders(database) == [(WHOLE, 1)]

"""Forwarding within bounded memory, however much an outage left in the spool."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import psycopg
import pytest
from pydicom import Dataset

from stream.archive.originals import Archive
from stream.dicom import header_reading
from stream.dicom.gateway import forwarder as forwarding
from stream.dicom.gateway.forwarder import Forwarder
from stream.dicom.gateway.receiver import Receiver
from stream.dicom.gateway.released import ArchivedFiles
from stream.dicom.gateway.sender import send
from stream.dicom.gateway.spool import Spool
from stream.dicom.header_reading import HeaderReader
from stream.endpoints import KAFKA_ADMIN, free_port, kafka_login
from stream.errors import AnswerIsNo
from stream.publisher import Publisher, ensure_topics
from stream.services.accepting.arrivals import DescribedInstance
from stream.services.accepting.decisions import kept_file
from stream.services.accepting.releasing import Amendment
from stream.settings import Settings, load_settings
from stream.simulated.synthetic import make_sr, save
from stream.storage.database import Connection, Outage, connect
from stream.storage.intake.set_asides import find_item
from stream.wiring.pseudonyms import pseudonyms
from tests.database import Database
from tests.journey.topics import messages
from tests.waiting import wait_until

REPORTS = 5


@pytest.fixture
def spool(gateway: Settings, tmp_path: Path) -> Spool:
    """Reports of one association, and its end."""
    spool = Spool(gateway.spool)
    spool.open()
    _keep(gateway, spool, [make_sr(PatientID=f"p{number}") for number in range(REPORTS)], tmp_path)
    return spool


def _keep(gateway: Settings, spool: Spool, reports: Sequence[Dataset], folder: Path, ae_title: str = "TEST") -> None:
    """Let the gateway receive `reports` in one association."""
    receiver = Receiver(gateway, spool, lambda: None)
    receiver.start()
    files = [save(report, folder / f"{number}.dcm") for number, report in enumerate(reports)]
    sent = list(send(files, gateway.dicom_host, gateway.dicom_port, gateway.dicom_ae_title, ae_title))
    receiver.stop()
    assert [one.status for one in sent] == [0] * len(reports)


@pytest.fixture
def gateway(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "data", dicom_port=free_port())


@pytest.fixture
def headers(gateway: Settings) -> Iterator[HeaderReader]:
    reader = HeaderReader(gateway)
    yield reader
    reader.close()


@pytest.fixture
def forwarder(
    services: Settings, database: Database, gateway: Settings, spool: Spool, headers: HeaderReader
) -> Forwarder:
    login = kafka_login(services, KAFKA_ADMIN)
    ensure_topics(login, services.partitions)
    return Forwarder(
        gateway,
        spool,
        Archive(gateway.archive),
        partial(connect, database.settings, "gateway"),
        Publisher(login, services.partitions),
        partial(pseudonyms, gateway),
        headers,
    )


def test_a_full_spool_is_handed_over_piece_by_piece_the_oldest_first(
    forwarder: Forwarder, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "PASS_LIMIT", 2)
    before = [record.name for record in spool.records()]
    for left in (4, 2, 0):
        forwarder.hand_over()
        assert [record.name for record in spool.records()] == before[REPORTS + 1 - left :]


def test_files_that_keep_coming_are_handed_over_together(
    forwarder: Forwarder, gateway: Settings, spool: Spool, database: Database, tmp_path: Path
) -> None:
    receiver, thread = Receiver(gateway, spool, forwarder.ring), threading.Thread(target=forwarder.run)
    receiver.start()
    thread.start()
    files = [save(make_sr(PatientID=f"q{number}"), tmp_path / f"q{number}.dcm") for number in range(40)]
    for _ in send(files, gateway.dicom_host, gateway.dicom_port, gateway.dicom_ae_title, "TEST"):
        threading.Event().wait(1 / 25)  # the pace of a scanner
    wait_until(lambda: not spool.records())
    receiver.stop()
    forwarder.stop()
    thread.join()
    query = "SELECT xmin::text FROM core.instances ORDER BY accepted_at DESC LIMIT 20"
    assert len(set(database.connect("migrator").execute(query).fetchall())) < 8  # transactions


def test_a_file_that_takes_too_long_holds_up_no_other_and_is_handed_over_in_the_end(
    forwarder: Forwarder, spool: Spool, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = spool.records()[2]
    _as_superuser(database, SLOW.format(slow.sha256))
    monkeypatch.setattr(forwarder, "_connect", lambda: _hasty(database))
    for _ in range(6):  # five records twice, then one by one, the third twice
        with suppress(*Outage):
            forwarder.hand_over()
    assert [record.name for record in spool.records()] == [slow.name]
    assert database.connect().execute("SELECT count(*) FROM core.receipts").fetchone() == (REPORTS - 1,)
    assert forwarder.hand_over() == 0
    _as_superuser(database, "DROP FUNCTION core.slow CASCADE")
    monkeypatch.setattr(forwarding.time, "monotonic", lambda: 10**9)
    assert forwarder.hand_over() == 1
    assert spool.records() == []


SLOW = """CREATE FUNCTION core.slow() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN IF NEW.sha256 = '{}' THEN PERFORM pg_sleep(5); END IF; RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE INSERT ON core.receipts FOR EACH ROW EXECUTE FUNCTION core.slow()"""


def _as_superuser(database: Database, query: str) -> None:
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute(query)


def _hasty(database: Database) -> Connection:
    """A connection that gives a transaction half a second."""
    connection = connect(database.settings, "gateway")
    connection.execute("SET transaction_timeout = '500ms'")
    return connection


def test_the_end_of_an_association_with_many_scans_is_told_in_messages_that_kafka_takes(
    forwarder: Forwarder, spool: Spool, services: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "SCANS_LIMIT", 1)
    forwarder.hand_over()
    assert spool.records() == []
    scans = {row[0] for row in database.connect().execute("SELECT scan_uid FROM core.scans")}
    told = [line for line in messages(services)["instances"] if "scan_uids" in line]
    assert all(sum(f'"scan_uids":["{uid}"]' in line for line in told) == 1 for uid in scans)


def test_a_file_that_cannot_be_placed_is_set_aside_for_the_patient_that_it_names(
    forwarder: Forwarder, gateway: Settings, spool: Spool, database: Database, tmp_path: Path
) -> None:
    undated = {"StudyDate": "", "ContentDate": ""}
    _keep(gateway, spool, [make_sr(PatientID="undated", **undated), make_sr(PatientID="", **undated)], tmp_path)
    forwarder.hand_over()
    reader = database.connect("reader")
    found = reader.execute("SELECT reason_code, patient_id FROM scanstream.set_aside ORDER BY 1").fetchall()
    patient = pseudonyms(gateway, database.connect("gateway")).patient_id(gateway.issuer, "undated")
    assert found == [("no_date", patient), ("no_patient_id", None)]
    (need,) = reader.execute("SELECT need FROM scanstream.worklist WHERE patient_id = %s", [patient]).fetchone()
    assert need == "decision"


def test_a_file_that_takes_long_to_read_holds_up_the_end_of_its_association_and_nothing_else(
    forwarder: Forwarder, headers: HeaderReader, gateway: Settings, spool: Spool, database: Database, tmp_path: Path
) -> None:
    forwarder.hand_over()
    _keep(gateway, spool, [make_sr(PatientID="large", **LARGE), make_sr(PatientID="after")], tmp_path / "large")
    large, _, end = spool.records()
    _keep(gateway, spool, [make_sr(PatientID="else")], tmp_path)
    _made_large(spool.file(large))
    forwarder.hand_over()
    assert spool.records() == [large, end]
    wait_until(lambda: not headers.late(), PATIENCE_SECONDS)
    forwarder.hand_over()
    assert spool.records() == []
    shown = database.connect("reader").execute("SELECT count(*) FROM scanstream.set_aside").fetchone()
    assert shown == (0,)
    assert database.connect().execute("SELECT count(*) FROM core.scans").fetchone() == (REPORTS + 3,)


def test_a_file_that_takes_more_than_it_is_given_is_set_aside_for_the_patient_that_it_names(
    forwarder: Forwarder,
    headers: HeaderReader,
    gateway: Settings,
    spool: Spool,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(header_reading, "PATIENT", header_reading.QUICK)
    forwarder.hand_over()
    _keep(gateway, spool, [make_sr(PatientID="large", **LARGE)], tmp_path)
    large = spool.records()[0]
    _made_large(spool.file(large))
    forwarder.hand_over()
    wait_until(lambda: not headers.late(), PATIENCE_SECONDS)
    forwarder.hand_over()
    assert spool.records() == []
    shown = database.connect("reader").execute("SELECT reason_code, patient_id, reason FROM scanstream.set_aside")
    patient = pseudonyms(gateway, database.connect("gateway")).patient_id(gateway.issuer, "large")
    why = "The header cannot be read within 0.1 s of processor time."
    assert shown.fetchall() == [("too_large", patient, why)]
    with pytest.raises(AnswerIsNo, match=why):
        _released(gateway, database, headers)


def _released(gateway: Settings, database: Database, headers: HeaderReader) -> DescribedInstance:
    """What the one file that was set aside is, with nothing said of it."""
    connection = database.connect("gateway")
    (item_id,) = connection.execute("SELECT item_id FROM core.set_asides").fetchone()
    file = kept_file(connection, find_item(connection, item_id))
    made = partial(pseudonyms, gateway, connection)
    kept = ArchivedFiles(gateway, Archive(gateway.archive), made, headers.patiently)
    return kept.describe(file, Amendment())


LARGE = {"ReferencedImageSequence": []}
ITEMS = 60_000
PATIENCE_SECONDS = 120.0


def _made_large(file: Path) -> None:
    """Give the report of LARGE many items: seconds for who reads it, far below what the door lets in."""
    mark, item = b"\x08\x00\x40\x11SQ\0\0", b"\xfe\xff\x00\xe0\0\0\0\0"
    before, found, after = file.read_bytes().partition(mark + bytes(4))
    assert found
    file.write_bytes(before + mark + (len(item) * ITEMS).to_bytes(4, "little") + item * ITEMS + after)


@pytest.mark.parametrize("listed", [True, False])
def test_a_title_with_a_part_of_the_patients_name_stays_only_where_an_administrator_listed_it(
    forwarder: Forwarder, gateway: Settings, spool: Spool, database: Database, tmp_path: Path, listed: bool
) -> None:
    if listed:
        gateway.peers.write_text('[[peer]]\nae_title = "DOE_CT"\n')
    _keep(gateway, spool, [make_sr(PatientName="Doe^Jane")], tmp_path, "DOE_CT")
    forwarder.hand_over()
    title = "DOE_CT" if listed else pseudonyms(gateway, database.connect("gateway")).sender("DOE_CT")
    query = "SELECT sender FROM scanstream.sender UNION SELECT calling_ae FROM core.associations"
    assert {sender for (sender,) in database.connect("migrator").execute(query)} == {"TEST", title}

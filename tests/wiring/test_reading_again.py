"""Commands that read files again outlive a file that kills whoever reads it, and say whose it is."""

import os
import signal
from pathlib import Path

import pytest

from stream.archive.originals import Archive
from stream.dicom import header_reading
from stream.dicom.archive_reader import ArchiveReader
from stream.dicom.pseudonyms import Pseudonyms, load_or_make_key
from stream.errors import AnswerIsNo
from stream.measured_scan import MeasuredScan
from stream.services.accepting.arrivals import UnusableFile
from stream.services.accepting.decisions import SignOff
from stream.services.accepting.received_files import accept
from stream.services.accepting.releasing import Amendment
from stream.services.accepting.set_asides import item_id
from stream.services.measuring.remeasuring import RemeasuredScan
from stream.services.verify.invariants import Invariant
from stream.settings import Settings
from stream.storage.intake.measurements import CompleteScan
from stream.wiring.releasing import release
from stream.wiring.remeasuring import remeasuring
from stream.wiring.verifying import findings
from tests.database import Database
from tests.services.arrivals import Arrivals, report
from tests.services.receipts import received, vault

ASIDE = received(UnusableFile("no_date", "No date.", "s3"), "a file without a date")
PATIENTS = "PA", "PB"
KILLED = "killed_worker: 3 times the process ended that measured the scan."


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """Of a service with an archive and a key of its own."""
    load_or_make_key(tmp_path / "key")
    return database.settings.model_copy(update={"archive_dir": tmp_path / "archive", "key_file": tmp_path / "key"})


@pytest.fixture
def scans(settings: Settings) -> tuple[str, ...]:
    """Two scans by the pseudonyms of this service, which a check compares with its key."""
    ids = Pseudonyms(load_or_make_key(settings.pseudonym_key_file))
    return tuple(ids.scan_uid(vault(patient, patient)["study_instance_uid"] or "") for patient in PATIENTS)


@pytest.fixture
def arrivals(
    database: Database, settings: Settings, scans: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> Arrivals:
    """Reports of two patients; that of PA kills whoever reads it now."""
    arrivals = Arrivals(database)

    def read(_: ArchiveReader, scan: CompleteScan) -> MeasuredScan:
        if scan.patient_id == "PA":
            os.kill(os.getpid(), signal.SIGKILL)
        return arrivals.read(scan)

    for scan, patient in zip(scans, PATIENTS, strict=True):
        arrivals.bring(report(scan, patient=patient, vault=vault(patient, patient)))
        Archive(settings.archive).keep(f"{scan}/r".encode())
    monkeypatch.setattr(ArchiveReader, "__call__", read)
    return arrivals


def test_a_file_that_kills_its_reader_fails_its_check_and_the_others_go_on(
    arrivals: Arrivals, database: Database, settings: Settings, scans: tuple[str, ...]
) -> None:
    found = {each.invariant: each for each in findings(settings, arrivals.worker, database.connect("vault"), 100)}
    again = found[Invariant.MEASURED_AGAIN]
    assert (again.checked, again.first) == (2, [f"scan {scans[0]} revision 1: {KILLED}"])
    assert found[Invariant.AUDIT_CHAIN].failed == 0


def test_a_file_that_kills_its_reader_cannot_be_measured_again_and_the_others_are(
    arrivals: Arrivals, settings: Settings, scans: tuple[str, ...]
) -> None:
    with remeasuring(settings, arrivals.worker, None) as again:
        (outcomes,) = again.outcomes(lambda _: None)
    said = [RemeasuredScan(scans[0], 1, "failed", KILLED), RemeasuredScan(scans[1], 1, "same")]
    assert sorted(outcomes, key=lambda each: scans.index(each.scan_uid)) == said


def test_a_file_that_kills_its_reader_is_not_released_and_the_command_says_why(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    Archive(settings.archive).keep(b"a file without a date")
    accept(database.connect("gateway"), [ASIDE])
    monkeypatch.setattr(header_reading, "read_dataset", lambda _: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(AnswerIsNo, match="3 times the process ended that read the header"):
        release(settings, item_id(ASIDE.content_sha256), Amendment(date="2024-02-08"), SignOff("anna", "looked at it"))
    undecided = "SELECT decision FROM scanstream.set_aside"
    assert database.connect("reader").execute(undecided).fetchall() == [(None,)]

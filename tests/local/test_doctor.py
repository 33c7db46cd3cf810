import hashlib
import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from stream import disks
from stream.archive.originals import Archive
from stream.local import doctor
from stream.local.doctor import CheckResult, examine
from stream.local.lock_file import exclusive
from stream.services.accepting.received_files import accept
from stream.settings import Settings, load_settings
from tests.database import Database
from tests.services.receipts import described, received
from tests.test_cli import scanstream


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service_settings: Settings) -> Path:
    """A data folder of its own, with the session's free ports."""
    monkeypatch.setenv("SCANSTREAM_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SCANSTREAM_DICOM_PORT", str(service_settings.dicom_port))
    monkeypatch.setenv("SCANSTREAM_DASHBOARD_PORT", str(service_settings.dashboard_port))
    return tmp_path


def result_of(check: str) -> CheckResult:
    return next(result for result in examine() if result.check == check)


@pytest.mark.usefixtures("folder")
def test_a_machine_that_is_set_up_is_well_before_the_first_start() -> None:
    assert [result for result in examine() if not result.well] == []


def test_a_key_that_others_can_read_is_named_with_its_cure(folder: Path) -> None:
    key = folder / "pseudonym.key"
    key.write_text("0" * 64)
    key.chmod(0o644)
    assert result_of("key file").cure == f"chmod 600 {key}"


def test_a_service_on_other_ports_than_those_of_the_settings_is_told(folder: Path) -> None:
    settings = load_settings()
    settings.run.mkdir(parents=True)
    with exclusive(settings.run / "up.lock", "held"), socket.create_server(("127.0.0.1", settings.dicom_port)):
        alone = result_of("ports")
        assert not alone.well
        assert f"nobody listens on {settings.dashboard_port}" in alone.detail
        with socket.create_server(("127.0.0.1", settings.dashboard_port)):
            assert result_of("ports").well


def test_a_damaged_key_is_told_from_a_good_one(folder: Path) -> None:
    key = folder / "pseudonym.key"
    key.touch(mode=0o600)
    key.write_text("0" * 10)
    assert not result_of("key file").well
    key.write_text("0" * 64)
    assert result_of("key file").well


@pytest.mark.usefixtures("folder")
def test_weights_that_do_not_fit_their_card_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = tmp_path / "cards" / "response" / "card.json"
    card.parent.mkdir(parents=True)
    card.write_text(json.dumps({"weights_sha256": "0" * 64}))
    monkeypatch.setattr(doctor, "MODELS", tmp_path)
    assert "cards/response has no weights that its card describes" in result_of("weights").detail


@pytest.mark.usefixtures("folder")
def test_a_disk_that_is_nearly_full_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disks, "FREE_BYTES", 2**60)
    assert not result_of("disk").well


@pytest.mark.usefixtures("folder")
def test_wrong_settings_are_one_finding_and_the_rest_is_still_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCANSTREAM_PARTITIONS", "many")
    assert "SCANSTREAM_PARTITIONS" in result_of("settings").detail
    assert result_of("java").well


@pytest.mark.usefixtures("folder")
def test_an_external_kafka_and_postgres_that_do_not_answer_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCANSTREAM_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("SCANSTREAM_DATABASE_URL", "postgresql://boss:secret@127.0.0.1:1/scans")
    monkeypatch.setenv("SCANSTREAM_DATABASE_PASSWORD_WORKER", "secret")
    wrong = {result.check: result for result in examine() if not result.well}
    assert "Kafka does not answer" in wrong["kafka"].detail
    assert "Postgres cannot be used" in wrong["postgres"].detail
    assert "secret" not in str(wrong)


def test_the_exit_code_says_whether_something_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "pseudonym.key").write_text("0" * 64)
    (tmp_path / "pseudonym.key").chmod(0o644)
    ended = scanstream("doctor", "--json", folder=tmp_path)
    assert ended.returncode == 1
    told = {result["check"]: result for result in json.loads(ended.stdout)}
    assert not told["key file"]["well"]
    assert "key file" in ended.stderr


def test_a_file_of_the_archive_that_is_not_what_was_received_is_named(
    folder: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in database.settings.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SCANSTREAM_DATA_DIR", str(folder))
    sha256 = hashlib.sha256(b"whole").hexdigest()
    archive = Archive(load_settings().archive)
    path = archive.path(sha256)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"whole")
    what = replace(received(described()), sha256=sha256)
    accept(database.connect("gateway"), [what])
    assert result_of("archive").well
    path.write_bytes(b"who")
    found = result_of("archive")
    assert str(path) in found.detail
    assert "sent again" in found.cure

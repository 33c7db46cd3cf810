import json
from pathlib import Path

import pytest

from stream.local import doctor
from stream.local.doctor import Finding, examine
from stream.settings import Settings
from tests.test_cli import scanstream


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service_settings: Settings) -> Path:
    """A data folder of its own, with the session's free ports."""
    monkeypatch.setenv("SCANSTREAM_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SCANSTREAM_DICOM_PORT", str(service_settings.dicom_port))
    monkeypatch.setenv("SCANSTREAM_DASHBOARD_PORT", str(service_settings.dashboard_port))
    return tmp_path


def found(check: str) -> Finding:
    return next(finding for finding in examine() if finding.check == check)


@pytest.mark.usefixtures("folder")
def test_a_machine_that_is_set_up_is_well_before_the_first_start() -> None:
    assert [finding for finding in examine() if not finding.well] == []


def test_a_key_that_others_can_read_is_named_with_its_cure(folder: Path) -> None:
    key = folder / "pseudonym.key"
    key.write_text("0" * 64)
    key.chmod(0o644)
    assert found("key file").cure == f"chmod 600 {key}"


def test_a_damaged_key_is_told_from_a_good_one(folder: Path) -> None:
    key = folder / "pseudonym.key"
    key.touch(mode=0o600)
    key.write_text("0" * 10)
    assert not found("key file").well
    key.write_text("0" * 64)
    assert found("key file").well


@pytest.mark.usefixtures("folder")
def test_weights_that_do_not_fit_their_card_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = tmp_path / "cards" / "response" / "card.json"
    card.parent.mkdir(parents=True)
    card.write_text(json.dumps({"weights_sha256": "0" * 64}))
    monkeypatch.setattr(doctor, "CARDS", tmp_path / "cards")
    assert "response/weights.safetensors is not the file its card describes" in found("weights").detail


@pytest.mark.usefixtures("folder")
def test_a_disk_that_is_nearly_full_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "FREE_BYTES", 2**60)
    assert not found("disk").well


@pytest.mark.usefixtures("folder")
def test_wrong_settings_are_one_finding_and_the_rest_is_still_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCANSTREAM_PARTITIONS", "many")
    assert "SCANSTREAM_PARTITIONS" in found("settings").detail
    assert found("java").well


@pytest.mark.usefixtures("folder")
def test_an_external_kafka_and_postgres_that_do_not_answer_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCANSTREAM_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("SCANSTREAM_DATABASE_URL", "postgresql://boss:secret@127.0.0.1:1/scans")
    monkeypatch.setenv("SCANSTREAM_DATABASE_PASSWORD_WORKER", "secret")
    wrong = {finding.check: finding for finding in examine() if not finding.well}
    assert "Kafka does not answer" in wrong["kafka"].detail
    assert "Postgres cannot be used" in wrong["postgres"].detail
    assert "secret" not in str(wrong)


def test_the_exit_code_says_whether_something_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "pseudonym.key").write_text("0" * 64)
    (tmp_path / "pseudonym.key").chmod(0o644)
    ended = scanstream("doctor", "--json", folder=tmp_path)
    assert ended.returncode == 1
    told = {finding["check"]: finding for finding in json.loads(ended.stdout)}
    assert not told["key file"]["well"]
    assert "key file" in ended.stderr

"""Settings: what is wrong is said in one sentence that names it."""

import os
from pathlib import Path

import pytest

from stream.errors import WrongUse
from stream.settings import Settings, load_settings, standing_settings


@pytest.fixture(autouse=True)
def _a_clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("SCANSTREAM_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_a_service_needs_no_settings() -> None:
    settings = load_settings()
    assert (settings.dicom_ae_title, settings.dicom_host, settings.dicom_port) == ("SCANSTREAM", "127.0.0.1", 11112)
    assert (settings.partitions, settings.workers, settings.device, settings.time_zone) == (8, 1, "auto", "UTC")
    assert (settings.association_wait_seconds, settings.quiet_seconds) == (2, 30)
    assert settings.final_after_seconds == 86400
    assert settings.archive == settings.data_dir / "archive"
    assert settings.pseudonym_key_file == settings.data_dir / "pseudonym.key"


def test_pictures_of_lesions_are_made_unless_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().key_slices
    monkeypatch.setenv("SCANSTREAM_KEY_SLICES", "off")
    assert not load_settings().key_slices
    monkeypatch.setenv("SCANSTREAM_KEY_SLICES", load_settings().environment()["SCANSTREAM_KEY_SLICES"])
    assert not load_settings().key_slices


def test_standing_settings_are_those_of_the_environment_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCANSTREAM_TIME_ZONE", "Europe/Berlin")
    assert standing_settings() == load_settings()
    monkeypatch.setenv("SCANSTREAM_TIME_ZONE", "Asia/Tokyo")
    assert standing_settings().time_zone == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DICOM_PORT", "0"),
        ("DICOM_PORT", "many"),
        ("PARTITIONS", "0"),
        ("WORKERS", "-1"),
        ("QUIET_SECONDS", "-2"),
        ("DEVICE", "tpu"),
        ("PART_NAME", "worker of room 4"),
        ("TIME_ZONE", "Mars/Olympus"),
        ("KEY_SLICES", "sometimes"),
        ("CRITERIA", "RECIST 1.1; RECIST 2"),
        ("TIME_ZONE", "../../etc/passwd"),
        ("DASHBOARD_NAMES", "scans.hospital.example, https://scans.hospital.example"),
        ("DASHBOARD_NAMES", "*"),
        ("DICOM_AE_TITLE", ""),
        ("DICOM_AE_TITLE", "LONGER_THAN_SIXTEEN"),
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"SCANSTREAM_{name}", value)
    with pytest.raises(WrongUse, match=f"SCANSTREAM_{name}") as caught:
        load_settings()
    assert "\n" not in str(caught.value)


def test_a_name_that_does_not_exist_is_an_error_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCANSTREAM_DICOM_PROT", "11113")
    with pytest.raises(WrongUse, match="SCANSTREAM_DICOM_PROT"):
        load_settings()


def test_a_name_that_does_not_exist_is_an_error_in_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SCANSTREAM_DICOM_PROT=11113\n")
    with pytest.raises(WrongUse, match="SCANSTREAM_DICOM_PROT"):
        load_settings()


def test_the_environment_counts_more_than_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SCANSTREAM_DICOM_PORT=4242\nSCANSTREAM_WORKERS=3\n")
    monkeypatch.setenv("SCANSTREAM_DICOM_PORT", "4343")
    settings = load_settings()
    assert (settings.dicom_port, settings.workers) == (4343, 3)


def test_children_get_the_same_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "data", dicom_port=4242, issuer="NORTH", time_zone="Europe/Berlin")
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


def test_a_folder_is_the_same_wherever_a_part_is_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = load_settings(data_dir="data")
    monkeypatch.chdir("/")
    assert settings.data_dir == tmp_path / "data"
    assert load_settings(data_dir="~/data").data_dir == Path.home() / "data"


@pytest.mark.parametrize(
    ("issuer", "calling_ae", "expected"),
    [
        ("", "ANY", ""),
        ("MAIN", "ANY", "MAIN"),
        ("MAIN,PACS2=NORTH", "PACS2", "NORTH"),
        ("MAIN,PACS2=NORTH", "PACS3", "MAIN"),
        ("PACS2=NORTH", "PACS3", ""),
        ("PACS2=NORTH, PACS3 = SOUTH", "PACS3", "SOUTH"),
    ],
)
def test_the_issuer_may_depend_on_who_calls(issuer: str, calling_ae: str, expected: str) -> None:
    assert Settings(issuer=issuer).issuer_for(calling_ae) == expected


def test_a_password_may_be_a_file_which_no_child_sees_in_its_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "scanstream_database_password_worker").write_text("of a file\n")
    (tmp_path / "scanstream_database_password_reader").write_text("of a file")
    monkeypatch.setenv("SCANSTREAM_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("SCANSTREAM_DATABASE_PASSWORD_READER", "said")
    settings = load_settings()
    assert settings.database_password_worker == "of a file"
    assert settings.database_password_reader == "said"
    environment = settings.environment()
    assert "of a file" not in environment.values()
    assert environment["SCANSTREAM_DATABASE_PASSWORD_READER"] == "said"
    assert environment["SCANSTREAM_SECRETS_DIR"] == str(tmp_path)


def test_an_empty_secret_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "scanstream_kafka_password_gateway").write_text("\n")
    monkeypatch.setenv("SCANSTREAM_SECRETS_DIR", str(tmp_path))
    with pytest.raises(WrongUse, match="scanstream_kafka_password_gateway is empty"):
        load_settings()

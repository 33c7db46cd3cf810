"""What cannot start says so in one sentence."""

from subprocess import CompletedProcess

import pytest

from stream.endpoints import SUPERUSER, embedded_url, free_port, load_endpoints
from stream.settings import load_settings
from stream.storage.database import connect
from stream.storage.roles import ensure_database
from tests.journey.service import Service
from tests.kafka_accounts import kafka_accounts


def test_wrong_settings_exit_2(service: Service) -> None:
    assert_one_sentence(service.command("worker", workers="none"), 2, "SCANSTREAM_WORKERS")
    assert_one_sentence(service.command("gateway", dicom_prot=104), 2, "Unknown setting SCANSTREAM_DICOM_PROT")


@pytest.mark.parametrize("part", ["gateway", "dashboard"])
def test_a_port_in_use_exits_3(service: Service, part: str) -> None:
    assert_one_sentence(service.command(part), 3, {"gateway": "DICOM_PORT", "dashboard": "DASHBOARD_PORT"}[part])


def test_a_second_service_on_the_same_folder_exits_3(service: Service) -> None:
    told = service.command("up", dicom_port=free_port(), dashboard_port=free_port())
    assert_one_sentence(told, 3, f"A service runs on {service.settings.data_dir} already")


@pytest.mark.parametrize("command", ["up", "worker"])
def test_a_database_from_a_newer_version_exits_3(
    service: Service, tmp_path_factory: pytest.TempPathFactory, command: str
) -> None:
    """The command meets a real database of this version, whose schema is then said to be of a later one."""
    endpoints = load_endpoints(service.settings)
    database = f"newer_{command}"
    ensure_database(embedded_url(endpoints, SUPERUSER, "postgres"), database, "scanstream_migrator")
    url = embedded_url(endpoints, "scanstream_migrator", database)
    roles = endpoints.passwords.keys() - {SUPERUSER, "migrator"}
    passwords = {f"database_password_{role}": endpoints.passwords[role] for role in roles}
    other = {
        **passwords,
        "data_dir": tmp_path_factory.mktemp("newer"),
        "database_url": url,
        "dicom_port": free_port(),
        "dashboard_port": free_port(),
        "kafka_bootstrap_servers": f"127.0.0.1:{endpoints.kafka_port}",
        **kafka_accounts(service.settings),
    }
    upgraded = service.command("db", "upgrade", **other)
    assert upgraded.returncode == 0, upgraded.stderr
    with connect(load_settings(database_url=url), "migrator") as connection:
        connection.execute("UPDATE core.alembic_version SET version_num = '9999'")
    assert_one_sentence(service.command(command, **other), 3, "install a newer ScanStream")


def assert_one_sentence(told: CompletedProcess[str], code: int, says: str) -> None:
    """Exit code `code` and one line on stderr that holds `says`."""
    assert told.returncode == code, told.stderr
    assert told.stderr.startswith("scanstream: "), told.stderr
    assert told.stderr.count("\n") == 1, told.stderr
    assert says in told.stderr

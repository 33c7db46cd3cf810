"""The whole service on one machine: embedded parts, database, topics, then gateway, workers and dashboard."""

import socket
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException

from stream.dicom.gateway.guard import Guard
from stream.endpoints import KAFKA_ADMIN, check_port, kafka_login
from stream.errors import CannotStart
from stream.local.embedded import start_embedded
from stream.local.listening import note
from stream.local.lock_file import exclusive
from stream.local.supervisor import SupervisedProcess, Supervisor, signals_stop
from stream.publisher import check_kafka, ensure_topics
from stream.settings import Settings
from stream.storage.database import upgrade
from stream.storage.roles import check_postgres
from stream.wiring.pseudonyms import check_key

DASHBOARD_HOST = "127.0.0.1"


@contextmanager
def running(settings: Settings) -> Iterator[Supervisor]:
    """All parts started and ready; leaving stops them. Call from the main thread, then `Supervisor.watch`.

    Raises CannotStart (a port in use, a second service on this data folder, Postgres or Kafka not to be had) and
    Stopped (a signal came while starting).
    """
    _make_folders(settings)
    refusal = f"A service runs on {settings.data_dir} already: stop it, or set SCANSTREAM_DATA_DIR to another folder."
    with exclusive(settings.run / "up.lock", refusal):
        _check_ports(settings)
        _check_given_addresses(settings)
        note(settings)
        supervisor = Supervisor(settings.run)
        with signals_stop(supervisor), supervisor:
            start_embedded(supervisor, settings)
            upgrade(settings)
            check_key(settings)
            ensure_topics(kafka_login(settings, KAFKA_ADMIN), settings.partitions)
            supervisor.start(*_parts(settings))
            yield supervisor


def _make_folders(settings: Settings) -> None:
    """Patients' data and passwords lie there: for their owner only."""
    try:
        for folder in (settings.data_dir, settings.run):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(
            f"{settings.data_dir} cannot be used ({error.strerror}): set SCANSTREAM_DATA_DIR to a folder you can write."
        ) from None


def _check_ports(settings: Settings) -> None:
    Guard(settings)
    check_port(settings.dicom_host, settings.dicom_port, "SCANSTREAM_DICOM_PORT")
    check_port(DASHBOARD_HOST, settings.dashboard_port, "SCANSTREAM_DASHBOARD_PORT")
    if settings.postgres_port and not settings.database_url:
        check_port("127.0.0.1", settings.postgres_port, "SCANSTREAM_POSTGRES_PORT")


def _check_given_addresses(settings: Settings) -> None:
    if settings.database_url:
        check_postgres(settings)
    if settings.kafka_bootstrap_servers:
        check_kafka(kafka_login(settings, KAFKA_ADMIN))


def _parts(settings: Settings) -> list[SupervisedProcess]:
    workers = [_part(settings, f"worker-{number}", "worker") for number in range(1, settings.workers + 1)]
    return [
        _part(settings, "gateway", "gateway", ready=lambda: _listens(settings.dicom_host, settings.dicom_port)),
        *workers,
        _part(settings, "dashboard", "dashboard", ready=lambda: _is_healthy(settings.dashboard_port)),
    ]


def _part(settings: Settings, name: str, command: str, ready: Callable[[], bool] | None = None) -> SupervisedProcess:
    env = settings.model_copy(update={"part_name": name}).environment()
    return SupervisedProcess(name, (sys.executable, "-m", "stream", command), env=env, ready=ready)


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _is_healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{DASHBOARD_HOST}:{port}/_stcore/health", timeout=1) as answer:
            return bool(answer.status == 200)
    except (OSError, HTTPException):
        return False

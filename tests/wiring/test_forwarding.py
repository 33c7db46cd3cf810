"""The forwarder's process ends with the gateway's, and the other way round, however either ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from stream.dicom.gateway.sender import send
from stream.endpoints import free_port
from stream.settings import Settings, load_settings
from stream.simulated.synthetic import make_sr, save
from tests.waiting import has_ended, wait_until

ROOT = Path(__file__).resolve().parents[2]
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a gateway whose Postgres and Kafka are away."""
    nobody = free_port()
    return load_settings(
        data_dir=tmp_path / "data",
        dicom_port=free_port(),
        database_url=f"postgresql://nobody@127.0.0.1:{nobody}/none",
        database_password_gateway="none",
        kafka_bootstrap_servers=f"127.0.0.1:{nobody}",
    )


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a gateway; returns once it listens."""
    started: list[subprocess.Popen[str]] = []

    def run(settings: Settings) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "stream", "gateway"]
        environment = {**settings.environment(), "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, env=environment, cwd=settings.data_dir.parent, stderr=-1, text=True)
        started.append(process)
        assert "receiver_started" in process.stderr.readline()
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        process.stderr.close()


def forwarder(process: subprocess.Popen[str]) -> int:
    """Its pid."""
    (child,) = psutil.Process(process.pid).children()
    return child.pid


def test_a_gateway_that_is_stopped_stops_its_forwarder_and_ends_well(start: Start, settings: Settings) -> None:
    process = start(settings)
    child = forwarder(process)
    process.terminate()
    assert process.wait(20) == 0
    assert has_ended(child)


def test_a_forwarder_is_not_left_behind_by_a_killed_gateway(start: Start, settings: Settings) -> None:
    process = start(settings)
    child = forwarder(process)
    process.kill()
    wait_until(lambda: has_ended(child))


def test_a_gateway_ends_as_its_forwarder_did(start: Start, settings: Settings) -> None:
    process = start(settings)
    os.kill(forwarder(process), signal.SIGKILL)
    assert process.wait(20) == -signal.SIGKILL


def test_what_a_person_must_mend_is_told_by_the_gateway_in_one_sentence(
    start: Start, settings: Settings, tmp_path: Path
) -> None:
    process = start(settings.model_copy(update={"database_password_gateway": ""}))
    report = save(make_sr(), tmp_path / "sr.dcm")
    list(send([report], "127.0.0.1", settings.dicom_port, settings.dicom_ae_title, "TEST"))
    assert process.wait(20) == 2
    assert process.stderr.read().endswith("SCANSTREAM_DATABASE_PASSWORD_GATEWAY is needed.\n")

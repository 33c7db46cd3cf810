"""Kafka and Postgres go away and come back: the door stays open, and the work goes on by itself."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from stream.dicom.synthetic import Lesion, make_sr, save
from stream.embedded import kafka, postgres, start_embedded
from stream.endpoints import kafka_servers, load_endpoints
from stream.publisher import ensure_topics
from stream.storage.database import upgrade
from stream.supervisor import Part, Supervisor
from tests.journey.service import Service
from tests.waiting import has_ended, wait_until

FILES = 60


@dataclass(frozen=True)
class Parts:
    """The parts of a service under a supervisor that restarts nothing: what ends by itself stays ended."""

    service: Service
    supervisor: Supervisor

    def start(self, name: str) -> None:
        """Start Kafka or Postgres again, as it was."""
        maker = {"kafka": kafka, "postgres": postgres}[name]
        self.supervisor.start(maker.part(self.service.settings.data_dir, load_endpoints(self.service.settings)))

    def pids(self) -> list[int]:
        """Process ids of gateway and worker."""
        return [self.supervisor.pid("gateway"), self.supervisor.pid("worker")]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    service = Service(tmp_path_factory.mktemp("outages"))
    settings = service.settings
    address = (settings.dicom_host, settings.dicom_port)

    def part(name: str, ready: object = None) -> Part:
        return Part(name, (sys.executable, "-m", "stream", name), env=service.environment(), ready=ready)

    with Supervisor(settings.run) as supervisor:
        start_embedded(supervisor, settings)
        upgrade(settings)
        ensure_topics(kafka_servers(settings), settings.partitions)
        supervisor.start(part("gateway", lambda: _listens(address)), part("worker"))
        yield Parts(service, supervisor)


def _listens(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True


def reports(folder: Path, name: str) -> list[Path]:
    """One report each of many lung patients, called after `name`."""
    return [
        save(make_sr([Lesion({"longest_diameter": (10.0 + number, "mm")})], PatientID=f"{name}-{number}"),
             folder / f"{name}-{number}.dcm") for number in range(FILES)
    ]  # fmt: skip


def folded(service: Service) -> int:
    """Scan revisions that are on a timeline by now."""
    return service.ask("SELECT count(*) FROM core.ledger WHERE kind = 'scan'", role="worker")[0][0]


@pytest.mark.parametrize(("name", "how"), [("kafka", signal.SIGKILL), ("postgres", signal.SIGQUIT)])
def test_the_door_stays_open_during_an_outage_and_work_goes_on_after_it(
    parts: Parts, tmp_path: Path, name: str, how: signal.Signals
) -> None:
    service, before, processes = parts.service, folded(parts.service), parts.pids()
    sending = service.sending(reports(tmp_path, f"{name}-goes"))
    wait_until(lambda: folded(service) > before)
    os.kill(parts.supervisor.pid(name), how)  # Postgres: immediate shutdown
    assert sending.communicate()[1].count("Store Response (Success)") == FILES
    parts.supervisor.stop(name)
    assert service.store(reports(tmp_path, f"{name}-away")) == FILES
    assert len(list(service.settings.spool.glob("*.json"))) >= FILES
    parts.start(name)
    status = service.settle()
    assert status["spool"] == 0
    assert status["scans"] == {"applied": status["files"]["accepted"]}
    assert folded(service) == before + 2 * FILES
    assert parts.pids() == processes
    assert not any(has_ended(pid) for pid in processes)
    assert service.verify()["I5"] > 0
    assert any(f"{name}_away" in line for part in ("gateway", "worker") for line in service.log(part))


def test_a_gateway_that_starts_during_an_outage_opens_the_door(parts: Parts, tmp_path: Path) -> None:
    service, before = parts.service, folded(parts.service)
    for name in ("gateway", "kafka", "postgres"):
        parts.supervisor.stop(name)
    address = (service.settings.dicom_host, service.settings.dicom_port)
    command = (sys.executable, "-m", "stream", "gateway")
    parts.supervisor.start(Part("gateway", command, env=service.environment(), ready=lambda: _listens(address)))
    assert service.store(reports(tmp_path, "early")) == FILES
    for name in ("postgres", "kafka"):
        parts.start(name)
    service.settle()
    assert folded(service) == before + FILES
    assert not has_ended(parts.supervisor.pid("worker"))

"""Kafka and Postgres go away and come back: the door stays open, and the work goes on by itself."""

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from stream.dicom.gateway.spool import Spool
from stream.endpoints import KAFKA_ADMIN, kafka_login, load_endpoints
from stream.local.embedded import kafka, postgres, start_embedded
from stream.local.supervisor import SupervisedProcess, Supervisor
from stream.publisher import ensure_topics
from stream.simulated.synthetic import SyntheticLesion, make_sr, save
from stream.storage.database import upgrade
from tests.journey.service import SETTLE_SECONDS, Service, successes
from tests.waiting import has_ended, wait_until

FILES = 60


@dataclass(frozen=True)
class Parts:
    """The parts of a service under a supervisor that restarts nothing: what ends by itself stays ended."""

    service: Service
    supervisor: Supervisor

    def part(self, name: str) -> SupervisedProcess:
        """Kafka or Postgres as they were, gateway or worker."""
        settings = self.service.settings
        if name in ("kafka", "postgres"):
            return {"kafka": kafka, "postgres": postgres}[name].part(settings.data_dir, load_endpoints(settings))
        ready = self.service.listens if name == "gateway" else None
        return SupervisedProcess(
            name, (sys.executable, "-m", "stream", name), env=self.service.environment(), ready=ready
        )

    def pids(self) -> list[int]:
        """Process ids of gateway and worker."""
        return [self.supervisor.pid("gateway"), self.supervisor.pid("worker")]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    service = Service(tmp_path_factory.mktemp("outages"))
    settings = service.settings
    with Supervisor(settings.run) as supervisor:
        start_embedded(supervisor, settings)
        upgrade(settings)
        ensure_topics(kafka_login(settings, KAFKA_ADMIN), settings.partitions)
        parts = Parts(service, supervisor)
        supervisor.start(parts.part("gateway"), parts.part("worker"))
        yield parts


def reports(folder: Path, name: str) -> list[Path]:
    """One report each of many lung patients, called after `name`."""
    return [
        save(
            make_sr([SyntheticLesion({"longest_diameter": (10.0 + number, "mm")})], PatientID=f"{name}-{number}"),
            folder / f"{name}-{number}.dcm",
        )
        for number in range(FILES)
    ]


@pytest.mark.parametrize(("name", "how"), [("kafka", signal.SIGKILL), ("postgres", signal.SIGQUIT)])
def test_the_door_stays_open_during_an_outage_and_work_goes_on_after_it(
    parts: Parts, tmp_path: Path, name: str, how: signal.Signals
) -> None:
    service, before, processes = parts.service, parts.service.folded(), parts.pids()
    sending = service.sending(reports(tmp_path, f"{name}-goes"))
    wait_until(lambda: service.folded() > before, SETTLE_SECONDS)
    os.kill(parts.supervisor.pid(name), how)  # Postgres: immediate shutdown
    assert successes(sending) == FILES
    parts.supervisor.stop(name)
    assert service.store(reports(tmp_path, f"{name}-away")) == FILES
    assert Spool(service.settings.spool).waiting() >= FILES
    parts.supervisor.start(parts.part(name))
    status = service.settle()
    assert status["spool"] == 0
    assert status["scans"] == {"applied": status["files"]["accepted"]}
    assert service.folded() == before + 2 * FILES
    assert parts.pids() == processes
    assert not any(has_ended(pid) for pid in processes)
    assert service.verify()["I5"] > 0
    wait_until(lambda: service.ask("SELECT count(*) FROM scanstream.process WHERE is_heard") == [(2,)])
    assert any(f"{name}_away" in line for part in ("gateway", "worker") for line in service.log(part))


def test_a_gateway_that_starts_during_an_outage_opens_the_door(parts: Parts, tmp_path: Path) -> None:
    service, before = parts.service, parts.service.folded()
    for name in ("gateway", "kafka", "postgres"):
        parts.supervisor.stop(name)
    parts.supervisor.start(parts.part("gateway"))
    assert service.store(reports(tmp_path, "early")) == FILES
    parts.supervisor.start(parts.part("postgres"), parts.part("kafka"))
    service.settle()
    assert service.folded() == before + FILES
    assert not has_ended(parts.supervisor.pid("worker"))

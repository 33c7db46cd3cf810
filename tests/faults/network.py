"""A service that reaches Postgres and Kafka through networks which can be cut."""

import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from stream.endpoints import DATABASE, choose_endpoints, save_endpoints
from stream.local.embedded import kafka, postgres
from stream.local.supervisor import Supervisor
from stream.settings import ROLES, Settings, load_settings
from tests.faults.faults import workers
from tests.faults.proxy import Proxy
from tests.journey.service import SETTLE_SECONDS, Service, running_service
from tests.kafka_accounts import kafka_accounts
from tests.waiting import wait_until

SHORTEST_SECONDS, LONGEST_SECONDS = 5.0, 120.0


@dataclass(frozen=True)
class Network:
    """The service, and the two ways that all its connections take."""

    service: Service
    postgres: Proxy
    kafka: Proxy

    def cut(self, rng: random.Random, longest: float = LONGEST_SECONDS) -> None:
        """Let nothing pass between one worker, or all parts, and Postgres, or Kafka, or both, for a while."""
        parts = self._parts()
        pids = rng.choice([parts[:1], parts[1:2], parts])
        ways = rng.choice([[self.postgres], [self.kafka], [self.postgres, self.kafka]])
        for way in ways:
            way.hold(pids)
        time.sleep(SHORTEST_SECONDS * (longest / SHORTEST_SECONDS) ** rng.random())  # the time itself is the fault
        for way in ways:
            way.hold(())

    def cut_a_commit(self, rng: random.Random) -> None:
        """Drop the next connection on which Postgres tells a worker, or the gateway, of its commit, before it hears of
        it. The gateway commits only while files arrive: so what is begun here comes about amid the next of them."""
        wait_until(lambda: not self.postgres.cuts, SETTLE_SECONDS)
        self.postgres.cut_commit(rng.choice(self._parts()))

    def _parts(self) -> list[int]:
        """Process ids of the workers and, last, the gateway's forwarder."""
        forwarder = psutil.Process(self.service.starts("gateway")[-1]).children()[0]
        return [*workers(self.service), forwarder.pid]


@contextmanager
def cuttable_network(folder: Path, count: int) -> Iterator[Network]:
    """`scanstream up` with `count` workers, its Postgres and Kafka held beside it."""
    held = load_settings(data_dir=folder / "held")
    endpoints = choose_endpoints()
    held.run.mkdir(parents=True)
    endpoints = replace(endpoints, postgres_socket=postgres.prepare(held.data_dir, endpoints))
    save_endpoints(held, endpoints)
    to_postgres = Proxy(lambda: _unix(f"{endpoints.postgres_socket}/.s.PGSQL.5432"))
    to_kafka = Proxy(lambda: socket.create_connection(("127.0.0.1", endpoints.kafka_port)))
    with Supervisor(held.run) as supervisor, to_postgres, to_kafka:
        supervisor.start(postgres.part(held.data_dir, endpoints))
        postgres.make_roles(endpoints)
        part = kafka.part(held.data_dir, endpoints)
        _advertise(held, endpoints.kafka_port, to_kafka.port)
        supervisor.start(part)
        passwords = {f"database_password_{role}": endpoints.passwords[role] for role in ROLES if role != "migrator"}
        login = f"scanstream_migrator:{endpoints.passwords['migrator']}"
        url = f"postgresql://{login}@127.0.0.1:{to_postgres.port}/{DATABASE}"
        servers = f"127.0.0.1:{to_kafka.port}"
        given = {"database_url": url, "kafka_bootstrap_servers": servers, **kafka_accounts(held), **passwords}
        with running_service(folder, workers=count, **given) as service:
            yield Network(service, to_postgres, to_kafka)


def _advertise(held: Settings, own: int, port: int) -> None:
    """Kafka tells its clients where to connect: to the proxy."""
    file = held.run / "kafka.properties"
    listener = "advertised.listeners=CLIENTS://127.0.0.1:{}"
    file.write_text(file.read_text().replace(listener.format(own), listener.format(port)))


def _unix(path: str) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.connect(path)
    return made

"""What can happen to a running service; nobody steps in afterwards, the supervisor and the parts themselves mend it."""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable

import psutil
import psycopg
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from stream.agents.app import SESSION_SECONDS
from stream.endpoints import KAFKA_ADMIN, SUPERUSER, embedded_url, kafka_login, load_endpoints
from stream.storage.roles import answers
from tests.journey.service import SETTLE_SECONDS, Service
from tests.waiting import has_ended, wait_until

GROUP = "scanstream"
BACKENDS = """SELECT pid FROM pg_stat_activity WHERE application_name IN ('scanstream-worker', 'scanstream-gateway')
ORDER BY backend_start, pid"""


def kill_a_worker(service: Service, rng: random.Random) -> None:
    """`kill -9` of a worker at work, whatever it has in hand."""
    os.kill(rng.choice(_some(lambda: at_work(service))), signal.SIGKILL)


def freeze_a_worker(service: Service, rng: random.Random) -> None:
    """Stop a worker for three session timeouts, so that it is taken for dead, and let it go on."""
    frozen = rng.choice(_some(lambda: at_work(service)))
    os.kill(frozen, signal.SIGSTOP)
    time.sleep(3 * SESSION_SECONDS)  # the time itself is the fault
    os.kill(frozen, signal.SIGCONT)


def stop_postgres(service: Service) -> None:
    """Stop Postgres in immediate mode, as if its machine lost power; returns when it answers again."""
    _end(service, "postgres", signal.SIGQUIT)
    wait_until(lambda: answers(_superuser(service)), SETTLE_SECONDS)


def terminate_a_backend(service: Service, rng: random.Random) -> None:
    """Terminate the database session of some agent or of the forwarder."""
    with psycopg.connect(_superuser(service), autocommit=True) as connection:
        pids = _some(lambda: [pid for (pid,) in connection.execute(BACKENDS)])
        connection.execute("SELECT pg_terminate_backend(%s)", [rng.choice(pids)])


def kill_kafka(service: Service) -> None:
    """`kill -9` of Kafka."""
    _end(service, "kafka", signal.SIGKILL)


def lose_kafka(service: Service) -> None:
    """`kill -9` of Kafka, and its data folder is gone: topics, messages, offsets."""
    os.kill(service.starts("kafka")[-1], signal.SIGKILL)
    shutil.rmtree(service.settings.data_dir / "kafka")
    _wait_for_another(service, "kafka")


def delete_offsets(service: Service) -> None:
    """Delete the workers' group at Kafka with all offsets, which it allows as soon as no member is left."""
    workers = at_work(service)
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: group(service) in (("Empty", 0), ("Dead", 0)), SETTLE_SECONDS)
        with KafkaAdminClient(**kafka_login(service.settings, KAFKA_ADMIN).options()) as admin:
            admin.delete_groups([GROUP])
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def group(service: Service) -> tuple[str, int]:
    """State of the workers' group at Kafka, and how many members it has; ("away", 0) while Kafka does not answer."""
    try:
        login = kafka_login(service.settings, KAFKA_ADMIN)
        with KafkaAdminClient(**login.options(), bootstrap_timeout_ms=2000) as admin:
            found = admin.describe_groups([GROUP])[GROUP]
    except KafkaError:
        return "away", 0
    return found["group_state"], len(found["members"])


def at_work(service: Service) -> list[int]:
    """Process ids of the workers that live and talk to Kafka: one that still starts has nothing in hand."""
    port = int(kafka_login(service.settings, KAFKA_ADMIN).servers[0].rpartition(":")[2])
    return [pid for pid in workers(service) if _talks_to(pid, port)]


def workers(service: Service) -> list[int]:
    """Process ids of all workers as they were started last."""
    return [service.starts(f"worker-{number}")[-1] for number in range(1, service.settings.workers + 1)]


def _some(look: Callable[[], list[int]]) -> list[int]:
    """What `look` finds, as soon as it finds any."""
    found: list[int] = []

    def finds() -> bool:
        found[:] = look()
        return bool(found)

    wait_until(finds, SETTLE_SECONDS)
    return found


def _talks_to(pid: int, port: int) -> bool:
    try:
        connections = psutil.Process(pid).net_connections("tcp")
    except psutil.NoSuchProcess:
        return False
    return not has_ended(pid) and any(one.raddr and one.raddr.port == port for one in connections)


def _end(service: Service, part: str, how: signal.Signals) -> None:
    os.kill(service.starts(part)[-1], how)
    _wait_for_another(service, part)


def _wait_for_another(service: Service, part: str) -> None:
    """Until the supervisor has started it again; what it had has to come back by itself."""
    starts = len(service.starts(part))
    wait_until(lambda: len(service.starts(part)) > starts, SETTLE_SECONDS)


def _superuser(service: Service) -> str:
    return embedded_url(load_endpoints(service.settings), SUPERUSER, "postgres")

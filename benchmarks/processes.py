"""Start time, memory and processor time of each process of the service."""

import socket
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException

import psutil
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from stream.endpoints import KAFKA_ADMIN, SUPERUSER, KafkaLogin, embedded_url, kafka_login, load_endpoints
from stream.settings import Settings
from stream.storage.roles import answers
from tests.journey.service import Service

PARTS = ("postgres", "kafka", "gateway", "worker-1", "dashboard")
LOOK_SECONDS = 0.2
"""Resolution of start times; each look costs the starting processes a little."""
MIB = 2**20


@dataclass(frozen=True)
class Memory:
    """MiB of a part with its child processes: resident, and proportional (what is shared is divided among sharers)."""

    rss: float
    pss: float


def start(service: Service) -> dict[str, float]:
    """Start `service`; seconds from the start of each part's process until it does its work, and of `up` in all."""
    began = time.time()
    starting = threading.Thread(target=service.start, daemon=True)
    starting.start()
    seconds: dict[str, float] = {}
    while starting.is_alive() or len(seconds) < len(PARTS):
        for part in PARTS:
            if part not in seconds and (pid := _pid(service, part)) and _ready(service.settings, part):
                seconds[part] = time.time() - psutil.Process(pid).create_time()
        if time.time() - began > 180:
            raise RuntimeError(f"only {', '.join(seconds)} started:\n{service.up_log.read_text()}")
        time.sleep(LOOK_SECONDS)
    return {**seconds, "all, first start": time.time() - began}


def memory(service: Service) -> dict[str, Memory]:
    """Memory of every part as it is now."""
    return {part: _memory(psutil.Process(_pid(service, part))) for part in PARTS}


def cores(service: Service, seconds: float) -> dict[str, float]:
    """How many processor cores each part uses, with its child processes, on average over the next `seconds`."""
    before = {part: _processor(psutil.Process(_pid(service, part))) for part in PARTS}
    time.sleep(seconds)
    return {part: (_processor(psutil.Process(_pid(service, part))) - before[part]) / seconds for part in PARTS}


def _pid(service: Service, part: str) -> int | None:
    pids = service.starts(part) if service.up_log.exists() else []
    return pids[-1] if pids else None


def _memory(process: psutil.Process) -> Memory:
    infos = []
    for one in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # Postgres ends its vacuum workers when it likes
            infos.append(one.memory_full_info())
    return Memory(sum(info.rss for info in infos) / MIB, sum(info.pss for info in infos) / MIB)


def _processor(process: psutil.Process) -> float:
    """Seconds of user and system so far, of what has ended too."""
    taken = sum(process.cpu_times()[:4])
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            taken += sum(child.cpu_times()[:4])
    return taken


def _ready(settings: Settings, part: str) -> bool:
    endpoints = load_endpoints(settings)
    checks: dict[str, Callable[[], bool]] = {
        "postgres": lambda: answers(embedded_url(endpoints, SUPERUSER, "postgres")),
        "kafka": lambda: _listens(endpoints.kafka_port),
        "gateway": lambda: _listens(settings.dicom_port),
        "worker-1": lambda: _has_partitions(kafka_login(settings, KAFKA_ADMIN)),
        "dashboard": lambda: _serves(settings.dashboard_port),
    }
    return checks[part]()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _serves(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
    except (OSError, HTTPException):
        return False
    return True


def _has_partitions(login: KafkaLogin) -> bool:
    """Whether a worker has joined the group and partitions were given to it."""
    try:
        with KafkaAdminClient(**login.options()) as admin:
            group = admin.describe_groups(["scanstream"])["scanstream"]
    except KafkaError:
        return False
    return group["group_state"] == "Stable" and bool(group["members"])

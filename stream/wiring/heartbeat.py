"""Construction of the heartbeat of a process."""

import secrets
from collections.abc import Callable
from functools import partial
from importlib.metadata import version

from stream.services.heartbeat import Heartbeat, Vitals, nothing
from stream.settings import Settings
from stream.storage.database import Connection, connect
from stream.storage.processes import Process


def heartbeat(
    settings: Settings,
    part: str,
    device: str | None = None,
    look: Callable[[], Vitals] = Vitals,
    tell: Callable[[Connection], None] = nothing,
) -> Heartbeat:
    """That of a gateway or a worker, to be started once it does its work."""
    name = settings.part_name or part
    process = Process(secrets.token_hex(8), name, part, device, version("scanstream"))
    return Heartbeat(partial(connect, settings, part), process, look, tell)

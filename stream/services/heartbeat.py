"""Says every few seconds that this process runs, so that people can see who does and who is missing.

In a thread with a connection of its own: what it waits for holds nothing else up, and what fails harms nobody.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from stream import logs
from stream.disks import Disk
from stream.storage.database import Connection
from stream.storage.processes import Process, forget, hear

BEAT_SECONDS = 10.0
FAREWELL_SECONDS = 1.0
"""How long an end in order waits for the database to be told."""


class Vitals(NamedTuple):
    """What a process sees besides: records in its spool (None: it has none), and the disks that it writes to."""

    spooled: int | None = None
    disks: Sequence[Disk] = ()


def nothing(_: Connection) -> None:
    """What most processes have to tell besides."""


class Heartbeat:
    """Beats from `start` to `stop`; a process that only dies is missed. `tell` writes more, at every beat."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        process: Process,
        look: Callable[[], Vitals] = Vitals,
        tell: Callable[[Connection], None] = nothing,
    ) -> None:
        self._connect = connect
        self._process = process
        self._look = look
        self._tell_more = tell
        self._began = time.monotonic()
        self._stop = threading.Event()
        self._unheard = False
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Say it now and every few seconds."""
        self._thread.start()

    def stop(self) -> None:
        """Say good-bye, where the database answers at once."""
        self._stop.set()
        self._thread.join(FAREWELL_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._connect() as connection:
                    self._beat(connection)
            except Exception as error:
                self._tell(error)
                self._stop.wait(BEAT_SECONDS)

    def _beat(self, connection: Connection) -> None:
        """Until stopped, then good-bye."""
        while not self._stop.is_set():
            hear(connection, self._process, time.monotonic() - self._began, *self._look())
            self._tell_more(connection)
            self._unheard = False
            self._stop.wait(BEAT_SECONDS)
        self._tell_more(connection)
        forget(connection, self._process.process_id)

    def _tell(self, error: Exception) -> None:
        """Once per outage."""
        if not self._unheard:
            logs.event("not_heard", level=logging.WARNING, error=type(error).__name__)
        self._unheard = True

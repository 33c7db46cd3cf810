"""A thread that ends this worker when it has work and makes no progress, and any backend that blocks others."""

import faulthandler
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import NoReturn

from stream import logs
from stream.agents.executor import EXIT_UNEXPECTED, Executor, end_process
from stream.storage.blocking import end_blockers
from stream.storage.database import Connection, Outage

LOOK_SECONDS = 5.0
STUCK_SECONDS = 300.0
"""Longer than any step takes that ends: one compressed object has 120 s (dicom/decoder.py), an identity event 40 s for
its lock and every transaction 10 s, on a machine that is busy with other things."""
BLOCKING_SECONDS = 20.0
"""Twice the longest transaction (docs/protocol.md 2): whoever blocks for so long has stopped and does not know it."""


class Watchdog:
    """Looks after the executors of this process, and by a connection of its own after those of all workers."""

    def __init__(self, executors: Sequence[Executor], connect: Callable[[], Connection]) -> None:
        self._executors = executors
        self._connect = connect
        self._connection: Connection | None = None

    def start(self) -> None:
        """Look every few seconds, for as long as the process lives."""
        threading.Thread(target=self._run, name="watchdog", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            try:
                self.look()
            except Exception:
                end_process()

    def look(self) -> None:
        """Once."""
        for executor in self._executors:
            if executor.stuck_seconds() > STUCK_SECONDS:
                _end_stuck(executor.stuck_seconds())
        try:
            self._free()
        except Outage:  # the executors tell of it
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _free(self) -> None:
        if self._connection is None:
            self._connection = self._connect()
        for ended in end_blockers(self._connection, BLOCKING_SECONDS):
            told = {**ended._asdict(), "seconds": BLOCKING_SECONDS}
            logs.event("blocking_backend_ended", level=logging.WARNING, **told)


def _end_stuck(seconds: float) -> NoReturn:
    """Say where every thread stands, and end: what was in flight alone is charged with it."""
    logs.event("no_progress", level=logging.CRITICAL, seconds=round(seconds))
    faulthandler.dump_traceback(sys.stderr, all_threads=True)
    os._exit(EXIT_UNEXPECTED)

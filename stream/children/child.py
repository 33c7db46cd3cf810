"""A child that is asked one thing after the other, each within a budget; a new one where the last has ended."""

import json
import signal
import socket
import threading
from contextlib import suppress
from io import BufferedRWPair
from typing import Any

from stream.children.nursery import MIB, OUT_OF_MEMORY, RAISED, Budget, Nursery

NICER = 5
"""Of a child that has a lot of time: those who wait for others go first."""


class OverBudget(Exception):
    """The request took more than it was given: the text says what of, as the end of a sentence."""


class ChildEnded(Exception):
    """The child ended with the request in hand, and no budget is to blame."""


class Child:
    """Begins when it is first asked; for many threads, of whom one asks at a time.

    `nicer`: so much less than this process it asks for the processor.
    """

    def __init__(self, nursery: Nursery, nicer: int = 0) -> None:
        self._nursery, self._nicer = nursery, nicer
        self._lock = threading.Lock()
        self._pid = 0
        self._socket: socket.socket | None = None
        self._lines: BufferedRWPair | None = None

    def ask(self, request: object, budget: Budget) -> Any:
        """The answer to `request`. Raises OverBudget, ChildEnded, and OSError as the child met it."""
        with self._lock:
            line = self._said(json.dumps([request, *budget]).encode() + b"\n")
            if not line.endswith(b"\n"):
                self._explain(self._end(), budget)
        heard = json.loads(line)
        if "raised" in heard:
            raise RAISED[heard["raised"]](heard["says"])
        return heard["answer"]

    def stop(self) -> None:
        """End it."""
        with self._lock:
            if self._lines:
                self._end()

    def _said(self, line: bytes) -> bytes:
        if self._lines is None:
            self._pid, self._socket = self._nursery.begin(self._nicer)
            self._lines = self._socket.makefile("rwb")
        try:
            self._lines.write(line)
            self._lines.flush()
            return self._lines.readline()
        except OSError:
            return b""

    def _end(self) -> int:
        with suppress(OSError):  # what was not said yet is for nobody
            self._close()
        self._lines = self._socket = None
        return self._nursery.end(self._pid)

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        if self._lines is not None:
            self._lines.close()

    def _explain(self, ended: int, budget: Budget) -> None:
        if ended == -signal.SIGPROF:
            raise OverBudget(f"within {budget.processor_seconds:g} s of processor time")
        if ended == -signal.SIGALRM:
            raise OverBudget(f"within {budget.seconds:g} s")
        if ended == OUT_OF_MEMORY:
            raise OverBudget(f"in {budget.memory // MIB} MiB of memory")
        raise ChildEnded(f"ended with {ended}")

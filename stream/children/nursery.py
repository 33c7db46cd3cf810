"""A process that does nothing but fork others, so that a child begins within milliseconds and without our threads."""

import json
import logging
import os
import resource
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from stream import logs
from stream.errors import ArchiveAway

Answer = Callable[[Any], Any]
"""From a request to an answer, both of what JSON can say."""

MIB = 2**20
OUT_OF_MEMORY, UNEXPECTED = 71, 70
"""How a child ends whose memory does not suffice, or of what nobody expected."""
RAISED: dict[str, type[OSError]] = {"archive": ArchiveAway, "disk": OSError}
"""What says nothing about the file, by the word that crosses to the process that asked."""


class Budget(NamedTuple):
    """Of one request: seconds of processor time and in all, bytes of memory beyond what a child begins with."""

    processor_seconds: float
    seconds: float
    memory: int


class Nursery:
    """Begins children that `answer` requests; to be made while this process has one thread, and ends with it."""

    def __init__(self, answer: Answer) -> None:
        self._socket, theirs = socket.socketpair()
        self._lock = threading.Lock()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                _run(theirs, answer)
            finally:
                os._exit(UNEXPECTED)  # whatever happens: the code that made it goes on in one process only
        theirs.close()

    def begin(self, nicer: int) -> tuple[int, socket.socket]:
        """A new child: its process id, and the socket at which it listens; so much nicer than we are to others."""
        ours, theirs = socket.socketpair()
        with self._lock, theirs:
            socket.send_fds(self._socket, [struct.pack("i", nicer)], [theirs.fileno()])
            return self._heard(), ours

    def end(self, pid: int) -> int:
        """How the child has ended, killed now where it has not: its exit code, or a signal as a negative number."""
        with self._lock:
            self._socket.sendall(struct.pack("i", pid))
            return self._heard()

    def close(self) -> None:
        """End it with all of its children; none of them is left when this returns."""
        self._socket.close()
        with suppress(ChildProcessError):  # closed before
            os.waitpid(self._pid, 0)

    def _heard(self) -> int:
        words = self._socket.recv(4)
        if not words:
            raise RuntimeError("the process that begins others is gone")
        (number,) = struct.unpack("i", words)
        return int(number)


def _run(connection: socket.socket, answer: Answer) -> NoReturn:
    """Fork who is asked for, end who is named; with the process that asks all of them end."""
    _keep_nothing_but(connection.fileno())
    children: set[int] = set()
    while True:
        words, handed, *_ = socket.recv_fds(connection, 4, 1)
        if not words:
            break
        (number,) = struct.unpack("i", words)
        if handed:
            pid = os.fork()
            if pid == 0:
                connection.close()
                os.nice(number)
                _serve(socket.socket(fileno=handed[0]), answer)
            os.close(handed[0])
            children.add(pid)
            connection.sendall(struct.pack("i", pid))
        else:
            children.discard(number)
            connection.sendall(struct.pack("i", _ended(number)))
    for pid in children:
        _ended(pid)
    os._exit(0)


def _keep_nothing_but(fileno: int) -> None:
    """Files and locks of the process that we came of are not ours to hold; who ends it ends us."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  # numbers, no files
        if int(name) > 2 and int(name) != fileno:
            with suppress(OSError):
                os.close(int(name))


def _ended(pid: int) -> int:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)  # who has ended by itself keeps the end that it had
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _serve(connection: socket.socket, answer: Answer) -> NoReturn:
    """One request a line, one answer a line; what goes beyond its budget ends this process."""
    for number in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    begins_with = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    lines = connection.makefile("rwb")
    try:
        for line in lines:
            request, processor_seconds, seconds, memory = json.loads(line)
            resource.setrlimit(resource.RLIMIT_AS, (begins_with + memory, resource.RLIM_INFINITY))
            _set_timers(processor_seconds, seconds)
            said = json.dumps(_answered(answer, request)).encode()
            _set_timers(0, 0)
            lines.write(said + b"\n")
            lines.flush()
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except OSError:
        os._exit(0)  # nobody listens any more
    except BaseException as error:  # whatever it is: this is a process of its own
        logs.event("reading_process_ended", logging.CRITICAL, error=logs.kind_and_place(error))
        sys.stderr.flush()
        os._exit(UNEXPECTED)
    os._exit(0)


def _set_timers(processor_seconds: float, seconds: float) -> None:
    """Their signals end a process, also in the middle of a library that never comes back."""
    signal.setitimer(signal.ITIMER_PROF, processor_seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _answered(answer: Answer, request: Any) -> dict[str, Any]:
    try:
        return {"answer": answer(request)}
    except ArchiveAway as error:
        return {"raised": "archive", "says": str(error)}
    except OSError as error:
        return {"raised": "disk", "says": str(error)}

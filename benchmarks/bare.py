"""dcmtk's receiver made durable: what a receiver reaches on this machine that only takes files and keeps them."""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.sending import ENVIRONMENT, listens, rate
from stream.endpoints import free_port
from tests.programs import needs_program
from tests.waiting import wait_until

PATIENCE_SECONDS = 120.0


class BareRate(NamedTuple):
    """Files a second; processor time of one in ms, user and system, of the receiver and its fsyncs."""

    rate: float
    user_ms: float
    system_ms: float


class _Durable(NamedTuple):
    """Seconds that fsyncs took, and of these the processor's: all of them the system's."""

    seconds: float
    processor: float


def measure(groups: Sequence[Sequence[Path]], folder: Path) -> BareRate:
    """One association for each group, all at once, were each file and its name made durable before the next.

    dcmtk's receiver writes files that a power cut takes; one fsync of file and folder for each is timed apart, those of
    several associations at once, and the longest of these times is added.
    """
    folder.mkdir()
    count = sum(map(len, groups))
    with _receiver(folder, len(groups) > 1) as (receiver, port):
        before = _times(receiver)
        seconds = count / rate(port, groups)
        user, system = (after - was for after, was in zip(_times(receiver), before, strict=True))
    durable = _durable(groups, folder)
    cost = sum(one.processor for one in durable)
    whole = seconds + max(one.seconds for one in durable)
    return BareRate(count / whole, 1000 * user / count, 1000 * (system + cost) / count)


@contextmanager
def _receiver(folder: Path, several: bool) -> Iterator[tuple[psutil.Process, int]]:
    """dcmtk's receiver, which forks for each association where there are `several`, and its port."""
    port = free_port()
    command = [needs_program("storescp"), "-od", str(folder), "+B", *(["--fork"] if several else []), str(port)]
    with subprocess.Popen(command, env=ENVIRONMENT) as process:
        try:
            wait_until(lambda: listens(port), PATIENCE_SECONDS)
            yield psutil.Process(process.pid), port
        finally:
            process.terminate()


def _times(process: psutil.Process) -> tuple[float, float]:
    """User's and system's seconds of a process and its children, those that have ended among them."""
    times = [one.cpu_times() for one in (process, *process.children())]
    ended = times[0].children_user, times[0].children_system
    return sum(one.user for one in times) + ended[0], sum(one.system for one in times) + ended[1]


def _durable(groups: Sequence[Sequence[Path]], folder: Path) -> list[_Durable]:
    """The fsyncs of each group, all groups at once and in one folder, as objects come."""
    names = os.open(folder, os.O_RDONLY)
    try:
        with ThreadPoolExecutor(len(groups)) as at_once:
            return list(at_once.map(partial(_synced, folder, names), groups, range(len(groups))))
    finally:
        os.close(names)


def _synced(folder: Path, names: int, files: Sequence[Path], group: int) -> _Durable:
    """One fsync of file and folder (`names`, its descriptor) for each of `files`; writing is not timed."""
    seconds = processor = 0.0
    for number, file in enumerate(files):
        with (folder / f"durable-{group}-{number}").open("wb", buffering=0) as copy:
            copy.write(file.read_bytes())
            began, busy = time.monotonic(), time.thread_time()
            os.fsync(copy.fileno())
            os.fsync(names)
            seconds, processor = seconds + time.monotonic() - began, processor + time.thread_time() - busy
    return _Durable(seconds, processor)

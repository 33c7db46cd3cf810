"""Other processes that take part in a replay, each with connections of its own, as a second worker would.

The one that replays writes to their stdin: a line of terms, then a line for each batch, the ids of its timelines. They
answer DONE once they are ready and after each batch; they end when their stdin does.
"""

import json
import logging
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import IO, NamedTuple

from stream import logs
from stream.services.folding.reconcile import Reconciler
from stream.services.recovery.pace import Pace
from stream.services.recovery.shared_batches import Batch, SharedBatches
from stream.storage.database import Connection

DONE = b"done\n"
IN_HAND = 2
"""Batches that a process has: one is written while the next is prepared."""


class ReplayProcesses(NamedTuple):
    """How many others may take part, and how one is started, its stdin and stdout pipes."""

    number: int
    start: Callable[[], subprocess.Popen[bytes]]


@contextmanager
def taking_part(others: ReplayProcesses, shared: SharedBatches, afresh: Collection[str]) -> Iterator[None]:
    """While this holds, other processes take batches; none of them goes on after it."""
    terms = {"afresh": list(afresh), "processes": 1 + others.number}
    processes = [others.start() for _ in range(others.number)]
    threads = [threading.Thread(target=_feed, args=(process, shared, terms)) for process in processes]
    try:
        for thread in threads:
            thread.start()
        yield
    finally:
        for process in processes:
            process.terminate()
        for thread in threads:
            thread.join()


def take_part(asked: IO[bytes], told: IO[bytes], connection: Connection, reconciler: Reconciler) -> None:
    """Bring the batches that are `asked` for into line, until there are no more; in such another process."""
    terms = json.loads(asked.readline())
    pace = Pace(connection, terms["processes"])
    _write(told, DONE)
    for _ in reconciler.in_batches(map(json.loads, asked), terms["afresh"]):
        _write(told, DONE)
        pace.after_batch()


def _feed(process: subprocess.Popen[bytes], shared: SharedBatches, terms: dict[str, object]) -> None:
    """Lend batches to a process until none is left or it ends; what it has not done then is given back."""
    assert process.stdin and process.stdout, "it was started with pipes"
    in_hand: deque[Batch] = deque()
    with suppress(BrokenPipeError):  # it has ended: the same as when it says no more
        _ask(process.stdin, terms)
        while process.stdout.readline() == DONE:
            if in_hand:
                shared.brought(in_hand.popleft())
            _lend(process.stdin, shared, in_hand)
    shared.give_back(in_hand)
    _end(process, sum(map(len, in_hand)))


def _lend(pipe: IO[bytes], shared: SharedBatches, in_hand: deque[Batch]) -> None:
    """Once none is left it has to know, or it would wait for one more before it hands in what it has."""
    while not pipe.closed and len(in_hand) < IN_HAND:
        if batch := shared.lend():
            in_hand.append(batch)
            _ask(pipe, [each.patient_id for each in batch])
        else:
            pipe.close()


def _end(process: subprocess.Popen[bytes], taken_back: int) -> None:
    for pipe in filter(None, (process.stdin, process.stdout)):
        with suppress(BrokenPipeError):  # with what could not be written
            pipe.close()
    code = process.wait()
    if code and code != -signal.SIGTERM:  # that was us
        logs.event("replay_process_ended", logging.WARNING, code=code, timelines_taken_back=taken_back)


def _ask(pipe: IO[bytes], what: object) -> None:
    _write(pipe, json.dumps(what).encode() + b"\n")


def _write(pipe: IO[bytes], line: bytes) -> None:
    pipe.write(line)
    pipe.flush()

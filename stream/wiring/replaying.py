"""Construction of a replay: a reconciler with two connections that holds all kept weights, and other processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from stream.archive.kept_weights import forecasters
from stream.errors import CannotStart
from stream.services.folding.reconcile import Reconciler
from stream.services.recovery.replay_processes import ReplayProcesses
from stream.settings import Settings
from stream.storage.database import Connection, Outage, connect
from stream.wiring.garbage import keep_for_good

MOST_PROCESSES = 4
"""Of one replay, however many cores there are: each holds the weights and two batches, and Postgres needs cores too."""


class Replaying(NamedTuple):
    """Who replays, the connection to ask on between batches, and the other processes that may take part."""

    connection: Connection
    reconciler: Reconciler
    others: ReplayProcesses


@contextmanager
def replaying(settings: Settings) -> Iterator[Replaying]:
    """What a replay is done with; raises CannotStart where Postgres does not answer, or no more."""
    held = forecasters(settings, settings.device)
    try:
        with connect(settings, "worker") as first, connect(settings, "worker") as second:
            reconciler = Reconciler(first, held, writing=second, remembered_visits=0)  # none comes a second time
            keep_for_good()
            yield Replaying(first, reconciler, _others(settings))
    except Outage:
        raise CannotStart(
            "Postgres does not answer: start the service with `scanstream up`. What was folded is kept."
        ) from None


def _others(settings: Settings) -> ReplayProcesses:
    """One process for each core that this one may use."""
    cores = min(len(os.sched_getaffinity(0)), MOST_PROCESSES)
    return ReplayProcesses(cores - 1, partial(_start, settings))


def _start(settings: Settings) -> subprocess.Popen[bytes]:
    """In a group of its own: Ctrl-C is for the one that replays, which ends the others."""
    command = [sys.executable, "-m", "stream.wiring.replay_process"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=settings.environment(), stdin=pipe, stdout=pipe, process_group=0)

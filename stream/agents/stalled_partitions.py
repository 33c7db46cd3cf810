"""Ends a worker that no longer reads a partition of its own, though nothing of ours keeps it from reading.

Faust (0.15.3) can stay a member of its group that reads nothing, as was seen after an outage of Kafka that its seek had
waited out (docs/reliability/network.md): nobody else gets the partition then.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import NoReturn

import faust
from faust.exceptions import ConsumerNotStarted

from stream import logs
from stream.agents.batching import Batcher
from stream.agents.executor import EXIT_UNEXPECTED

Partition = tuple[str, int]
"""Topic and partition."""
Unread = Callable[[Collection[Partition]], Mapping[Partition, int]]
"""Of these partitions those with messages that are not committed, each with what is; as Kafka tells someone else."""

LOOK_SECONDS = 10.0
STALLED_SECONDS = 60.0
"""Well above what it takes to share out partitions anew after a death."""


class StallWatch:
    """Looks from outside at what the app should have read; `batchers` by topic."""

    def __init__(self, app: faust.App, batchers: Mapping[str, Batcher], unread: Unread) -> None:
        self._app = app
        self._batchers = batchers
        self._unread = unread
        self._since: dict[Partition, tuple[int, float]] = {}  # what was committed then, and when that was first seen

    async def look(self) -> None:
        """Once. An agent that has work, as in an outage of Postgres, is let be."""
        loop, now = asyncio.get_running_loop(), time.monotonic()
        unread = await loop.run_in_executor(None, partial(self._unread, self._assigned()))
        self._since = {
            place: self._since[place] if self._since.get(place, (None,))[0] == committed else (committed, now)
            for place, committed in unread.items()
        }
        for (topic, partition), (committed, since) in self._since.items():
            idle = self._batchers[topic].idle_at() >= since + STALLED_SECONDS / 2
            if idle and now - since >= STALLED_SECONDS:
                _end(topic, partition, committed)

    def _assigned(self) -> list[Partition]:
        try:
            return [(place.topic, place.partition) for place in self._app.consumer.assignment()]
        except ConsumerNotStarted:
            return []


def _end(topic: str, partition: int, committed: int) -> NoReturn:
    fields = {"topic": topic, "partition": partition, "committed": committed}
    logs.event("not_reading", level=logging.CRITICAL, **fields, then="the process ends and is started again")
    os._exit(EXIT_UNEXPECTED)

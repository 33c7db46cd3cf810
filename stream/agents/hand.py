"""One pair of hands: a thread with its own connection to Postgres and publisher, which waits out every outage.

Crash-only (DESIGN 4): an outage is waited out with growing pauses; anything unexpected is logged and ends the process
at once, so that a supervisor starts it afresh and nothing half-known goes on.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn, TypeVar

from stream import logs
from stream.publisher import Publisher, PublishFailed
from stream.storage.database import Connection, Outage

Result = TypeVar("Result")
Announcement = tuple[str, str | None, dict[str, Any]]
"""Topic, key and fields of a message."""

EXIT_UNEXPECTED = 70
"""sysexits' EX_SOFTWARE: the supervisor starts the worker again."""
PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)


def end_process() -> NoReturn:
    """Log the exception in hand and end at once, without any clean-up that could go wrong too."""
    logs.log.critical("unexpected: the process ends and is started again", exc_info=True)
    os._exit(EXIT_UNEXPECTED)


class Hand:
    """Does one piece of work at a time, in the order it was asked for."""

    def __init__(
        self, connect: Callable[[], Connection], publisher: Publisher, on_connect: Callable[[Connection], None]
    ) -> None:
        self._connect = connect
        self._publisher = publisher
        self._on_connect = on_connect
        self._connection: Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1)

    async def do(self, work: Callable[[Connection], Result]) -> Result:
        """The result of `work`, which is repeated whole after an outage of Postgres."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._patiently, self._once, work)

    async def announce(self, messages: Iterable[Announcement]) -> None:
        """Publish `messages` and wait until Kafka has them all; repeated whole after an outage of Kafka."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._patiently, self._publish, list(messages))

    def _patiently(self, act: Callable[[Any], Result], what: Any) -> Result:
        """Only outages are repeated; whatever else is raised ends the process."""
        number = 0
        while True:
            try:
                return act(what)
            except Outage as error:
                self._away("postgres", error, number)
            except PublishFailed as error:
                self._away("kafka", error, number)
            except Exception:
                end_process()
            number += 1

    def _once(self, work: Callable[[Connection], Result]) -> Result:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = self._connect()
                self._on_connect(self._connection)
            return work(self._connection)
        except Outage:
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            raise

    def _publish(self, messages: list[Announcement]) -> None:
        for topic, key, fields in messages:
            self._publisher.publish(topic, key, fields)
        self._publisher.flush()

    def _away(self, service: str, error: Exception, number: int) -> None:
        pause = PAUSES_SECONDS[min(number, len(PAUSES_SECONDS) - 1)]
        logs.event(f"{service}_away", level=logging.WARNING, error=type(error).__name__, again_in_seconds=pause)
        time.sleep(pause)

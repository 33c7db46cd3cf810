"""One agent's executor: a thread with its own connection to Postgres and publisher, which waits out every outage.

Crash-only (docs/protocol.md 10): an outage is waited out with growing pauses; anything unexpected is logged and ends
the process at once, so that a supervisor starts it afresh and nothing half-known goes on. What is in flight is noted
meanwhile: the next worker takes one at a time what this one died with.
"""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, NoReturn, TypeVar

from stream import logs
from stream.crash import reach
from stream.errors import ArchiveAway, EndsWorker
from stream.publisher import Publisher, PublishFailed
from stream.services.recovery.suspects import split
from stream.storage.database import Connection, Outage
from stream.storage.intake.suspects import WorkItem, clear

Result = TypeVar("Result")
Announcement = tuple[str, str | None, dict[str, Any]]
"""Topic, key and fields of a message."""
Hold = Callable[[Sequence[WorkItem], bool], AbstractContextManager[None]]
"""Entered while items are worked on; True: by no other executor of this process meanwhile."""

EXIT_UNEXPECTED = 70
"""sysexits' EX_SOFTWARE: the supervisor starts the worker again."""
PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)


def end_process() -> NoReturn:
    """Log the exception being handled and end at once, without any clean-up that could go wrong too."""
    logs.log.critical("unexpected: the process ends and is started again", exc_info=True)
    os._exit(EXIT_UNEXPECTED)


def _unnoted(_items: Sequence[WorkItem], _alone: bool) -> AbstractContextManager[None]:
    return nullcontext()


class Executor:
    """Does one piece of work at a time, in the order it was asked for."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        publisher: Publisher,
        on_connect: Callable[[Connection], None],
        hold: Hold = _unnoted,
    ) -> None:
        self._connect = connect
        self._publisher = publisher
        self._on_connect = on_connect
        self._hold = hold
        self._connection: Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._working = False
        self._progress_at = 0.0

    def progress(self) -> None:
        """Say that the work of now, which takes long, goes on."""
        self._progress_at = time.monotonic()

    @property
    def busy(self) -> bool:
        """Whether it does something now; an outage that is waited out is nothing."""
        return self._working

    def stuck_seconds(self) -> float:
        """For how long the work of now has made no progress; 0 where there is none, or an outage is waited out."""
        return time.monotonic() - self._progress_at if self._working else 0.0

    async def do(self, work: Callable[[Connection], Result]) -> Result:
        """The result of `work`, which is repeated whole after an outage of Postgres."""
        return await self._run(partial(self._once, work))

    async def take(
        self, items: Sequence[WorkItem], work: Callable[[Connection, Sequence[WorkItem]], Result]
    ) -> AsyncIterator[Result]:
        """Results of `work` on `items`: of the blameless together, then of each that a worker died with before."""
        blameless, suspects = await self.do(lambda connection: split(connection, items))
        if blameless:
            yield await self._run(partial(self._once, lambda connection: work(connection, blameless)), blameless)
        for suspect in suspects:
            yield await self._run(partial(self._once, partial(_on_suspect, work, suspect)), [suspect], alone=True)

    async def announce(self, messages: Iterable[Announcement]) -> None:
        """Publish `messages` and wait until Kafka has them all; repeated whole after an outage of Kafka."""
        await self._run(partial(self._publish, list(messages)))

    async def _run(self, act: Callable[[], Result], items: Sequence[WorkItem] = (), alone: bool = False) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._patiently, act, items, alone)

    def _patiently(self, act: Callable[[], Result], items: Sequence[WorkItem], alone: bool) -> Result:
        """Only outages are repeated; whatever else is raised ends the process. Who waits has nothing in flight."""
        number = 0
        while True:
            try:
                with self._hold(items, alone):
                    return self._attempt(act)
            except Outage as error:
                self._away("postgres", error, number)
            except PublishFailed as error:
                self._away("kafka", error, number)
            except ArchiveAway as error:
                self._away("archive", error, number)
            except EndsWorker:
                end_process()
            number += 1

    def _attempt(self, act: Callable[[], Result]) -> Result:
        """What nobody expected ends the process while the note of what is in flight is there."""
        self.progress()
        self._working = True
        try:
            return act()
        except (*Outage, PublishFailed, ArchiveAway, EndsWorker):
            raise
        except Exception:
            end_process()
        finally:
            self._working = False

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


def _on_suspect(
    work: Callable[[Connection, Sequence[WorkItem]], Result], item: WorkItem, connection: Connection
) -> Result:
    """One that ends well is no suspect any more."""
    result = work(connection, [item])
    reach("suspects.ended_well")
    clear(connection, item)
    return result

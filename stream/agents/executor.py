"""One agent's executor: a thread with its own connection to Postgres and publisher, which waits out every outage.

Crash-only (docs/protocol.md 10): an outage is waited out with growing pauses; anything unexpected is logged and ends
the process at once, so that a supervisor starts it afresh and nothing half-known goes on. What is in flight is noted
meanwhile: the next worker takes one at a time what this one died with.
"""

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, NoReturn, TypeVar

from stream import logs
from stream.agents.held_up import CUTTABLE, HeldUp
from stream.crash import reach
from stream.errors import ArchiveAway, EndsWorker
from stream.publisher import Publisher, PublishFailed
from stream.services.recovery.suspects import split
from stream.storage.database import Connection, Outage, TimedOut
from stream.storage.intake.suspects import WorkItem, clear

Result = TypeVar("Result")
Work = Callable[[Connection, Sequence[WorkItem]], Result]
Announcement = tuple[str, str | None, dict[str, Any]]
"""Topic, key and fields of a message."""
Hold = Callable[[Sequence[WorkItem], bool], AbstractContextManager[None]]
"""Entered while items are worked on; True: by no other executor of this process meanwhile."""

EXIT_UNEXPECTED = 70
"""sysexits' EX_SOFTWARE: the supervisor starts the worker again."""
PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
TIME_OUTS = 2
"""Once a process may have been stopped; twice in a row the transaction takes longer than is allowed."""


class _TooLongAgain(Exception):
    """A transaction that takes longer than is allowed, on a server that answers: no outage."""


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
        self._held_up = HeldUp()

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

    async def take(self, items: Sequence[WorkItem], work: Work[Result]) -> AsyncIterator[Result]:
        """Results of `work` on `items`: of the blameless together, then of each that a worker died with before.

        A batch whose transaction takes too long is cut until who holds it up stands alone, and is left for later.
        """
        blameless, suspects = await self.do(lambda connection: split(connection, items))
        batches = deque([*self._held_up.batches(blameless), *([item] for item in self._held_up.due(suspects))])
        time_outs = TIME_OUTS
        while batches:
            batch = batches.popleft()
            alone = batch[0] in suspects
            act = partial(_on_suspect, work) if alone else work
            try:
                result = await self._run(partial(self._once, partial(_on_batch, act, batch)), batch, time_outs, alone)
            except _TooLongAgain:
                time_outs = 1
                batches.extend(self._held_up.cut(batch))
                continue
            self._held_up.release(batch)
            yield result

    async def announce(self, messages: Iterable[Announcement]) -> None:
        """Publish `messages` and wait until Kafka has them all; repeated whole after an outage of Kafka."""
        await self._run(partial(self._publish, list(messages)))

    async def _run(
        self, act: Callable[[], Result], items: Sequence[WorkItem] = (), time_outs: int = 0, alone: bool = False
    ) -> Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._patiently, act, items, time_outs, alone)

    def _patiently(self, act: Callable[[], Result], items: Sequence[WorkItem], time_outs: int, alone: bool) -> Result:
        """Only outages are repeated; whatever else is raised ends the process. Who waits has nothing in flight.

        Raises _TooLongAgain where items that can be cut took too long so many times.
        """
        number = timed_out = 0
        while True:
            try:
                with self._hold(items, alone):
                    return self._attempt(act)
            except TimedOut as error:
                timed_out += 1
                if timed_out == time_outs and items[0].kind in CUTTABLE:
                    raise _TooLongAgain from None
                self._away("postgres", error, number)
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


def _on_batch(work: Work[Result], items: Sequence[WorkItem], connection: Connection) -> Result:
    return work(connection, items)


def _on_suspect(work: Work[Result], connection: Connection, items: Sequence[WorkItem]) -> Result:
    """One that ends well is no suspect any more."""
    result = work(connection, items)
    reach("suspects.ended_well")
    clear(connection, items[0])
    return result

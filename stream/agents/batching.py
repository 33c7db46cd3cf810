"""Micro-batches over Faust's raw events, acknowledged by us and only after the work is committed.

Why not `take(n)`: an exception there, or a cancelled take, acknowledges the whole batch. Acknowledged is in the order
of offsets, without holes: Faust's commits step over them. tests/faust_rows keeps what was measured of Faust 0.15.3.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from faust import Stream
from faust.types import EventT, StreamT

from stream.agents.executor import end_process
from stream.crash import reach
from stream.messages import Letter

Handle = Callable[[Sequence[Letter]], Awaitable[None]]

BATCH_LIMIT = 256
"""Rows of one transaction stay in the tens of milliseconds; larger batches gain little and hold locks longer."""
MASS_LIMIT = 1024
"""Of what its handle cuts into transactions itself, preparing the next while one is committed."""
QUEUE_LIMIT = 1024
"""Beyond this the agent stops reading, so that memory stays bounded behind a slow database."""


class Batcher:
    """Gathers what has arrived while the batch before was in work; nothing waits for a batch to fill."""

    def __init__(self, handle: Handle, limit: int = BATCH_LIMIT) -> None:
        self._handle, self._limit = handle, limit
        self._queue: asyncio.Queue[EventT[bytes]] = asyncio.Queue(QUEUE_LIMIT)
        self._idle = False
        self._idle_at = time.monotonic()

    def idle_at(self) -> float:
        """When there was nothing to handle last (seconds of `time.monotonic`): now, or before what is handled now."""
        return time.monotonic() if self._idle else self._idle_at

    async def read(self, stream: StreamT[bytes]) -> None:
        """The agent's body: hand over every event, acknowledge none."""
        assert isinstance(stream, Stream)  # Faust's type of an agent's argument lacks `noack`
        async for event in stream.noack().events():
            await self._queue.put(event)

    async def work(self) -> None:
        """Handle batch after batch, for ever; whatever the handler raises ends the process."""
        while True:
            events = await self._gather()
            reach("batch.taken")
            try:
                if events:
                    await self._handle([_letter(event) for event in events])
            except Exception:
                end_process()
            reach("batch.handled")
            for event in filter(_is_current, events):
                event.ack()
            reach("batch.acknowledged")

    async def _gather(self) -> list[EventT[bytes]]:
        """What has arrived by now, as soon as something has; less what will come again, which may leave nothing."""
        self._idle = self._queue.empty()
        events = [await self._queue.get()]
        self._idle_at, self._idle = self.idle_at(), False
        while len(events) < self._limit and not self._queue.empty():
            events.append(self._queue.get_nowait())
        return [event for event in events if _is_current(event)]


def _is_current(event: EventT[bytes]) -> bool:
    """Whether it was read since partitions were last given out: what was not committed by then is read again."""
    return event.message.generation_id == event.app.consumer_generation_id


def _letter(event: EventT[bytes]) -> Letter:
    key = event.message.key
    return Letter(key.decode(errors="replace") if key else None, event.message.value or b"")

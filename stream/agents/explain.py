"""A worker's clock for explanations: why risks moved is worked out when nothing is there to be folded."""

import asyncio
import datetime as dt
import time
from collections.abc import Callable

from stream.agents.executor import Executor
from stream.services.explaining import ForecasterOf
from stream.services.kept_explanations import explain_next
from stream.storage.database import Connection


class ExplainAgent:
    """Explains one timeline after the other on an executor of its own; `busy`: whether there are scans to fold."""

    def __init__(self, executor: Executor, forecaster_of: ForecasterOf, busy: Callable[[], bool]) -> None:
        self._executor = executor
        self._forecaster_of = forecaster_of
        self._busy = busy

    async def tick(self) -> None:
        """Explain what waits, for as long as nothing is folded: a scan that comes in goes first.

        After each it pauses for as long as it took, so that half of the time is left to whatever comes in meanwhile.
        """
        started = time.monotonic()
        while not self._busy() and await self._executor.do(self._next):
            await asyncio.sleep(time.monotonic() - started)
            started = time.monotonic()

    def _next(self, connection: Connection) -> bool:
        return explain_next(connection, self._forecaster_of, dt.datetime.now(dt.UTC))

"""Work whose transaction took longer than is allowed although it stood alone: it waits, and the others go on.

Somebody may hold a lock on its rows, or there is more of it than a transaction may take: nothing is set aside for that.
It stands as it was in Postgres, and the sweep rings again.
"""

import logging
import time
from collections.abc import Sequence

from stream import logs
from stream.storage.intake.suspects import WorkItem

AGAIN_SECONDS, LONGEST_AGAIN_SECONDS = 30.0, 300.0
"""When it is tried again; twice as long each time, since each time the others wait for one transaction."""
CUTTABLE = frozenset({"scan", "timeline"})
"""What the sweep finds again. A message is there only once, and identity events take effect in one order."""
CUT = 16
"""A batch of 256 is cut twice until each stands alone."""


class HeldUp:
    """What one executor holds back, until when."""

    def __init__(self) -> None:
        self._until: dict[WorkItem, tuple[float, float]] = {}

    def due(self, items: Sequence[WorkItem]) -> list[WorkItem]:
        """Those of `items` that are not to wait now."""
        now = time.monotonic()
        return [item for item in items if self._until.get(item, (0.0, 0.0))[0] <= now]

    def batches(self, items: Sequence[WorkItem]) -> list[list[WorkItem]]:
        """Those that are due: the ones that held nobody up together, and then each other alone."""
        due = self.due(items)
        together = [item for item in due if item not in self._until]
        return [*([together] if together else []), *([item] for item in due if item in self._until)]

    def cut(self, items: Sequence[WorkItem]) -> list[list[WorkItem]]:
        """Smaller batches of `items`, which took too long together; none of a single one, which waits from now on."""
        if len(items) == 1:
            self._hold(items[0])
            return []
        size = max(1, len(items) // CUT)
        return [list(items[start : start + size]) for start in range(0, len(items), size)]

    def release(self, items: Sequence[WorkItem]) -> None:
        """They are done."""
        for item in items:
            self._until.pop(item, None)

    def _hold(self, item: WorkItem) -> None:
        pause = min(2 * self._until.get(item, (0.0, AGAIN_SECONDS / 2))[1], LONGEST_AGAIN_SECONDS)
        self._until[item] = time.monotonic() + pause, pause
        fields = {"kind": item.kind, "id": item.id, "revision": item.revision}
        logs.event("work_takes_too_long", logging.WARNING, **fields, again_in_seconds=pause)

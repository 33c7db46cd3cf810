"""Batches of timelines that several processes share: each takes one when it has room for one more."""

import threading
from collections import deque
from collections.abc import Iterable

from stream.storage.folding.states import TimelineSteps

Batch = list[TimelineSteps]


class SharedBatches:
    """Every batch is with one process at a time, until it was brought into line; threads may ask at once."""

    def __init__(self, batches: Iterable[Batch]) -> None:
        self._left = deque(batches)
        self._lent = 0
        self._brought = 0
        self._changed = threading.Condition()

    def __bool__(self) -> bool:
        """Whether there is one that nobody has taken."""
        return bool(self._left)

    def take(self) -> Batch | None:
        """The next one, for this process."""
        with self._changed:
            return self._left.popleft() if self._left else None

    def lend(self) -> Batch | None:
        """The next one, for another process, which may die with it."""
        with self._changed:
            batch = self._left.popleft() if self._left else None
            self._lent += batch is not None
            return batch

    def brought(self, batch: Batch) -> None:
        """Another process has brought it into line."""
        with self._changed:
            self._lent -= 1
            self._brought += sum(each.steps for each in batch)
            self._changed.notify()

    def give_back(self, batches: Iterable[Batch]) -> None:
        """Another process has ended and left them undone, or not all done."""
        with self._changed:
            for batch in batches:
                self._lent -= 1
                self._left.appendleft(batch)
            self._changed.notify()

    def wait(self) -> bool:
        """Whether there is one to take, once that is certain: what is lent may come back."""
        with self._changed:
            self._changed.wait_for(lambda: self._left or not self._lent)
            return bool(self._left)

    def steps(self) -> int:
        """Timepoints that other processes brought since this was asked last."""
        with self._changed:
            steps, self._brought = self._brought, 0
            return steps

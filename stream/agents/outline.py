"""A worker's clock for scans that take long, as those that a model has to outline first: no other waits meanwhile."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from stream.agents.executor import Executor
from stream.services.measuring import measurement
from stream.storage.database import Connection
from stream.storage.intake.measurements import CompleteScan
from stream.storage.intake.suspects import WorkItem

Revision = tuple[str, int]


class OutlineAgent:
    """Measures one such scan after the other on an executor of its own; `is_slow` tells of some beforehand.

    What waits here stands as `measuring` in Postgres: should the process end, the sweep rings its bell again.
    """

    def __init__(
        self,
        executor: Executor,
        read: measurement.Measure,
        assume_disease: str,
        is_slow: Callable[[CompleteScan], bool],
    ) -> None:
        self._executor = executor
        self._read = read
        self._assume_disease = assume_disease
        self._is_slow = is_slow
        self._waiting: dict[Revision, None] = {}
        self._readers = ThreadPoolExecutor(max_workers=1)

    def left(self, connection: Connection, revisions: Sequence[Revision]) -> list[Revision]:
        """Those of `revisions` that are measured at once; the others wait here from now on, each once."""
        scans = measurement.waiting(connection, revisions)
        keys = {(scan.scan_uid, scan.revision): scan for scan in scans}
        slow = {key: None for key, scan in keys.items() if key in self._waiting or self._is_slow(scan)}
        self._waiting |= slow
        return [revision for revision in revisions if revision not in slow]

    def take(self, scan: CompleteScan) -> None:
        """Measure `scan` too: it was begun among others and took too long."""
        self._waiting[scan.scan_uid, scan.revision] = None

    async def tick(self) -> None:
        """Measure what waits, the first first."""
        while self._waiting:
            revision = next(iter(self._waiting))
            async for measured in self._executor.take([WorkItem("scan", *revision)], self._work):
                await self._executor.announce(
                    ("timepoints", scan.received_as, {"scan_uid": scan.scan_uid, "revision": scan.revision})
                    for scan in measured
                )
            del self._waiting[revision]

    def _work(self, connection: Connection, items: Sequence[WorkItem]) -> list[CompleteScan]:
        scans = measurement.waiting(connection, [(item.id, item.revision) for item in items])
        return measurement.measure(connection, scans, self._read, self._assume_disease, self._readers)

"""`scans` → timepoints: measures complete scans and announces them to their timelines."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from stream.agents.decoding import set_aside_unreadable
from stream.agents.executor import Executor
from stream.agents.outline import OutlineAgent
from stream.crash import reach
from stream.errors import TakesLong
from stream.measured_scan import MeasuredScan
from stream.messages import Letter
from stream.services.measuring import measurement
from stream.storage.database import Connection
from stream.storage.intake.measurements import CompleteScan
from stream.storage.intake.suspects import WorkItem


class MeasureAgent:
    """The agent of topic `scans`; `read` reads `at_once` of them, what takes long is left to `outline`."""

    def __init__(
        self, executor: Executor, read: measurement.Measure, assume_disease: str, outline: OutlineAgent, at_once: int
    ) -> None:
        self._executor = executor
        self._read = read
        self._assume_disease = assume_disease
        self._outline = outline
        self._readers = ThreadPoolExecutor(max_workers=at_once)

    async def handle(self, letters: Sequence[Letter]) -> None:
        """Measure the named revisions that are not measured yet."""
        revisions, problems = set_aside_unreadable(letters, Letter.scan_revision)
        await self._executor.do(problems)
        revisions = await self._executor.do(lambda connection: self._outline.left(connection, revisions))

        def work(connection: Connection, items: Sequence[WorkItem]) -> list[CompleteScan]:
            scans = measurement.waiting(connection, [(item.id, item.revision) for item in items])
            return measurement.measure(connection, scans, self._read_one, self._assume_disease, self._readers)

        async for measured in self._executor.take([WorkItem("scan", *revision) for revision in revisions], work):
            await self._executor.announce(
                ("timepoints", scan.received_as, {"scan_uid": scan.scan_uid, "revision": scan.revision})
                for scan in measured
            )
            if measured:
                reach("measure.announced")

    def _read_one(self, scan: CompleteScan) -> MeasuredScan:
        """A batch may take long; one scan after the other is progress."""
        try:
            return self._read(scan)
        except TakesLong:
            self._outline.take(scan)
            raise
        finally:
            self._executor.progress()

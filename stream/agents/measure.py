"""`scans` → timepoints: measures complete scans and announces them to their timelines."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from stream.agents.decoding import set_aside_unreadable
from stream.agents.executor import Hand
from stream.crash import reach
from stream.messages import Letter
from stream.services.measuring import measurement
from stream.services.recovery.suspects import Item
from stream.storage.database import Connection

READERS = 2
"""Reading files waits for the disk; decoding holds the interpreter's lock, so more threads bring nothing."""


class MeasureAgent:
    """The agent of topic `scans`."""

    def __init__(self, hand: Hand, read: measurement.Measure, assume_disease: str) -> None:
        self._hand = hand
        self._read = read
        self._assume_disease = assume_disease
        self._readers = ThreadPoolExecutor(max_workers=READERS)

    async def handle(self, letters: Sequence[Letter]) -> None:
        """Measure the named revisions that are not measured yet."""
        revisions, problems = set_aside_unreadable(letters, Letter.scan_revision)
        await self._hand.do(problems)

        def work(connection: Connection, items: Sequence[Item]) -> list[measurement.Complete]:
            scans = measurement.waiting(connection, [(item.id, item.revision) for item in items])
            return measurement.measure(connection, scans, self._read_one, self._assume_disease, self._readers)

        async for done in self._hand.take([Item("scan", *revision) for revision in revisions], work):
            await self._hand.announce(
                ("timepoints", one.received_as, {"scan_uid": one.scan_uid, "revision": one.revision}) for one in done
            )
            if done:
                reach("measure.announced")

    def _read_one(self, scan: measurement.Complete) -> measurement.Measured:
        """A batch may take long; one scan after the other is progress."""
        try:
            return self._read(scan)
        finally:
            self._hand.progress()

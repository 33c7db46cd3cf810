"""Construction of a replay from the archive: batch after batch is measured again, and what changed is folded."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from stream.archive.kept_weights import forecasters
from stream.archive.originals import Archive
from stream.errors import AnswerIsNo, CannotStart
from stream.services.folding.reconcile import Reconciler
from stream.services.measuring.remeasuring import Outcome, remeasure, standing
from stream.settings import Settings
from stream.storage.database import Connection
from stream.wiring.pseudonyms import pseudonyms
from stream.wiring.worker import Reader

BATCH = 64
READERS = 2


class Remeasuring:
    """Measures what stands again, of one patient (pseudonym) or of all."""

    def __init__(self, settings: Settings, connection: Connection, patient: str | None) -> None:
        self._archive = Archive(settings.archive)
        if not self._archive.folder.is_dir():
            raise CannotStart(f"The archive {self._archive.folder} is not there: check SCANSTREAM_ARCHIVE_DIR.")
        self._revisions = standing(connection, patient)
        if not self._revisions:
            raise AnswerIsNo(f"Nothing to measure again for {patient or 'any patient'}.")
        self._settings, self._connection = settings, connection
        self._names = pseudonyms(settings, connection)
        self._reconciler = Reconciler(connection, forecasters(settings, settings.device))

    @property
    def total(self) -> int:
        """How many scans there are to measure."""
        return len(self._revisions)

    def outcomes(self, advance: Callable[[int], None]) -> Iterator[list[Outcome]]:
        """Measure and fold, a batch at a time; `advance` is told how many were done."""
        read, assume = Reader(self._archive, self._names), self._settings.assume_disease
        with ThreadPoolExecutor(READERS) as readers:
            for start in range(0, self.total, BATCH):
                batch = self._revisions[start : start + BATCH]
                done = remeasure(self._connection, batch, read, self._lacks, assume, readers)
                self._reconciler.scans([one.scan_uid for one in done if one.what == "changed"])
                advance(len(batch))
                yield done

    def _lacks(self, sha256: str) -> bool:
        return not self._archive.path(sha256).exists()

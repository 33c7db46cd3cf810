"""Construction of a replay from the archive."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from stream.archive.kept_weights import forecasters
from stream.archive.originals import Archive
from stream.dicom.scan_reading import ScanReader
from stream.services.folding.reconcile import Reconciler
from stream.services.measuring.remeasuring import READERS, Remeasuring, standing
from stream.settings import Settings
from stream.storage.database import Connection
from stream.wiring.archive_reading import archive_reader
from stream.wiring.pseudonyms import pseudonyms


@contextmanager
def remeasuring(settings: Settings, connection: Connection, patient: str | None) -> Iterator[Remeasuring]:
    """What measures again what stands, of one patient (pseudonym) or of all; raises CannotStart and AnswerIsNo."""
    archive = Archive(settings.archive)
    archive.check_folder()
    revisions = standing(connection, patient)
    with closing(ScanReader(archive_reader(settings, archive, pseudonyms(settings, connection)), READERS)) as readers:
        reconciler = Reconciler(connection, forecasters(settings, settings.device))
        lacks, disease = archive.lacks, settings.assume_disease
        yield Remeasuring(connection, reconciler, revisions, readers.whole, lacks, disease)

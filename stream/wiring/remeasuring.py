"""Construction of a replay from the archive."""

from stream.archive.kept_weights import forecasters
from stream.archive.originals import Archive
from stream.services.folding.reconcile import Reconciler
from stream.services.measuring.remeasuring import Remeasuring, standing
from stream.settings import Settings
from stream.storage.database import Connection
from stream.wiring.archive_reading import archive_reader
from stream.wiring.pseudonyms import pseudonyms


def remeasuring(settings: Settings, connection: Connection, patient: str | None) -> Remeasuring:
    """What measures again what stands, of one patient (pseudonym) or of all; raises CannotStart and AnswerIsNo."""
    archive = Archive(settings.archive)
    archive.check_folder()
    revisions = standing(connection, patient)
    read = archive_reader(settings, archive, pseudonyms(settings, connection))
    reconciler = Reconciler(connection, forecasters(settings, settings.device))
    return Remeasuring(connection, reconciler, revisions, read, archive.lacks, settings.assume_disease)

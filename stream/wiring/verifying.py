"""Construction of what `scanstream verify` checks with: weights, archive, and the reader of its files."""

from contextlib import closing
from functools import partial

from stream.archive.audit_witness import AuditWitness
from stream.archive.kept_weights import forecasters
from stream.archive.originals import Archive
from stream.dicom.scan_reading import ScanReader
from stream.endpoints import kafka_login
from stream.services.verify.all_checks import check_all
from stream.services.verify.beside_tables import texts_beside
from stream.services.verify.finding import Finding
from stream.settings import Settings
from stream.storage.database import Connection
from stream.wiring.archive_reading import archive_reader
from stream.wiring.pseudonyms import compared_pseudonyms


def findings(settings: Settings, connection: Connection, vault: Connection, percent: float) -> list[Finding]:
    """What the checks found; raises CannotStart where the pseudonym key is missing or another."""
    archive = Archive(settings.archive)
    ids = compared_pseudonyms(settings, connection, vault)
    readers = ScanReader(archive_reader(settings, archive, ids), at_once=1)
    with closing(readers):
        held = forecasters(settings, "cpu")
        beside = partial(texts_beside, settings.run, kafka_login(settings, "worker"), percent)
        seen, disease = AuditWitness(settings.archive).last(), settings.assume_disease
        return check_all(connection, vault, archive.path, held, readers.whole, disease, percent, beside, seen)

"""What is asked every few seconds goes through no more rows however many files came: a thin-slice CT has hundreds."""

import datetime as dt

from stream.services.folding.reconcile import Reconciler
from stream.storage.database import Connection
from stream.storage.intake.unfinished import UNGATHERED
from stream.storage.reading import pages, pipeline
from tests.database import Database
from tests.services.accepted_facts import accept, forecasters, lung
from tests.storage.test_page_growth import rows_read

FEW, MANY = 2, 60
ASKED = {
    "what no revision has": (UNGATHERED, {"before": dt.datetime.now(dt.UTC), "limit": 100}),
    "files and what is pending": (pages.SERVICE, {}),
    "senders": (pipeline.SENDERS, {}),
}
ARRIVED = (
    """INSERT INTO core.instances (instance_uid, scan_uid, sha256, content_sha256, modality, kind, acquired_at,
      referenced, accepted_at, row_sha256)
    SELECT scan_uid || '.' || n, scan_uid, md5(scan_uid || n), md5(scan_uid || n), 'CT', 'image', acquired_at, '{}',
      accepted_at, '' FROM core.revisions CROSS JOIN generate_series(%(first)s::int, %(last)s::int) n""",
    """INSERT INTO core.revision_instances (scan_uid, revision, instance_uid, row_sha256)
    SELECT scan_uid, 1, instance_uid, '' FROM core.instances ON CONFLICT DO NOTHING""",
    """INSERT INTO core.receipts SELECT 'r-' || instance_uid, 'a', sha256, content_sha256, scan_uid, 'accepted',
      accepted_at FROM core.instances ON CONFLICT DO NOTHING""",
)


def test_what_is_asked_every_few_seconds_reads_no_more_rows_of_many_files(database: Database) -> None:
    connection, owner = database.connect(), database.connect("migrator")
    reconciler = Reconciler(connection, forecasters())
    patients = [f"P{number}" for number in range(10)]
    accept(connection, *(lung(patient, str(on_day), on_day, 30.0) for patient in patients for on_day in (0, 60)))
    reconciler.patients(patients)
    few = _read(owner, 1, FEW)
    many = _read(owner, FEW + 1, MANY)
    assert {name: rows for name, rows in many.items() if rows > 1.2 * few[name]} == {}


def _read(owner: Connection, first: int, last: int) -> dict[str, float]:
    """How many rows each question goes through once files `first` to `last` of each scan were received too."""
    for statement in ARRIVED:
        owner.execute(statement, {"first": first, "last": last})
    owner.execute("VACUUM (FULL, ANALYZE)")
    return {name: rows_read(owner, *asked) for name, asked in ASKED.items()}

"""What is asked every few seconds goes through no more rows however many files came: a thin-slice CT has hundreds."""

import datetime as dt

from benchmarks.cohort import receive_files
from stream.services.folding.reconcile import Reconciler
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


def test_what_is_asked_every_few_seconds_reads_no_more_rows_of_many_files(database: Database) -> None:
    connection = database.connect()
    reconciler = Reconciler(connection, forecasters())
    patients = [f"P{number}" for number in range(10)]
    accept(connection, *(lung(patient, str(on_day), on_day, 30.0) for patient in patients for on_day in (0, 60)))
    reconciler.patients(patients)
    few = _read(database, FEW)
    many = _read(database, MANY)
    assert {name: rows for name, rows in many.items() if rows > 1.2 * few[name]} == {}


def _read(database: Database, files: int) -> dict[str, float]:
    """How many rows each question goes through once each scan has so many files."""
    receive_files(database.settings, files)
    owner = database.connect("migrator")
    owner.execute("VACUUM (FULL, ANALYZE)")
    return {name: rows_read(owner, *asked) for name, asked in ASKED.items()}

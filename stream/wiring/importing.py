"""Construction of an import: the pseudonyms, the connection, and the bells once everything is kept."""

import datetime as dt
from collections.abc import Collection
from pathlib import Path

from stream.errors import CannotStart
from stream.services.facts.import_tables import import_counts, keep_facts, read_tables, refuse_naming
from stream.services.facts.importing import Importer
from stream.settings import Settings
from stream.storage.database import Outage, connect
from stream.terminal.progress import progress
from stream.wiring.bells import ring
from stream.wiring.pseudonyms import pseudonyms


def import_folder(
    settings: Settings,
    folder: Path,
    issuer: str,
    by: str,
    why: str | None = None,
    baseline: dt.date | None = None,
    keep: Collection[str] = (),
) -> dict[str, int]:
    """Bring in the tables of `folder`; returns how many of each were read, and how many timelines have news.

    `by` and `why` go into the log, for every patient of whom something new came; days of patients without a baseline
    count from `baseline`; `keep`: columns of clinical.csv that are clinical facts beside those that always are.

    Raises WrongUse or AnswerIsNo, with nothing written, where the tables cannot be used; CannotStart where Postgres
    does not answer.
    The same tables again change nothing. What was kept before an outage stays: importing again brings the rest.
    """
    today = dt.datetime.now(settings.zone).date()
    try:
        with connect(settings, "gateway", timeouts=False) as connection:
            ids = pseudonyms(settings, connection)
            importer = Importer(ids, issuer, settings.zone, settings.assume_disease, today, baseline, frozenset(keep))
            patients = read_tables(importer, folder)
            refuse_naming(patients, why)
            with progress("patients", len(patients)) as advance:
                bells = keep_facts(connection, patients, by, why, advance)
    except Outage:
        raise CannotStart("Postgres does not answer: start the service with `scanstream up`.") from None
    ring(settings, bells)
    return import_counts(patients, bells)

"""Construction of an import: tables are read as a whole, their facts kept in transactions, then the bells are rung."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from models.tables.csv_table import UnusableTable
from stream.errors import CannotStart, WrongUse
from stream.services.accepting.set_asides import set_aside_row
from stream.services.facts.clinical import (
    accept_clinical,
    accept_outcomes,
    accept_treatments,
    accept_visits,
)
from stream.services.facts.importing import Importer, Known
from stream.settings import Settings
from stream.storage import audit, schema
from stream.storage.appending import append
from stream.storage.database import Connection, Outage, connect
from stream.storage.vault import keep_patients
from stream.wiring.bells import Bell, patient_bell, ring
from stream.wiring.pseudonyms import pseudonyms

PATIENTS_AT_ONCE = 50
"""A transaction holds a lock for each fact; Postgres has room for some thousands, others want some too."""


def import_folder(settings: Settings, folder: Path, issuer: str, by: str, why: str | None = None) -> dict[str, int]:
    """Bring in the tables of `folder`; returns how many of each were read, and how many timelines have news.

    `by` and `why` go into the log, for every patient of whom something new came.

    Raises WrongUse, with nothing written, where a table cannot be used; CannotStart where Postgres does not answer.
    The same tables again change nothing. What was kept before an outage stays: importing again brings the rest.
    """
    try:
        with connect(settings, "gateway", timeouts=False) as connection:
            known = _read(settings, connection, folder, issuer)
            bells = [
                bell
                for start in range(0, len(known), PATIENTS_AT_ONCE)
                for bell in _keep(connection, known[start : start + PATIENTS_AT_ONCE], by, why)
            ]
    except Outage:
        raise CannotStart("Postgres does not answer: start the service with `scanstream up`.") from None
    ring(settings, bells)
    return _counts(known) | {"changed_timelines": len({received_as for _, received_as, _ in bells})}


def _read(settings: Settings, connection: Connection, folder: Path, issuer: str) -> list[Known]:
    today = dt.datetime.now(settings.zone).date()
    names = pseudonyms(settings, connection)
    try:
        return Importer(names, issuer, settings.zone, settings.assume_disease, today).read(folder)
    except UnusableTable as error:
        raise WrongUse(str(error)) from None


def _keep(connection: Connection, known: Sequence[Known], by: str, why: str | None) -> list[Bell]:
    """Append the facts of some patients in one transaction; returns the bells to ring for what is new."""
    now = dt.datetime.now(dt.UTC)
    with connection.transaction():
        keep_patients(connection, [_vault_row(one) for one in known])
        changed = accept_treatments(connection, [fact for one in known for fact in one.treatments], now)
        changed |= accept_clinical(connection, [(one.patient_id, one.clinical) for one in known if one.clinical], now)
        told = accept_outcomes(connection, [fact for one in known for fact in one.outcomes], now)
        visits = accept_visits(connection, [visit for one in known for visit in one.visits], now)
        append(connection, schema.set_asides, _set_asides(known, now))
        received_as = {visit.scan_uid: one.patient_id for one in known for visit in one.visits}
        for patient_id in sorted(changed | told | {received_as[uid] for uid, _ in visits}):
            audit.record(connection, by, "import", patient_id, why, now)
    return [
        *(("timepoints", received_as[uid], {"scan_uid": uid, "revision": revision}) for uid, revision in visits),
        *map(patient_bell, sorted(changed)),
    ]


def _vault_row(one: Known) -> dict[str, str | None]:
    birth_date = one.birth_date.isoformat() if one.birth_date else None
    return {"patient_id": one.patient_id, "issuer": one.issuer, "mrn": one.mrn, "name": one.name,
            "birth_date": birth_date}  # fmt: skip


def _set_asides(known: Iterable[Known], now: dt.datetime) -> list[dict[str, object]]:
    return [set_aside_row(aside.item_id, aside.reason_code, aside.reason, now) for one in known for aside in one.asides]


def _counts(known: Sequence[Known]) -> dict[str, int]:
    counts = Counter({"patients": len(known)})
    for one in known:
        counts["treatments"] += len(one.treatments)
        counts["outcomes"] += len(one.outcomes)
        counts["visits"] += len(one.visits)
        counts["set_aside"] += len(one.asides)
    return dict(counts)

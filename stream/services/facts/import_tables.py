"""An import: tables are read as a whole, their facts kept in transactions, and the bells that are to be rung."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from models.tables.csv_table import UnusableTable
from stream.errors import WrongUse
from stream.services.accepting.set_asides import set_aside_row
from stream.services.facts.bells import BellMessage, patient_bell
from stream.services.facts.clinical import accept_clinical, accept_outcomes, accept_treatments, accept_visits
from stream.services.facts.importing import ImportedPatient, Importer
from stream.storage import audit, schema
from stream.storage.appending import append
from stream.storage.database import Connection
from stream.storage.patients.vault import keep_patients

PATIENTS_AT_ONCE = 50
"""A transaction holds a lock for each fact; Postgres has room for some thousands, others want some too."""


def read_tables(importer: Importer, folder: Path) -> list[ImportedPatient]:
    """What the tables of `folder` say, by patient; raises WrongUse where one cannot be used."""
    try:
        return importer.read(folder)
    except UnusableTable as error:
        raise WrongUse(str(error)) from None


def keep_facts(
    connection: Connection, patients: Sequence[ImportedPatient], by: str, why: str | None
) -> list[BellMessage]:
    """Append the facts of `patients`, some in a transaction; returns the bells to ring for what is new.

    `by` and `why` go into the log, for every patient of whom something new came.
    """
    return [
        bell
        for start in range(0, len(patients), PATIENTS_AT_ONCE)
        for bell in _keep(connection, patients[start : start + PATIENTS_AT_ONCE], by, why)
    ]


def import_counts(patients: Sequence[ImportedPatient], bells: Iterable[BellMessage]) -> dict[str, int]:
    """How many of each kind of fact were read, and how many timelines have news."""
    counts = Counter({"patients": len(patients)})
    for patient in patients:
        counts["treatments"] += len(patient.treatments)
        counts["outcomes"] += len(patient.outcomes)
        counts["visits"] += len(patient.visits)
        counts["set_aside"] += len(patient.asides)
    return dict(counts) | {"changed_timelines": len({received_as for _, received_as, _ in bells})}


def _keep(connection: Connection, patients: Sequence[ImportedPatient], by: str, why: str | None) -> list[BellMessage]:
    """Append the facts of some patients in one transaction."""
    now = dt.datetime.now(dt.UTC)
    with connection.transaction():
        keep_patients(connection, [_vault_row(patient) for patient in patients])
        changed = accept_treatments(connection, [fact for patient in patients for fact in patient.treatments], now)
        clinical = [(patient.patient_id, patient.clinical) for patient in patients if patient.clinical]
        changed |= accept_clinical(connection, clinical, now)
        changed |= accept_outcomes(connection, [fact for patient in patients for fact in patient.outcomes], now)
        visits = accept_visits(connection, [visit for patient in patients for visit in patient.visits], now)
        append(connection, schema.set_asides, _set_asides(patients, now))
        received_as = {visit.scan_uid: patient.patient_id for patient in patients for visit in patient.visits}
        for patient_id in sorted(changed | {received_as[uid] for uid, _ in visits}):
            audit.record(connection, by, "import", patient_id, why, now)
    return [
        *(("timepoints", received_as[uid], {"scan_uid": uid, "revision": revision}) for uid, revision in visits),
        *map(patient_bell, sorted(changed)),
    ]


def _vault_row(patient: ImportedPatient) -> dict[str, str | None]:
    birth_date = patient.birth_date.isoformat() if patient.birth_date else None
    originals = {name: getattr(patient, name) for name in ("patient_id", "issuer", "mrn", "name")}
    return {**originals, "birth_date": birth_date, "sex": None}


def _set_asides(patients: Iterable[ImportedPatient], now: dt.datetime) -> list[dict[str, object]]:
    asides = (aside for patient in patients for aside in patient.asides)
    return [set_aside_row(aside.item_id, aside.reason_code, aside.reason, now) for aside in asides]

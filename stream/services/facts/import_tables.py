"""An import: tables are read as a whole, their facts kept in transactions, and the bells that are to be rung."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from models.tables.csv_table import UnusableTable
from stream.errors import AnswerIsNo, WrongUse
from stream.services.accepting.set_asides import set_aside_row
from stream.services.facts.bells import BellMessage, patient_bell
from stream.services.facts.clinical import accept_clinical, accept_outcomes, accept_treatments, accept_visits
from stream.services.facts.imported_patient import ImportedPatient
from stream.services.facts.importing import Importer
from stream.services.facts.named_person import NamedPerson
from stream.storage import audit, schema
from stream.storage.appending import append
from stream.storage.database import Connection
from stream.storage.patients.vault import keep_patients
from stream.vocabulary import ReasonCode

PATIENTS_AT_ONCE = 50
"""A transaction holds a lock for each fact; Postgres has room for some thousands, others want some too."""


def read_tables(importer: Importer, folder: Path) -> list[ImportedPatient]:
    """What the tables of `folder` say, by patient.

    Raises WrongUse where one cannot be used, AnswerIsNo where they say nothing, or count days from a date they lack.
    """
    try:
        patients = importer.read(folder)
    except UnusableTable as error:
        raise WrongUse(str(error)) from None
    if not patients:
        raise AnswerIsNo(f"The tables in {folder} have no rows: nothing was imported.")
    dated = any(patient.visits or patient.treatments for patient in patients)
    if not dated and any(aside.reason_code is ReasonCode.NO_DATE for patient in patients for aside in patient.asides):
        raise AnswerIsNo(
            f"The tables in {folder} count in days and have no date to count from: nothing was imported. Give "
            "clinical.csv a column baseline_date or treatment_start, or one date for all by --baseline-date."
        )
    return patients


def refuse_naming(patients: Iterable[ImportedPatient], why: str | None) -> None:
    """Raise WrongUse where the reason for the import, which is logged for each patient, tells who one of them is."""
    if why and any(NamedPerson(one.mrn, one.name, one.birth_date).is_told_by(why) for one in patients):
        raise WrongUse(
            "The reason for the import may say who a patient of the tables is: it has a name or a part of one, an ID "
            "or a birth date. Write it without that. Nothing was kept."
        )


def keep_facts(
    connection: Connection,
    patients: Sequence[ImportedPatient],
    by: str,
    why: str | None,
    advance: Callable[[int], None],
) -> list[BellMessage]:
    """Append the facts of `patients`, some in a transaction; returns the bells to ring for what is new.

    `by` and `why` go into the log, for every patient of whom something new came; `advance` hears of how many patients
    more the facts are kept.
    """
    bells: list[BellMessage] = []
    for start in range(0, len(patients), PATIENTS_AT_ONCE):
        some = patients[start : start + PATIENTS_AT_ONCE]
        bells += _keep(connection, some, by, why)
        advance(len(some))
    return bells


def import_counts(patients: Sequence[ImportedPatient], bells: Iterable[BellMessage]) -> dict[str, int]:
    """How many of each kind of fact were read, and how many timelines have news.

    `starts_alone`: patients with a treatment_start in clinical.csv and no row in treatments.csv.
    """
    counts = Counter({"patients": len(patients)})
    for patient in patients:
        counts["treatments"] += len(patient.treatments)
        counts["outcomes"] += len(patient.outcomes)
        counts["visits"] += len(patient.visits)
        counts["set_aside"] += len(patient.asides)
        counts["starts_alone"] += "treatment_start" in patient.clinical and not patient.treatments
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

"""The vault: who a pseudonym is. Only the gateway writes here, only the vault role reads."""

from collections.abc import Iterable, Mapping

from stream.storage.database import Connection

KEEP = """INSERT INTO vault.patients AS p (patient_id, issuer, mrn, name, birth_date)
VALUES (%(patient_id)s, %(issuer)s, %(mrn)s, %(name)s, %(birth_date)s) ON CONFLICT (patient_id) DO UPDATE
SET name = coalesce(p.name, excluded.name), birth_date = coalesce(p.birth_date, excluded.birth_date)
WHERE p.name IS NULL AND excluded.name IS NOT NULL OR p.birth_date IS NULL AND excluded.birth_date IS NOT NULL"""


def has_patients(connection: Connection) -> bool:
    """Whether any patient was ever received."""
    row = connection.execute("SELECT EXISTS (SELECT FROM core.scans)").fetchone()
    return bool(row and row[0])


def keep_patients(connection: Connection, patients: Iterable[Mapping[str, str | None]]) -> None:
    """Note who these pseudonyms are, as first received; a name or birth date that was not known yet is filled in."""
    # always in the same order: an import and the gateway may note the same people at the same time
    rows = sorted(patients, key=lambda row: str(row["patient_id"]))
    with connection.cursor() as cursor:
        cursor.executemany(KEEP, rows)


def find_patient(connection: Connection, mrn: str) -> list[str]:
    """Pseudonyms of the patients with this hospital's ID (one per issuer); needs the vault role."""
    rows = connection.execute("SELECT patient_id FROM vault.patients WHERE mrn = %s ORDER BY 1", [mrn.strip()])
    return [row[0] for row in rows]


def find_scan(connection: Connection, study_uid: str) -> str | None:
    """Pseudonym of the scan with this Study Instance UID; needs the vault role."""
    query = "SELECT scan_uid FROM vault.scans WHERE study_instance_uid = %s"
    row = connection.execute(query, [study_uid.strip()]).fetchone()
    return row[0] if row else None

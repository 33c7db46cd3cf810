"""The vault: who a pseudonym is. Only the gateway writes here, only the vault role reads."""

from collections.abc import Iterable, Mapping, Sequence

from stream.storage.database import Connection

KEEP = """INSERT INTO vault.patients AS p (patient_id, issuer, mrn, name, birth_date, sex)
VALUES (%(patient_id)s, %(issuer)s, %(mrn)s, %(name)s, %(birth_date)s, %(sex)s) ON CONFLICT (patient_id) DO UPDATE
SET name = coalesce(p.name, excluded.name), birth_date = coalesce(p.birth_date, excluded.birth_date),
  sex = coalesce(p.sex, excluded.sex)
WHERE p.name IS NULL AND excluded.name IS NOT NULL OR p.birth_date IS NULL AND excluded.birth_date IS NOT NULL
  OR p.sex IS NULL AND excluded.sex IS NOT NULL"""


def has_patients(connection: Connection) -> bool:
    """Whether any patient was ever received."""
    row = connection.execute("SELECT EXISTS (SELECT FROM core.scans)").fetchone()
    return bool(row and row[0])


def some_scan(connection: Connection) -> tuple[str, str] | None:
    """Original Study Instance UID and pseudonym of any scan that was received; None where none was."""
    return connection.execute("SELECT study_instance_uid, scan_uid FROM vault.scans LIMIT 1").fetchone()


def keep_patients(connection: Connection, patients: Iterable[Mapping[str, str | None]]) -> None:
    """Note who these pseudonyms are, as first received; a name, birth date or sex not known yet is filled in."""
    # always in the same order: an import and the gateway may note the same people at the same time
    rows = sorted(patients, key=lambda row: str(row["patient_id"]))
    with connection.cursor() as cursor:
        cursor.executemany(KEEP, rows)


def noted_persons(
    connection: Connection, patients: Sequence[str]
) -> list[tuple[str, str | None, str | None, str | None]]:
    """Pseudonym, name, birth date and sex: of each patient as first received, then of each doubt that was released."""
    query = """SELECT patient_id, name, birth_date, sex FROM (
  SELECT 0 AS turn, patient_id, name, birth_date, sex FROM vault.patients WHERE patient_id = ANY(%(ids)s)
  UNION ALL SELECT 1, d.patient_id, d.name, d.birth_date, d.sex FROM vault.doubts d
    JOIN core.set_asides i USING (item_id) WHERE d.patient_id = ANY(%(ids)s) AND i.decision = 'released') p
ORDER BY turn"""
    return connection.execute(query, {"ids": list(patients)}).fetchall()


def waiting_doubts(connection: Connection, patient_id: str) -> list[tuple[str, str | None, str | None, str | None]]:
    """Doubt, name, birth date and sex of each undecided doubt about files that name this patient; oldest first."""
    query = """SELECT i.doubt, d.name, d.birth_date, d.sex FROM vault.doubts d JOIN core.set_asides i USING (item_id)
WHERE d.patient_id = %s AND i.doubt IS NOT NULL AND i.decision IS NULL ORDER BY i.set_aside_at, d.item_id"""
    return connection.execute(query, [patient_id]).fetchall()


def give_doubt(connection: Connection, item_id: str, patient_id: str) -> None:
    """A person said whose file it is: what it says of its patient is said of that one."""
    connection.execute("UPDATE vault.doubts SET patient_id = %s WHERE item_id = %s", [patient_id, item_id])


def hospital_ids(connection: Connection, patients: Sequence[str]) -> dict[str, str]:
    """Pseudonym → the hospital's ID, of those of `patients` that are noted."""
    query = "SELECT patient_id, mrn FROM vault.patients WHERE patient_id = ANY(%s)"
    return dict(connection.execute(query, [list(patients)]).fetchall())


def issuers(connection: Connection, patients: Sequence[str]) -> dict[str, str]:
    """Who issued the hospital's ID of each of `patients`; "" where no file or table said it."""
    query = "SELECT patient_id, issuer FROM vault.patients WHERE patient_id = ANY(%s)"
    return dict(connection.execute(query, [list(patients)]).fetchall())


def find_patient(connection: Connection, mrn: str) -> list[str]:
    """Pseudonyms of the patients with this hospital's ID (one per issuer); needs the vault role."""
    rows = connection.execute("SELECT patient_id FROM vault.patients WHERE mrn = %s ORDER BY 1", [mrn.strip()])
    return [row[0] for row in rows]


def find_scan(connection: Connection, study_uid: str) -> str | None:
    """Pseudonym of the scan with this Study Instance UID; needs the vault role."""
    query = "SELECT scan_uid FROM vault.scans WHERE study_instance_uid = %s"
    row = connection.execute(query, [study_uid.strip()]).fetchone()
    return row[0] if row else None

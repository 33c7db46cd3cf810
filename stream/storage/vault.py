"""The vault: who a pseudonym is. Only the gateway writes here, only the vault role reads."""

from stream.storage.database import Connection


def has_patients(connection: Connection) -> bool:
    """Whether any patient was ever received."""
    return connection.execute("SELECT EXISTS (SELECT FROM core.scans)").fetchone()[0]


def find_patient(connection: Connection, mrn: str) -> list[str]:
    """Pseudonyms of the patients with this hospital's ID (one per issuer); needs the vault role."""
    rows = connection.execute("SELECT patient_id FROM vault.patients WHERE mrn = %s ORDER BY 1", [mrn.strip()])
    return [row[0] for row in rows]

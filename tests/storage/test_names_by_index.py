"""Whether a text names anybody is asked for files from senders on no list: it must not go through all patients."""

from stream.storage.database import Connection
from stream.storage.patients.naming import name_anybody
from stream.storage.patients.vault import keep_patients
from tests.database import Database

MANY = 200
READ = "SELECT seq_tup_read FROM pg_stat_user_tables WHERE schemaname = 'vault' AND relname = 'patients'"


def test_no_patient_is_read_who_has_another_name_also_while_patients_come_in(database: Database) -> None:
    gateway = database.connect("gateway")
    keep_patients(gateway, [somebody(number) for number in range(MANY)])
    before = _read(database, gateway)
    assert name_anybody(gateway, ["TRAFFIC", "ct 7", "doe 7 jane"]) == {"doe 7 jane"}
    assert _read(database, gateway) == before


def somebody(number: int) -> dict[str, str | None]:
    """A row of the vault."""
    mrn, name = f"traffic-{number}", f"Doe {number}^Jane"
    return {"patient_id": f"P{number}", "issuer": "", "mrn": mrn, "name": name, "birth_date": "1950-01-02", "sex": "F"}


def _read(database: Database, asks: Connection) -> int:
    """Patients that were read without an index so far, by whoever `asks` and others."""
    asks.execute("SELECT pg_stat_force_next_flush()")
    ((rows,),) = database.connect("migrator").execute(READ).fetchall()
    return int(rows)

"""Whether a text names anybody is asked for files from senders on no list: it must not go through all patients."""

import pytest

from stream.storage.patients.vault import keep_patients
from tests.database import Database

MANY = 200
READ = "SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE schemaname = 'vault' AND relname = 'patients'"
"""Patients that were read without an index in this transaction."""


@pytest.mark.parametrize("knows", ["nothing", "nobody", "one", "everybody"])
def test_no_patient_is_read_who_has_another_name_whatever_the_planner_knows(database: Database, knows: str) -> None:
    counted = {"nobody": 0, "one": 1, "everybody": MANY}.get(knows)
    gateway, owner = database.connect("gateway"), database.connect("migrator")
    for number in range(MANY + 1):
        if number == counted:
            owner.execute("ANALYZE vault.patients")
        if number < MANY:
            keep_patients(gateway, [somebody(number)])
    with owner.transaction():
        said = [owner.execute("SELECT core.names_anybody(%s)", [text]).fetchall() for text in ("TRAFFIC", "doe 7 jane")]
        assert said == [[(False,)], [(True,)]]
        assert owner.execute(READ).fetchall() == [(0,)]


def somebody(number: int) -> dict[str, str | None]:
    """A row of the vault."""
    mrn, name = f"traffic-{number}", f"Doe {number}^Jane"
    return {"patient_id": f"P{number}", "issuer": "", "mrn": mrn, "name": name, "birth_date": "1950-01-02", "sex": "F"}

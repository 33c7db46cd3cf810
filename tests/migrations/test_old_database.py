"""What an earlier version of ScanStream stored is, after migrating, right to this version as well, to the bit.

`database_0006.sql.gz` is a dump of a service that code of version 0006 of the schema ran: the simulated cohort of three
patients, then a scan with images, a late scan, a second report in a study, a rejection note, a report that replaces
another, an undated report (set aside, then released), an import of tables, a rejection, another with its undo, a move,
a merge, and a merge with its undo. It was made by `pg_dump --no-owner --rows-per-insert=500
--exclude-table-data='vault.*'`; its comments, the rows of core.weights and the sender's address were taken out.
Migrating puts the weights back that come with the code: where others come with it, the old ones have to be kept here.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from stream.services.folding.reconcile import Reconciler
from stream.services.verify import acceptance
from stream.services.verify.finding import Finding
from stream.services.verify.standing_folds import TOLERANCE
from stream.settings import Settings
from stream.storage.database import Connection, upgrade, version
from stream.storage.folding.active_weights import without_course
from stream.storage.roles import ensure_roles
from tests.database import Database, new_database
from tests.migrations.catalogue import everything
from tests.services.accepted_facts import checks, day, forecasters

DUMP = Path(__file__).with_name("database_0006.sql.gz")
RIGHTS = "GRANT TEMPORARY ON DATABASE {database} TO scanstream_worker"
"""A dump leaves out the rights on the database itself."""
REASONS = {
    "occurred",
    "replay",
    "late",
    "revision",
    "rejected",
    "retracted",
    "restored",
    "moved",
    "merged",
    "unmerged",
    "treatment",
}
STANDS = "superseded_by IS NULL"
WRONG = [
    ("I2", "assembly", "status = 'measuring'", "EXISTS (SELECT FROM core.instances i WHERE i.scan_uid = t.scan_uid)"),
    ("I3", "ledger", "id = 'never came'", "kind = 'scan'"),
    ("I3", "aliases", "into_patient_id = 'somebody else'", "true"),
    ("I4", "heads", "version = version + 1", "true"),
    ("I5", "forecasts", "risk = (risk + risk_high) / 2", STANDS),
    ("I5", "size_forecasts", "value[1] = value[1] + 1", STANDS),
    ("I5", "states", "state = set_byte(state, 3, 0)", STANDS),
    ("hashes", "features", "x[1] = x[1] + 1", "x[1] IS NOT NULL AND revision = 1"),
    ("I6", "folds", "computed_at = computed_at + interval '1 second'", "true"),
    ("I7 timelines", "states", "digest = sha256(digest)", STANDS),
    ("I7 folds", "folds", "rows_digest = sha256(rows_digest)", "true"),
    ("hashes", "measurements", "value = value + 1", "true"),
    ("hashes", "forecasts", "risk_low = risk_low / 2", "superseded_by IS NOT NULL"),
    ("audit", "audit", "why = 'no reason'", "true"),
]
"""(invariant that notices it, table, what is written over, in one of the rows for which this holds)."""


@pytest.fixture(scope="module")
def migrated(postgres: Settings) -> Iterator[Database]:
    """The old database, restored and brought to the version of this code."""
    database = new_database(postgres)
    ensure_roles(database.settings)
    owner = database.connect("migrator")
    with gzip.open(DUMP, "rt") as dump, owner.transaction():
        owner.execute(dump.read())
        owner.execute(RIGHTS.format(database=owner.info.dbname))
    assert version(database.settings) == "0006"
    upgrade(database.settings)
    connection = database.connect()
    # what the sweep rings for: timelines that were folded before there were visits and verdicts
    Reconciler(connection, forecasters()).timelines(without_course(connection, 1000))
    yield database
    database.close()


@pytest.fixture
def superuser(migrated: Database) -> Iterator[Connection]:
    """A connection that may change anything; what it changed is undone."""
    with psycopg.connect(migrated.superuser_url) as connection:
        connection.execute("SET session_replication_role = replica")  # past the trigger of the audit log
        yield connection
        connection.rollback()


def test_an_old_database_becomes_as_a_new_one(migrated: Database, database: Database) -> None:
    assert everything(migrated.connect("migrator")) == everything(database.connect("migrator"))


def test_the_old_database_holds_what_was_superseded_for_every_reason(migrated: Database) -> None:
    query = "SELECT DISTINCT superseded_because FROM core.forecasts WHERE superseded_because IS NOT NULL"
    assert {reason for (reason,) in migrated.connect().execute(query).fetchall()} == REASONS


def test_the_files_of_an_old_database_are_counted_as_they_were_received(migrated: Database) -> None:
    counted = "SELECT accepted, duplicate, set_aside FROM scanstream.service_status"
    received = "SELECT outcome, count(*) FROM core.receipts GROUP BY 1"
    one_by_one = dict(migrated.connect().execute(received).fetchall())
    assert migrated.connect().execute(counted).fetchall() == [
        tuple(one_by_one.get(outcome, 0) for outcome in ("accepted", "duplicate", "set_aside"))
    ]
    assert one_by_one["accepted"] > 0


def test_all_of_an_old_database_is_right_to_this_code(migrated: Database) -> None:
    findings = verified(migrated.connect())
    assert [failure for finding in findings for failure in finding.first] == []
    assert [finding.invariant for finding in findings if not finding.checked] == []


@pytest.mark.parametrize(("invariant", "table", "change", "where"), WRONG)
def test_one_wrong_value_in_an_old_database_is_noticed(
    superuser: Connection, invariant: str, table: str, change: str, where: str
) -> None:
    row = f"(SELECT min(ctid) FROM core.{table} t WHERE {where})"
    assert superuser.execute(f"UPDATE core.{table} SET {change} WHERE ctid = {row}").rowcount == 1
    assert invariant in {finding.invariant for finding in verified(superuser) if finding.failed}


def verified(connection: Connection) -> list[Finding]:
    """What `scanstream verify` checks in a database: all but the files in the archive and the vault's originals."""
    return [acceptance.ends(connection, day(10_000)), *checks(connection, TOLERANCE)]

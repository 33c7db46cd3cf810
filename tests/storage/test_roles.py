"""Who may do what: tried by doing it."""

import psycopg
import pytest

from stream.settings import ROLES
from stream.storage.locks import lock_roles
from stream.storage.walls import CONNECTIONS, statements
from tests.database import Database

VIEWS = (
    "current_risk",
    "risk_history",
    "size_forecast",
    "response_probability",
    "trajectory",
    "scan_status",
    "treatments",
    "set_aside",
    "service_status",
    "sender",
    "merged_patient",
    "process",
    "disk",
    "throughput",
    "pulse",
)
READERS = ("dashboard", "reader", "vault", "gateway", "worker")
FACT = "INSERT INTO core.scans (scan_uid, received_as, row_sha256) VALUES ('s', 'P', '')"
HEAD = "INSERT INTO core.heads (patient_id, version, changed_at, fold_digest) VALUES ('P', 0, now(), '')"


def refused(database: Database, role: str, statement: str) -> bool:
    """Whether Postgres refuses `statement` to `role` for want of a right."""
    try:
        database.connect(role).execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False


@pytest.mark.parametrize("role", READERS)
@pytest.mark.parametrize("view", VIEWS)
def test_readers_read_every_view(database: Database, role: str, view: str) -> None:
    assert not refused(database, role, f"SELECT * FROM scanstream.{view}")


@pytest.mark.parametrize("function", ["risk_as_of", "trajectory_as_of"])
@pytest.mark.parametrize("role", READERS)
def test_readers_ask_what_stood_at_a_time(database: Database, role: str, function: str) -> None:
    assert not refused(database, role, f"SELECT * FROM scanstream.{function}(now())")


@pytest.mark.parametrize("function", ["release", "reject"])
def test_the_dashboard_alone_may_want_a_decision(database: Database, function: str) -> None:
    decide = f"SELECT scanstream.{function}('0123', 'because')"
    assert all(refused(database, role, decide) for role in ("reader", "vault", "auditor", "gateway", "worker"))
    with pytest.raises(psycopg.errors.RaiseException, match="No item 0123"):
        refused(database, "dashboard", decide)


@pytest.mark.parametrize("role", ["dashboard", "reader"])
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM core.forecasts",
        "SELECT * FROM core.states",
        "SELECT * FROM core.audit",
        "SELECT core.root('P')",
        "SELECT core.wish('i', 'released', 'because', NULL, NULL, NULL)",
        "SELECT core.write_audit('someone', 'did', 'it', 'because')",
        "SELECT * FROM vault.patients",
        "SELECT * FROM vault.scans",
        FACT,
        "DELETE FROM scanstream.response",
        "INSERT INTO scanstream.sender (sender) VALUES ('x')",
        "CREATE TABLE scanstream.mine (a int)",
        "CREATE TABLE public.mine (a int)",
        "CREATE SCHEMA mine",
    ],
)
def test_the_dashboard_and_readers_see_views_and_functions_only(database: Database, role: str, statement: str) -> None:
    assert refused(database, role, statement)


@pytest.mark.parametrize("role", ["worker", "auditor", "dashboard", "reader"])
def test_only_the_gateway_and_the_vault_role_come_near_the_originals(database: Database, role: str) -> None:
    for table in ("patients", "scans"):
        assert refused(database, role, f"SELECT * FROM vault.{table}")
        assert not refused(database, "vault", f"SELECT * FROM vault.{table}")
        assert refused(database, "vault", f"DELETE FROM vault.{table}")


@pytest.mark.parametrize(
    "statement",
    [
        HEAD,
        "UPDATE core.forecasts SET risk = 0",
        "UPDATE core.revisions SET acquired_at = now()",
        "UPDATE core.treatments SET name = 'x'",
        "INSERT INTO core.rejections SELECT",
        "TRUNCATE core.instances",
        "DELETE FROM core.scans",
        "DELETE FROM vault.patients",
        "UPDATE core.leads SET until = now()",
    ],
)
def test_the_gateway_brings_facts_and_derives_nothing(database: Database, statement: str) -> None:
    assert refused(database, "gateway", statement)
    assert not refused(database, "gateway", FACT)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM core.scans",
        "DELETE FROM core.forecasts",
        "TRUNCATE core.folds",
        "DROP TABLE core.heads",
        "UPDATE core.audit SET who = 'x'",
        "DELETE FROM core.audit",
        "ALTER TABLE core.audit DISABLE TRIGGER ALL",
        "CREATE TABLE core.mine (a int)",
    ],
)
def test_the_worker_derives_and_takes_nothing_away(database: Database, statement: str) -> None:
    assert refused(database, "worker", statement)
    assert not refused(database, "worker", HEAD)


def test_the_auditor_reads_the_log_and_nothing_else(database: Database) -> None:
    assert not refused(database, "auditor", "SELECT * FROM core.audit")
    for table in ("core.forecasts", "core.scans", "scanstream.current_risk"):
        assert refused(database, "auditor", f"SELECT * FROM {table}")


@pytest.mark.parametrize("role", ROLES)
def test_no_role_is_more_than_it_says(database: Database, role: str) -> None:
    rights = database.connect(role).execute(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication FROM pg_roles WHERE rolname = %s",
        [f"scanstream_{role}"],
    )
    assert rights.fetchone() == (False,) * 5


@pytest.mark.parametrize("role", ["dashboard", "reader", "auditor", "vault"])
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_advisory_lock(4711)",
        "SELECT pg_try_advisory_lock_shared(4711)",
        "SELECT pg_advisory_xact_lock(1, 2)",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'x')",
        "CREATE TEMP TABLE mine (a int)",
        "BEGIN; LOCK TABLE core.heads IN ACCESS SHARE MODE",
        "SELECT * FROM scanstream.current_risk FOR UPDATE",
    ],
)
def test_who_only_reads_holds_nobody_up(database: Database, role: str, statement: str) -> None:
    assert refused(database, role, statement)


@pytest.mark.parametrize("role", CONNECTIONS)
def test_a_role_that_takes_all_its_connections_leaves_the_others_theirs(database: Database, role: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
        for _ in range(CONNECTIONS[role] + 1):
            database.connect(role)
    assert database.connect("worker").execute("SELECT 1").fetchone() == (1,)


def test_what_somebody_made_the_defaults_of_a_role_is_undone_at_the_next_start(database: Database) -> None:
    reader = database.connect("reader")
    reader.execute("ALTER ROLE scanstream_reader SET statement_timeout = 0")
    here = psycopg.sql.Identifier(reader.info.dbname)
    changed = psycopg.sql.SQL("ALTER ROLE scanstream_reader IN DATABASE {} SET work_mem = '2GB'").format(here)
    reader.execute(changed)
    reader.commit()
    asked = "SELECT current_setting('statement_timeout'), current_setting('work_mem') = '2GB'"
    assert database.connect("reader").execute(asked).fetchone() == ("0", True)
    with psycopg.connect(database.superuser_url) as administrator:
        lock_roles(administrator)
        administrator.execute(statements().encode())
    assert database.connect("reader").execute(asked).fetchone() == ("5min", False)

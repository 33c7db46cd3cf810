"""The table of roles and statements in docs/security.md: every cell tried by doing it."""

import re
from pathlib import Path

import psycopg

from tests.database import Database

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
ROLES = ("gateway", "worker", "dashboard", "reader", "auditor", "vault")
STATEMENTS = {
    "read views": "SELECT * FROM scanstream.current_risk",
    "read tables": "SELECT * FROM core.forecasts",
    "read the audit log": "SELECT * FROM core.audit",
    "read originals": "SELECT * FROM vault.patients",
    "write originals": "INSERT INTO vault.patients (patient_id, issuer, mrn) VALUES ('P', 'NORTH', '1')",
    "write facts": "INSERT INTO core.scans (scan_uid, received_as, row_sha256) VALUES ('s', 'P', '')",
    "write folds": "INSERT INTO core.heads (patient_id, version, changed_at, fold_digest) VALUES ('P', 0, now(), '')",
    "take facts away": "DELETE FROM core.scans",
    "change or cut the audit log": "DELETE FROM core.audit",
    "want a decision": "SELECT scanstream.release('0123', 'because')",
    "acknowledge": "SELECT scanstream.acknowledge('P', 'me', 'seen')",
    "ask whether words name a patient": "SELECT core.names_somebody('P', '{}')",
    "ask whether a note may be kept": "SELECT core.why_not_written('{}', 'me', 'seen')",
    "take a numbered lock": "SELECT pg_try_advisory_xact_lock(1)",
    "lock a table": "LOCK TABLE core.heads IN ROW EXCLUSIVE MODE",
    "make a temp table": "CREATE TEMP TABLE mine (a int)",
    "make a large object": "SELECT lo_create(0)",
    "write into the log of changes by itself": "SELECT pg_logical_emit_message(false, 'mine', '')",
    "make a table": "CREATE TABLE public.mine (a int)",
    "use more than 4 GB of disk for a query": "SET temp_file_limit = '100GB'",
    "make programs run": "COPY (SELECT 1) TO PROGRAM 'true'",
}


def may(database: Database, role: str, statement: str) -> bool:
    """Whether `role` has the right; what else is wrong with the statement does not count, and nothing stays."""
    connection = database.connect(role)
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        return False
    except (psycopg.DataError, psycopg.errors.RaiseException):
        return True
    finally:
        connection.close()
    return True


def matrix(database: Database) -> list[str]:
    """The rows of the table, as they are."""
    rows = []
    for what, statement in STATEMENTS.items():
        cells = ("yes" if may(database, role, statement) else "" for role in ROLES)
        rows.append(f"| {what} | {' | '.join(cells)} |")
    return [re.sub(" +", " ", row) for row in rows]


def test_every_role_may_do_what_the_page_on_security_says_and_nothing_else(database: Database) -> None:
    page = PAGE.read_text().splitlines()
    start = page.index(f"| | {' | '.join(f'`{role}`' for role in ROLES)} |")
    assert page[start + 2 : start + 2 + len(STATEMENTS)] == matrix(database)

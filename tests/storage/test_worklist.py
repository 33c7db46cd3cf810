"""The worklist is what stands: as other views tell it, at every commit, and read without going through whole tables."""

import datetime as dt
import re
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from dashboard.worklist_query import FILTERS, WorklistQuery
from stream.services.facts.clinical import Outcome
from stream.services.verify.worklist import worklist
from stream.storage.database import Connection
from stream.storage.reading import pages, patient_page
from tests.database import Database
from tests.services.accepted_facts import breast, day, fold_each, lung

COURSE = [
    lung("PA", "a", 0, 30.0),
    ("PA", {"trial": "T1", "arm": "A", "disease": "bladder"}),
    lung("PA", "b", 42, 24.0),
    lung("PA", "c", 84, 25.0),
    lung("PB", "a", 0, 30.0),
    lung("PB", "b", 60, 75.0),
    breast("PC", "a", 0, 12.0, 30.0),
    breast("PC", "b", 21, 8.0, 25.0),
]
ASKED = {"patient": "PA", "limit": 20, "offset": 0, "need": None, **WorklistQuery("", {}).filters()}
SMALL = {"worklist", "service", "assignments", "aliases", "weights", "active_weights", "leads", "senders"}
"""Tables that are read as a whole: one row a patient or sender, or of what people did or configured."""
QUERIES = {
    "worklist": pages.WORKLIST.format(order=WorklistQuery("", {}).order()),
    "needs": pages.NEEDS,
    "choices": pages.CHOICES,
    "service": pages.SERVICE,
    **patient_page.texts(of_a_moment=False),
}


@pytest.fixture
def connection(database: Database) -> Connection:
    """A reader's connection to a database in which the course stands."""
    fold_each(database.connect(), COURSE)
    reader = database.connect("reader")
    reader.row_factory = dict_row
    return reader


def test_a_row_says_what_the_other_views_say(connection: Connection) -> None:
    for row in connection.execute("SELECT * FROM scanstream.worklist ORDER BY patient_id").fetchall():
        of_patient = {"patient": row["patient_id"]}
        verdict = connection.execute(
            """SELECT category, percent_from_nadir, nadir_at, acquired_at FROM scanstream.response
            WHERE patient_id = %(patient)s AND superseded_at IS NULL ORDER BY acquired_at DESC LIMIT 1""",
            of_patient,
        ).fetchone()
        told = row["response"], row["percent_from_nadir"], row["nadir_at"], row["response_at"]
        assert told == tuple(verdict.values())
        risks = connection.execute(
            """SELECT risk, risk_low, risk_high, valid_until, stale, provisional FROM scanstream.current_risk
            WHERE patient_id = %(patient)s AND horizon_days IS NOT DISTINCT FROM 180 - 180 * (endpoint = 'pcr')::int
              OR patient_id = %(patient)s AND endpoint = 'pcr'""",
            of_patient,
        ).fetchall()
        assert [{name: row[name] for name in risk} for risk in risks] == risks
        assert bool(risks) == (row["risk"] is not None)
        diseases = connection.execute(
            "SELECT DISTINCT disease FROM scanstream.timepoint WHERE patient_id = %(patient)s", of_patient
        )
        assert {"disease": row["disease"]} in diseases.fetchall()


def test_clinical_facts_and_progression_are_on_it(connection: Connection) -> None:
    rows = {row["patient_id"]: row for row in connection.execute("SELECT * FROM scanstream.worklist ORDER BY 1")}
    assert [rows["PA"][name] for name in ("trial", "arm", "disease")] == ["T1", "A", "bladder"]
    assert rows["PB"]["question"] == "occurred"
    assert rows["PB"]["progressed_at"] == rows["PB"]["last_scan_at"]
    assert rows["PB"]["risk"] is None


def test_a_death_and_its_withdrawal_change_who_needs_somebody(database: Database, connection: Connection) -> None:
    """The progression of a patient who has died is no news, and no scan is due."""

    def told() -> tuple[str, bool]:
        row = connection.execute("SELECT need, died FROM scanstream.worklist WHERE patient_id = 'PD'")
        return tuple(row.fetchone().values())

    worker, today = database.connect(), (dt.datetime.now(dt.UTC) - day(0)).days
    growing = [lung("PD", "a", today - 70, 30.0), lung("PD", "b", today - 10, 75.0)]
    fold_each(worker, growing)
    assert told() == ("progressed", False)
    died = Outcome("PD", "death", day(today - 2), True)
    fold_each(worker, [died])
    assert told() == ("none", True)
    fold_each(worker, [replace(died, withdrawn=True)])
    assert told() == ("progressed", False)
    assert worklist(worker).failed == 0


def test_every_word_of_a_filter_is_a_column(connection: Connection) -> None:
    assert {*FILTERS, "patients"} == set(connection.execute(pages.CHOICES).fetchone())


@pytest.mark.parametrize("name", QUERIES)
def test_no_large_table_is_read_as_a_whole(connection: Connection, name: str) -> None:
    """Small tables are: so the planner is asked to avoid it, and what it reads as a whole all the same has no index."""
    connection.execute("SET enable_seqscan = off")
    plan = connection.execute(sql.SQL("EXPLAIN (COSTS OFF) ") + sql.SQL(QUERIES[name]), ASKED).fetchall()
    read = {table for row in plan for table in re.findall(r"Seq Scan on (\w+)", row["QUERY PLAN"])}
    assert read <= SMALL


def test_verify_names_a_row_that_fell_behind(database: Database, connection: Connection) -> None:
    owner = database.connect("migrator")
    assert worklist(owner).failed == 0
    owner.execute("UPDATE core.worklist SET response = 'CR' WHERE patient_id = 'PB'")
    owner.execute("DELETE FROM core.worklist WHERE patient_id = 'PC'")
    assert set(worklist(owner).first) == {"worklist patient_id=PB", "worklist patient_id=PC"}


def test_the_plan_of_a_row_is_made_once(database: Database) -> None:
    """A fold asks for one row after the other, and planning takes ten times as long as answering."""
    fold_each(database.connect(), COURSE)
    with psycopg.connect(database.superuser_url) as superuser:
        superuser.execute("SELECT core.refresh_worklist(ARRAY['PA'])")
        kept = superuser.execute(
            """SELECT count(*) FROM pg_backend_memory_contexts
            WHERE name = 'CachedPlan' AND ident LIKE 'SELECT h.patient_id,%'"""
        )
        assert kept.fetchone() == (1,)

import pytest

from stream.errors import CannotStart
from stream.storage import schema
from stream.storage.database import check, upgrade, version
from tests.database import Database
from tests.migrations.catalogue import Catalogue, everything


def test_an_upgraded_empty_database_has_exactly_the_tables_of_the_code(blank: Database) -> None:
    assert version(blank.settings) is None
    upgrade(blank.settings)
    assert version(blank.settings)
    check(blank.settings)


def test_upgrading_again_changes_nothing(database: Database) -> None:
    before = _catalogue(database)
    upgrade(database.settings)
    assert _catalogue(database) == before


def test_a_database_of_a_newer_version_is_refused_and_left_alone(blank: Database) -> None:
    upgrade(blank.settings)
    owner = blank.connect("migrator")
    owner.execute("UPDATE core.alembic_version SET version_num = '9999'")
    for what in (upgrade, version):
        with pytest.raises(CannotStart, match="9999.*install a newer ScanStream"):
            what(blank.settings)
    assert owner.execute("SELECT version_num FROM core.alembic_version").fetchone() == ("9999",)


def test_every_table_view_and_column_says_what_it_is(database: Database) -> None:
    silent = database.connect("migrator").execute(
        """SELECT c.oid::regclass::text, a.attname FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN ('core', 'vault', 'scanstream')
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relkind IN ('r', 'v') AND c.relname <> 'alembic_version'
          AND (obj_description(c.oid) IS NULL OR col_description(c.oid, a.attnum) IS NULL)"""
    )
    assert silent.fetchall() == []


def test_every_function_for_readers_says_what_it_is(database: Database) -> None:
    silent = database.connect("migrator").execute(
        """SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'scanstream'::regnamespace
        AND obj_description(p.oid) IS NULL"""
    )
    assert silent.fetchall() == []


def test_every_constraint_has_a_name_of_ours(database: Database) -> None:
    names = database.connect("migrator").execute(
        """SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype NOT IN ('n', 't')
        AND connamespace IN ('core'::regnamespace, 'vault'::regnamespace)"""
    )
    strange = [(table, name) for table, name in names if not name.endswith(("_pk", "_uq", "_ck"))]
    assert strange in ([], [("core.alembic_version", "alembic_version_pkc")])


@pytest.mark.parametrize("table", sorted(t.name for t in schema.metadata.tables.values() if t.schema == "core"))
def test_every_table_is_proved_row_by_row_but_for_work_in_progress(table: str) -> None:
    """Heads, folds and the audit log have chains of digests instead, the worklist is compared with what stands; what
    has no proof is named here.
    """
    compared = {"worklist"}
    chained, work = (
        {"heads", "folds", "audit"},
        {
            "assembly",
            "associations",
            "processes",
            "receipts",
            "refusals",
            "senders",
            "service",
            "suspects",
            "ungathered",
        }
        | {"unexplainable", "unexplained"},
    )
    hashed = "row_sha256" in schema.metadata.tables[f"core.{table}"].columns
    assert hashed == (table not in chained | compared | work)


def test_nobody_can_change_what_the_audit_log_says(database: Database) -> None:
    owner = database.connect("migrator")
    owner.execute("INSERT INTO core.audit (at, who, what, digest) VALUES (now(), 'someone', 'looked', '')")
    for change in ("UPDATE core.audit SET who = 'nobody'", "DELETE FROM core.audit"):
        with pytest.raises(Exception, match="append-only"):
            owner.execute(change)
    assert owner.execute("SELECT who FROM core.audit").fetchall() == [("someone",)]


def _catalogue(database: Database) -> tuple[Catalogue, list[tuple]]:
    """Tables, views and rights, and which weights are in service."""
    owner = database.connect("migrator")
    weights = owner.execute("SELECT weights_version, since, until FROM core.active_weights ORDER BY 1")
    return everything(owner), weights.fetchall()

"""A wrong value planted in any column of any table of the protocol is named by `verify`."""

import itertools
import re

import pytest
import sqlalchemy as sa
from psycopg import sql
from psycopg.rows import dict_row

from stream.services.measuring.measurement import content_sha256
from stream.services.verify.finding import Finding
from stream.services.verify.identifiers import held_in, telling
from stream.services.verify.invariants import Invariant
from stream.services.verify.row_hashes import check_table, row_hashes
from stream.storage import schema
from stream.storage.appending import qualified
from stream.storage.database import Connection
from stream.storage.folding.staging import WRITTEN
from stream.storage.hashing import later_sha256, row_sha256
from stream.storage.table_scan import each_text
from tests.services.accepted_facts import checks, checks_across_rows
from tests.services.outlined_visits import held
from tests.services.verify.full_world import world as world
from tests.services.verify.planting import holding, planted, planting, rows_of, wrong_values

WORK = {
    "assembly",
    "associations",
    "processes",
    "receipts",
    "refusals",
    "senders",
    "service",
    "suspects",
    "ungathered",
    "patients",
    "unexplainable",
    "unexplained",
    "vault_scans",
}
"""Work in progress and the vault: neither facts nor derived."""
HASHES = {"row_sha256", "later_sha256"}
TABLES = [t for t in schema.metadata.sorted_tables if t.schema == schema.SCHEMA and t.name not in WORK]
COLUMNS = [(table.name, column.name) for table in TABLES for column in table.columns if column.name not in HASHES]
TEXT_COLUMNS = [
    (table.name, column.name)
    for table in TABLES
    for column in table.columns
    if isinstance(getattr(column.type, "item_type", column.type), sa.Text | sa.JSON)
]
JANE = telling(["DOE JANE"])


def named(world: Connection, table: str) -> bool:
    """Whether any check names `table`: of all hashes those of its own rows."""
    own = Finding.of(Invariant.ROW_HASHES)
    rows = schema.metadata.tables[f"core.{table}"]
    if "row_sha256" in rows.columns:
        check_table(own, world, rows)
    found = itertools.chain([own], checks_across_rows(world, held=held()))
    return any(re.search(rf"\b{table}\b", failure) for check in found for failure in check.first)


def test_the_sound_world_has_a_row_in_every_table(world: Connection) -> None:
    for table in TABLES:
        assert world.execute(sql.SQL("SELECT count(*) > 0 FROM {}").format(qualified(table))).fetchone()[0], table.name


def test_the_hashes_of_all_tables_are_looked_at(world: Connection) -> None:
    each = Finding.of(Invariant.ROW_HASHES)
    for table in TABLES:
        if "row_sha256" in table.columns:
            before = each.checked
            check_table(each, world, table)
            assert each.checked > before, table.name
    assert row_hashes(world).checked == each.checked


@pytest.mark.parametrize(("table_name", "column"), COLUMNS, ids=lambda value: value)
def test_a_wrong_value_in_any_column_is_refused_or_named(world: Connection, table_name: str, column: str) -> None:
    table = schema.metadata.tables[f"core.{table_name}"]
    tried = list(wrong_values(world, table, table.columns[column]))
    for row, wrong in tried:
        with planted(world):
            if planting(world, table, row, {column: wrong}):
                assert named(world, table_name), f"{table_name}.{column}: {row[column]!r} became {wrong!r}"
    assert tried


@pytest.mark.parametrize("table", WRITTEN, ids=str)
def test_a_value_planted_together_with_its_hashes_is_named_by_the_chain_of_folds(
    world: Connection, table: sa.Table
) -> None:
    column = "revision" if "revision" in table.columns else "line"
    for row in rows_of(world, table, "fold_id"):
        with planted(world):
            wrong = {**row, column: row[column] + 7}
            wrong["row_sha256"] = row_sha256(table, wrong)
            values = {column: wrong[column], "row_sha256": wrong["row_sha256"]}
            if row.get("later_sha256"):
                values["later_sha256"] = later_sha256(table, wrong)
            assert planting(world, table, row, values)
            assert named(world, "folds")


def test_features_planted_together_with_their_hashes_are_named_by_the_states_that_stood_on_them(
    world: Connection,
) -> None:
    query = """SELECT f.*, f.ctid FROM core.features f JOIN core.states s USING (scan_uid, revision)
    WHERE s.superseded_by IS NULL ORDER BY f.scan_uid LIMIT 1"""
    row = world.cursor(row_factory=dict_row).execute(query).fetchone()
    x = [None] * len(row["x"])
    wrong = {**row, "x": x, "sha256": content_sha256(row["feature_version"], row["disease"], x)}
    with planted(world):
        values = {name: wrong[name] for name in ("x", "sha256")}
        assert planting(world, schema.features, row, {**values, "row_sha256": row_sha256(schema.features, wrong)})
        assert named(world, "states")


@pytest.mark.parametrize("table", ["heads", "folds", "treatments", *(table.name for table in WRITTEN)])
def test_a_row_taken_away_is_missed(world: Connection, table: str) -> None:
    with planted(world):
        world.execute(f"DELETE FROM core.{table} WHERE ctid = (SELECT min(ctid) FROM core.{table})")
        assert any(one.failed for one in checks(world, held=held()))


@pytest.mark.parametrize(("table_name", "column"), TEXT_COLUMNS, ids=lambda value: value)
def test_an_original_planted_in_any_column_of_text_is_refused_or_found(
    world: Connection, table_name: str, column: str
) -> None:
    table = schema.metadata.tables[f"core.{table_name}"]
    assert not held_in(each_text(world, table), JANE)
    for row in rows_of(world, table, column):
        with planted(world):
            if planting(world, table, row, {column: holding("Doe^Jane", table.columns[column].type)}):
                assert held_in(each_text(world, table), JANE)


def test_each_check_says_how_much_it_looked_at(world: Connection) -> None:
    assert all(one.checked > 0 and one.failed == 0 and one.says for one in checks(world, held=held()))

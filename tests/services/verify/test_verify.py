"""A wrong value planted in any column of any table of the protocol is named by `verify`."""

import datetime as dt
import itertools
import json
import math
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql
from psycopg.rows import dict_row

from models.criteria.finding import LesionFinding, LesionState
from models.criteria.place import Registration
from models.measurement import Measurement
from stream.errors import SetAside
from stream.measured_scan import KeySlice, LesionMap, MeasuredScan, Outlining, SeriesEmbedding, TumourPresence, Unused
from stream.png import png
from stream.services import leading
from stream.services.accepting.arrivals import UnusableFile
from stream.services.accepting.received_files import accept as receive
from stream.services.accepting.set_asides import item_id
from stream.services.assembling import assembly
from stream.services.facts.clinical import Outcome, accept_outcomes
from stream.services.facts.identity_events import IdentityEvent, accept_identity
from stream.services.facts.lesion_facts import LesionFact, accept_lesion_fact
from stream.services.facts.rejections import Rejection, accept_rejections
from stream.services.folding.reconcile import Reconciler
from stream.services.measuring import measurement
from stream.services.measuring.measurement import content_sha256
from stream.services.verify.finding import Finding
from stream.services.verify.identifiers import held_in, telling
from stream.services.verify.invariants import Invariant
from stream.services.verify.row_hashes import check_table, row_hashes
from stream.storage import schema
from stream.storage.appending import append, qualified, write_later
from stream.storage.database import Connection
from stream.storage.folding.staging import WRITTEN
from stream.storage.hashing import later_sha256, row_sha256
from stream.storage.intake.measurements import CompleteScan
from stream.storage.intake.wishes import answer, waiting_wishes
from stream.storage.schema.base import Xid8
from stream.storage.table_scan import each_text
from stream.vocabulary import LesionRelation
from tests.database import Database
from tests.services.accepted_facts import (
    apply_identity,
    assert_sound,
    breast,
    checks,
    checks_across_rows,
    day,
    drug,
    fold_each,
    forecasters,
    lung,
)
from tests.services.explaining_all import explain_all
from tests.services.outlined_visits import Lesion, Visit, arrive, held
from tests.services.receipts import described, moments_later, received

WORK = {
    "assembly",
    "associations",
    "processes",
    "receipts",
    "refusals",
    "senders",
    "service",
    "suspects",
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


@pytest.fixture(scope="module")
def world(upgraded: Database) -> Iterator[Connection]:
    """A row in every table of the protocol, standing and superseded ones, all of it sound; as superuser."""
    connection = upgraded.connect()
    gateway = upgraded.connect("gateway")
    receive_and_measure(gateway, connection)
    want_a_release(upgraded.connect("dashboard"), gateway)
    fold_each(
        connection,
        [
            lung("PA", "a", 0, 20.0),
            lung("PA", "c", 80, 22.0),
            drug("PA", "drug", 10, 30),
            lung("PA", "b", 40, 21.0),
            ("PA", {"age": 60}),
            breast("PB", "x", 0, 9.0, 21.0),
            drug("PB", "drug", 3),
            breast("PB", "x", 0, 8.0, 21.0),
            drug("PB", "drug", 3, withdrawn=True),
            lung("PA", "mistake", 60, 99.0),
        ],
    )
    change_the_past(connection)
    draw_maps(connection)
    with psycopg.connect(upgraded.superuser_url, autocommit=True) as superuser:
        write_rows_of_later_features(superuser)
        Reconciler(connection, held()).patients(["PA", "PB"])
        explain_all(connection)
        assert_sound(superuser, held())
        yield superuser
    upgraded.empty()


def receive_and_measure(gateway: Connection, connection: Connection) -> None:
    """Two scans by way of the gateway: one of two images, measured, and one that was set aside and decided on."""
    whats = [described("s1", "i1"), described("s1", "i2", expected_instances=2), described("s2", "i1")]
    receive(gateway, [received(what) for what in (*whats, UnusableFile("no_date", "No date."))])
    rules = assembly.Rules(dt.timedelta(0), dt.timedelta(0))
    made = assembly.gather(connection, ["s1", "s2"], rules, moments_later(60))
    scans = measurement.waiting(connection, [(one.scan_uid, one.revision) for one in made])
    lesion = Measurement("longest_diameter", 12.0, "SR", "lesion", "Nodule", "lung")

    def read(scan: CompleteScan) -> MeasuredScan:
        if scan.scan_uid == "s2":
            raise SetAside("bad_geometry", "The slices do not fit.")
        organ = Unused("seg", "SCT:10200004", "Liver", "an organ, not a lesion")
        found = LesionFinding("lesion", LesionState.MEASURED, "Nodule", "lung", long_axis_mm=12.0)
        note = "One lesion was not read."
        turned = Registration("frame", "other frame", (1.0, 0, 0, 0, 0, 1.0, 0, 0, 0, 0, 1.0, 5.0, 0, 0, 0, 1.0))
        said = {"findings": (found,), "time_point": "Week 8", "registrations": (turned,)}
        shown = KeySlice("lesion", png(np.zeros((2, 3), np.uint8)), 3, 2, 0.5, "axial", 4, 9, 80.0, "i1")
        why = (png(np.zeros((2, 2), np.uint8)),) * 3
        seen = TumourPresence("series", "slices", "w", 8, 0.9, 0.8, 0.95, (0.1, 0.9), 2, "i1", *why, ((0.5, 0.4),) * 4)
        outlined = Outlining("bright spots", "0.1", "f1049e70", "outlined", "because", "29f6f9ee")
        said |= {"presence": seen, "outlining": outlined, "maps": (LesionMap("lesion", bytes(8000)),)}
        read = SeriesEmbedding("CT", "encoder", "ab" * 32, "series", 24, (0.1, 0.2, 0.3, 0.4))
        masked = SeriesEmbedding("PT", "encoder", "ab" * 32, masked_because="no_suv")
        said["encoded"] = (read, masked)
        return MeasuredScan((lesion,), "lung", note, unused=(organ,), key_slices=(shown,), **said)

    with ThreadPoolExecutor(1) as readers:
        measurement.measure(connection, scans, read, "", readers)
    decided = {"decision": "rejected", "decided_by": "someone", "decided_at": day(1)}
    write_later(connection, schema.set_asides, {"item_id": item_id("s2", 1)}, decided)
    outcomes = [Outcome("PA", "progression", day(200), False), Outcome("PB", "pcr", None, False)]
    accept_outcomes(connection, outcomes, day(201))
    merged = LesionFact("PA", LesionRelation.MERGED, "lesion-PA", "lesion-PB", day(60).date())
    with connection.transaction():
        accept_lesion_fact(connection, merged, "someone", "grown together", day(62))


def want_a_release(dashboard: Connection, gateway: Connection) -> None:
    """One that was refused, and one that waits, with everything said that can be."""
    item = item_id(received(UnusableFile("no_date", "No date.")).content_sha256)
    wanted = "SELECT scanstream.release(%s, 'read from the film', 'someone', %s, %s)"
    dashboard.execute(wanted, [item, None, None])
    (wish,) = waiting_wishes(gateway, 1)
    answer(gateway, wish, "It has no date.")
    dashboard.execute(wanted, [item, "PA", "2024-02-08"])


def change_the_past(connection: Connection) -> None:
    """A rejection, one that was withdrawn, a merge, a move, what is refused, and an event that waits for its turn."""
    with connection.transaction():
        rejected = (
            Rejection("PA/mistake", 1, "quality", "someone"),
            Rejection("PB/x", 1, "safety", "someone", "blurred"),
        )
        withdrawn = Rejection("PB/x", None, "other", "someone", withdrawn=True)
        accept_rejections(connection, [*rejected, withdrawn], day(61))
    events = [("merge", "PM", "PA", None), ("move", None, "PB", "PA/b"), ("unmerge", "PN", None, None)]
    for number, (kind, patient, other, scan) in enumerate(events):
        accept_identity(connection, IdentityEvent(f"e{number}", kind, patient, other, scan, "someone", "same person"))
    apply_identity(connection, Reconciler(connection, forecasters()))
    accept_identity(connection, IdentityEvent("waits", "unmerge", "PM", None, None, "someone"))


def write_rows_of_later_features(owner: Connection) -> None:
    """Tables stand from the first migration, what fills them comes later: their rows by hand, by the same rules."""
    card = {"model": "progression"}
    known = {"weights_version": "old", "model": "progression", "feature_version": "none", "card": card}
    append(owner, schema.weights, [{**known, "added_at": day(0)}])
    append(owner, schema.active_weights, [{"weights_version": "old", "since": day(0), "until": day(1)}])
    led = {"endpoint": "death", "disease": "lung", "weights_version": "old", "since": day(0), "until": day(1)}
    append(owner, schema.leads, [{**led, "since_xact": "7", "until_xact": "8"}])
    owner.execute("SELECT scanstream.acknowledge('PA', 'someone', 'seen')")


def draw_maps(connection: Connection) -> None:
    """Growth maps of a patient, one of whose scans came late."""
    leading.put_in_service(connection, held()[-1].card, "someone", None)
    for visit in (("first", 0, (Lesion("A", 5),)), ("third", 80, (Lesion("A", 7),)), ("second", 40, (Lesion("A", 6),))):
        arrive(connection, Visit(*visit), patient="PG")
        Reconciler(connection, held()).patients(["PG"])


@contextmanager
def planted(world: Connection) -> Iterator[None]:
    """Whatever is changed inside is undone."""
    with world.transaction(force_rollback=True):
        yield


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


def planting(world: Connection, table: sa.Table, row: dict[str, Any], values: dict[str, Any]) -> bool:
    """Write `values` over those of `row`; False where the table itself refuses."""
    pairs = sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(k), sql.Placeholder()) for k in values)
    command = sql.SQL("UPDATE {} SET {} WHERE ctid = %s").format(qualified(table), pairs)
    world.execute("SET LOCAL session_replication_role = replica")  # past the trigger of the audit log
    try:
        with world.transaction():
            world.execute(command, [*values.values(), row["ctid"]])
    except (psycopg.IntegrityError, psycopg.errors.GeneratedAlways):
        return False
    return True


def rows_of(world: Connection, table: sa.Table, column: str) -> list[dict[str, Any]]:
    """Rows that have a value in `column`, the first and the last of them, and one that has none."""
    query = "SELECT *, ctid FROM {} WHERE {} IS {} NULL ORDER BY ctid {} LIMIT 1"
    found = []
    for null, order in (("NOT", "ASC"), ("NOT", "DESC"), ("", "ASC")):
        parts = (qualified(table), sql.Identifier(column), sql.SQL(null), sql.SQL(order))
        found += world.cursor(row_factory=dict_row).execute(sql.SQL(query).format(*parts)).fetchall()
    return found


def wrong_values(world: Connection, table: sa.Table, column: sa.Column) -> Iterator[tuple[dict[str, Any], Any]]:
    """Rows, each with what its column is not: another value, and none where there is one."""
    for row in rows_of(world, table, column.name):
        yield row, other_than(column.type, row[column.name])
        emptied = column is schema.states.c.state and row["superseded_by"] is not None
        if column.nullable and row[column.name] is not None and not emptied:
            yield row, None


def holding(text: str, kind: sa.types.TypeEngine) -> Any:
    """A value of a type of text that has `text` in it."""
    if isinstance(kind, sa.JSON):
        return json.dumps({"note": [{"said": f"of {text}."}]})
    return [f"of {text}."] if isinstance(kind, sa.ARRAY) else f"of {text}."


def other_than(kind: sa.types.TypeEngine, value: Any) -> Any:
    """A value of the type that it does not have."""
    if isinstance(kind, Xid8):
        return str(int(value or 0) + 1)
    if isinstance(kind, sa.Boolean):
        return not value
    if isinstance(kind, sa.Float):
        return math.nextafter(value or 0.0, 0.0 if value and value > 0 else 1.0)
    if isinstance(kind, sa.Integer):
        return (value or 0) + 1
    if isinstance(kind, sa.DateTime):
        return (value or day(0)) + dt.timedelta(microseconds=1)
    if isinstance(kind, sa.Date):
        return (value or day(0).date()) + dt.timedelta(days=1)
    if isinstance(kind, sa.LargeBinary):
        return bytes([*(value or b"")[:-1], ((value or b"\0")[-1] + 1) % 256])
    if isinstance(kind, sa.ARRAY):
        if not value or value[-1] is None:
            return [*(value or ()), None]
        return [*value[:-1], other_than(kind if isinstance(value[-1], list) else kind.item_type, value[-1])]
    if isinstance(kind, sa.JSON):
        return json.dumps({**value, "planted": 1} if isinstance(value, dict) else [*(value or ()), "planted"])
    return f"{value or ''}x"

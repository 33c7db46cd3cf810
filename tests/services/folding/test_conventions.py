"""What a service has agreed on decides what is one visit and what it is judged by, also of what stands already."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from stream.services.folding.reconcile import Reconciler
from stream.services.recovery.replay import replay
from stream.storage.folding.active_weights import active_versions_of
from stream.storage.folding.states import timelines_with_scans
from tests.database import Database
from tests.services.accepted_facts import assert_sound, fold_each, forecasters, lung

Agree = Callable[[str, str], object]
VISITS = [lung("PA", "a", 0, 40.0), lung("PA", "b", 60, 30.0), lung("PA", "c", 65, 31.0)]


@pytest.fixture
def agree(database: Database) -> Iterator[Agree]:
    """Notes what is agreed on, as `db upgrade` does, until the test ends."""
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        before = superuser.execute("SELECT value, name FROM core.service").fetchall()
        update = "UPDATE core.service SET value = %s WHERE name = %s"
        yield lambda name, value: superuser.execute(update, [value, name])
        superuser.cursor().executemany(update, before)


def verdicts(database: Database) -> list[tuple[Any, ...]]:
    query = """SELECT criterion, split_part(scan_uid, '/', 2), category FROM scanstream.response
    WHERE superseded_at IS NULL ORDER BY criterion, acquired_at"""
    return database.connect("reader").execute(query).fetchall()


def test_scans_within_the_window_of_a_visit_become_one_at_the_next_fold(database: Database, agree: Agree) -> None:
    reconciler = fold_each(database.connect(), VISITS)
    assert [name for _, name, _ in verdicts(database)] == ["a", "b", "c"]
    agree("visit_window_days", "7")
    reconciler.patients(["PA"])
    assert verdicts(database) == [("RECIST 1.1", "a", None), ("RECIST 1.1", "c", "SD")]
    assert_sound(database.connect())


def test_a_replay_judges_anew_also_whom_no_weights_apply_to(database: Database, agree: Agree) -> None:
    connection, asking = database.connect(), database.connect()
    of_skin = [replace(each, disease="skin", measured=replace(each.measured, disease_hint="skin")) for each in VISITS]
    fold_each(connection, of_skin)
    agree("visit_window_days", "7")
    weights = active_versions_of(connection, None)
    waiting = timelines_with_scans(connection, weights)
    assert sum(replay(asking, Reconciler(asking, forecasters(), writing=connection), waiting, weights)) == len(VISITS)
    assert connection.execute("SELECT FROM core.states").rowcount == 0
    assert verdicts(database) == [("RECIST 1.1", "a", None), ("RECIST 1.1", "c", "SD")]
    assert_sound(connection)


def test_the_criteria_of_the_service_count_where_no_import_names_any(database: Database, agree: Agree) -> None:
    connection = database.connect()
    agree("criteria", "iRECIST")
    reconciler = fold_each(connection, VISITS[:2])
    judged = [("RECIST 1.1", "a", None), ("RECIST 1.1", "b", "SD"), ("iRECIST", "a", None), ("iRECIST", "b", "iSD")]
    assert verdicts(database) == judged
    assert_sound(connection)
    fold_each(connection, [("PA", {"criterion": "volume"})])
    reconciler.patients(["PA"])
    assert {criterion for criterion, *_ in verdicts(database)} == {"RECIST 1.1", "volume"}
    assert_sound(connection)

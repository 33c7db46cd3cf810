"""Forecasts of visits that lay before an event are made, however late they are made: they end at once."""

import datetime as dt
from dataclasses import replace

import pytest

from stream.services.facts.clinical import Outcome, accept_outcomes
from stream.services.facts.rejections import Rejection, accept_rejections
from stream.services.folding.reconcile import Reconciler
from stream.storage.database import Connection
from tests.database import Database
from tests.services.accepted_facts import Fact, accept, assert_sound, breast, day, drug, fold_each, forecasters, lung

VISITS = [lung("PA", "a", 0, 50.0), lung("PA", "b", 60, 45.0), lung("PA", "c", 120, 44.0)]
GROWS = lung("PA", "d", 180, 70.0)
PROGRESSED = Outcome("PA", "progression", day(90), True)
MADE = """SELECT DISTINCT split_part(scan_uid, '/', 2), superseded_because, superseded_at = computed_at
FROM scanstream.risk_history WHERE endpoint = %s ORDER BY 1, 2, 3"""
ROWS = "SELECT count(*) FROM core.forecasts"


@pytest.fixture
def worker(database: Database) -> Connection:
    return database.connect()


def at_once(worker: Connection, *facts: Fact | Outcome) -> None:
    """Accept all of `facts`, then fold them together."""
    for fact in facts:
        if isinstance(fact, Outcome):
            accept_outcomes(worker, [fact], dt.datetime.now(dt.UTC))
        else:
            accept(worker, fact)
    fold(worker)


def fold(worker: Connection) -> None:
    Reconciler(worker, forecasters()).patients(["PA", "PB"])


def made(worker: Connection, endpoint: str = "progression") -> list[tuple]:
    """scan, why its forecasts ended (None: they stand), and whether as they were made."""
    return worker.execute(MADE, [endpoint]).fetchall()


def test_an_event_in_the_same_batch_leaves_the_forecasts_of_the_visits_before_it(worker: Connection) -> None:
    at_once(worker, *VISITS, GROWS)
    assert made(worker) == [(name, "occurred", True) for name in "abc"]
    marks = "SELECT count(*) FROM core.forecasts WHERE tip AND endpoint = 'progression'"
    assert worker.execute(marks).fetchone() == (0,)
    assert_sound(worker)


def test_they_say_what_they_would_have_said_in_time(worker: Connection, database: Database) -> None:
    said = "SELECT scan_uid, endpoint, horizon_days, risk FROM scanstream.risk_history ORDER BY 1, 2, 3"
    at_once(worker, *VISITS, GROWS)
    late = worker.execute(said).fetchall()
    database.empty()
    fold_each(database.connect(), [*VISITS, GROWS])
    assert database.connect().execute(said).fetchall() == late


def test_at_and_after_the_event_there_are_none(worker: Connection) -> None:
    at_once(worker, *VISITS, replace(PROGRESSED, at=day(60)))
    assert made(worker) == [("a", "occurred", True)]
    assert_sound(worker)


def test_an_event_of_no_known_day_lies_before_no_visit(worker: Connection) -> None:
    at_once(worker, breast("PB", "x", 0, 9.0, 21.0), breast("PB", "y", 60, 8.0, 20.0), Outcome("PB", "pcr", None, True))
    assert made(worker, "pcr") == [("x", "occurred", True), ("y", "occurred", True)]
    assert_sound(worker)


def test_a_death_leaves_the_forecasts_of_what_it_closes(worker: Connection) -> None:
    at_once(worker, *VISITS, Outcome("PA", "death", day(100), True))
    assert made(worker) == [("a", "occurred", True), ("b", "occurred", True)]
    assert_sound(worker)


def test_a_further_line_leaves_what_was_asked_in_the_one_before(worker: Connection) -> None:
    second = replace(drug("PA", "second", 130), line=2)
    at_once(worker, drug("PA", "first", -1), *VISITS, second, lung("PA", "d", 180, 44.0))
    ended = [(name, "treatment", True) for name in "ab"]
    assert made(worker) == [*ended, ("c", None, None), ("d", None, None)], "the last of a line is the next one's first"
    assert_sound(worker)


def test_nothing_was_ever_asked_where_no_baseline_was_measured(worker: Connection) -> None:
    at_once(worker, lung("PA", "a", 0, 4.0), lung("PA", "b", 60, 5.0), PROGRESSED)
    assert [why for _, why, _ in made(worker)] == []
    assert_sound(worker)


def test_nothing_is_written_twice_while_the_state_stands(worker: Connection) -> None:
    at_once(worker, *VISITS, PROGRESSED)
    before = worker.execute(ROWS).fetchone()
    at_once(worker, replace(PROGRESSED, at=day(95)))
    assert worker.execute(ROWS).fetchone() == before
    assert_sound(worker)


def test_a_late_scan_makes_them_anew(worker: Connection) -> None:
    fold_each(worker, VISITS)
    at_once(worker, PROGRESSED)
    assert ("b", "occurred", True) not in made(worker)
    at_once(worker, lung("PA", "between", 30, 48.0))
    assert ("b", "occurred", True) in made(worker)
    assert_sound(worker)


def test_an_event_that_moves_on_leaves_those_of_the_visits_that_now_lie_before_it(worker: Connection) -> None:
    at_once(worker, *VISITS, PROGRESSED)
    assert "c" not in [name for name, *_ in made(worker)]
    at_once(worker, replace(PROGRESSED, at=day(150)))
    assert ("c", "occurred", True) in made(worker)
    assert_sound(worker)


def test_a_correction_that_takes_the_event_back_makes_them_stand(worker: Connection) -> None:
    at_once(worker, *VISITS, GROWS)
    accept_rejections(worker, [Rejection("PA/d", None, "quality", "someone")], day(190))
    fold(worker)
    standing = [name for name, why, _ in made(worker) if why is None]
    assert standing == ["a", "b", "c"]
    assert_sound(worker)


def test_what_ended_as_it_was_made_stood_at_no_time(worker: Connection) -> None:
    at_once(worker, *VISITS, GROWS)
    shown = """SELECT (SELECT count(*) FROM scanstream.risk_as_of(%(at)s) WHERE endpoint = 'progression'), count(*)
    FROM scanstream.risk_history WHERE computed_at <= %(at)s AND %(at)s < coalesce(superseded_at, 'infinity')"""
    times = worker.execute("SELECT computed_at, now() FROM core.folds").fetchone()
    assert [worker.execute(shown, {"at": at}).fetchone() for at in times] == [(0, 0), (0, 0)]

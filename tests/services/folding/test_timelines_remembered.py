"""What a worker remembers of a timeline that it folded is what reading all its rows would tell."""

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from stream.services.facts.identity_events import accept_identity
from stream.services.facts.rejections import Rejection, accept_rejections
from stream.services.folding.after_fold import after_fold
from stream.services.folding.reconcile import Reconciler
from stream.storage.database import Connection
from stream.storage.folding.news import read_on
from stream.storage.folding.timelines import read_timelines
from stream.timeline.entries import Timeline
from tests.database import Database
from tests.services.accepted_facts import accept, apply_identity, assert_sound, drug, fold_each, forecasters, lung
from tests.services.facts.test_identity_events import event
from tests.services.folding.test_arrival_order import PATIENTS, program


@pytest.mark.parametrize("seed", range(2))
def test_it_is_what_reading_tells_whatever_came_since(database: Database, seed: int) -> None:
    connection, dice, known = database.connect(), random.Random(seed), dict[str, Timeline]()
    reconciler = Reconciler(connection, forecasters())
    for number, fact in enumerate(program(seed)):
        accept(connection, fact)
        if number % 7 == 6:
            said = Rejection(f"{dice.choice(PATIENTS)}/scan{dice.randrange(8)}", None, "quality", "someone")
            with connection.transaction():
                accept_rejections(connection, [replace(said, withdrawn=dice.random() < 0.4)], dt.datetime.now(dt.UTC))
        if dice.random() < 0.6:
            assert gone_on(connection, known) == afresh(connection)
            prepared = reconciler.prepare(PATIENTS)
            reconciler.write(prepared)
            known |= {each.plan.timeline.patient_id: after_fold(each) for each in prepared.rows}
            assert gone_on(connection, known) == afresh(connection)


def gone_on(connection: Connection, known: Mapping[str, Timeline]) -> list[Timeline]:
    return list(map(in_order, read_on(connection, PATIENTS, known)))


def afresh(connection: Connection) -> list[Timeline]:
    return list(map(in_order, read_timelines(connection, PATIENTS)))


def in_order(timeline: Timeline) -> Timeline:
    """With the states of all weights sorted: they stand in order for each weights version alone."""
    return replace(timeline, states=tuple(sorted(timeline.states)))


def test_one_more_scan_is_read_and_nothing_else(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fold goes on from memory: what stands is not asked for. Whoever else folded, or said anything, is read."""
    connection = database.connect()
    reconciler = fold_each(connection, [lung("PA", "a", 0, 30.0), lung("PA", "b", 40, 31.0)])
    asked = questions(connection, monkeypatch)
    accept(connection, lung("PA", "c", 80, 32.0))
    reconciler.patients(["PA"])
    assert not [query for query in asked if "FROM core.placements" in query]
    for fact in (drug("PA", "pembrolizumab", 81), lung("PA", "c", 80, 33.0)):
        asked.clear()
        accept(connection, fact)
        reconciler.patients(["PA"])
        assert [query for query in asked if "FROM core.placements" in query]
    accept(connection, lung("PA", "d", 120, 33.0))
    Reconciler(database.connect(), forecasters()).patients(["PA"])
    accept(connection, lung("PA", "e", 160, 33.0))
    reconciler.patients(["PA"])
    assert_sound(connection)


def questions(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All that is asked on `connection` from now on."""
    asked: list[str] = []
    execute = connection.execute

    def listed(query: str, *values: Sequence[object], **options: bool) -> object:
        asked.append(str(query))
        return execute(query, *values, **options)

    monkeypatch.setattr(connection, "execute", listed)
    return asked


def test_a_merge_brings_all_that_the_other_patient_had(database: Database) -> None:
    connection = database.connect()
    reconciler = fold_each(connection, [drug("PB", "drug", 41), lung("PA", "a", 0, 30.0)])
    accept(connection, lung("PA", "c", 80, 32.0))
    reconciler.patients(["PA"])
    accept_identity(connection, event("merge", "PB", "PA"))
    apply_identity(connection, reconciler)
    accept(connection, lung("PA", "d", 120, 33.0))
    reconciler.patients(["PA"])
    assert_sound(connection)

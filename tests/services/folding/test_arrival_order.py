"""The promise: whatever arrives in whatever order, what stands equals the fold of everything accepted so far."""

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from stream.services.folding.reconcile import Reconciler
from stream.storage.database import Connection
from tests.database import Database
from tests.services.accepted_facts import (
    Fact,
    accept,
    assert_sound,
    breast,
    drug,
    fold_each,
    forecasters,
    key_of,
    lung,
    patient_of,
    shuffled,
    standing,
)
from tests.services.waiting import threads

PATIENTS = ("PA", "PB", "PC", "PD", "PE")


def program(seed: int, length: int = 40) -> list[Fact]:
    """Random facts of five patients: scans, revisions that change value or day, treatments, clinical facts."""
    dice = random.Random(seed)
    return [fact for _ in range(length) for fact in _facts(dice, dice.choice(PATIENTS))]


def _facts(dice: random.Random, patient: str) -> Iterator[Fact]:
    name, on_day, size = f"scan{dice.randrange(8)}", dice.choice((0, 21, 42, 42, 90, 180)), dice.uniform(5, 60)
    match dice.randrange(6):
        case 0:
            start, kind = dice.choice((0, 10, 42, 100)), dice.choice(("pembrolizumab", "Paclitaxel"))
            yield drug(patient, kind, start, dice.choice((None, start + 30)), withdrawn=dice.random() < 0.2)
        case 1:
            disease = {"disease": told} if (told := dice.choice((None, "lung", "breast", "bladder"))) else {}
            yield patient, {"age": dice.randrange(40, 80), "hr": dice.choice((0, 1)), **disease}
        case 2:
            yield breast(patient, name, on_day, size, size)
        case 3:
            yield replace(lung(patient, name, on_day, size), disease="unknown")
        case _:
            yield lung(patient, name, on_day, size)


def worker(connection: Connection, facts: Sequence[Fact], seed: int) -> None:
    """Accept facts as they come and ring for some of them, twice for others, for several at once."""
    dice, reconciler, unrung = random.Random(seed), Reconciler(connection, forecasters()), []
    for fact in facts:
        accept(connection, fact)
        unrung.append(patient_of(fact))
        if dice.random() < 0.6:
            reconciler.patients(unrung)
            unrung = unrung[-1:] if dice.random() < 0.3 else []
    reconciler.patients(unrung)


@pytest.mark.parametrize("seed", range(2))
def test_the_order_of_arrival_leaves_no_trace_in_what_stands(database: Database, seed: int) -> None:
    facts = program(seed)
    fold_each(database.connect(), facts)
    first = standing(database.connect())
    assert_sound(database.connect())
    database.empty()
    fold_each(database.connect(), shuffled(facts, seed))
    assert standing(database.connect()) == first
    database.empty()
    accept(database.connect(), *shuffled(facts, seed + 1))
    Reconciler(database.connect(), forecasters()).patients(PATIENTS)
    assert standing(database.connect()) == first


@pytest.mark.parametrize("seed", range(3, 5))
def test_two_workers_at_once_leave_what_one_would_have_left(database: Database, seed: int) -> None:
    facts = shuffled(program(seed), seed)
    halves = [[fact for fact in facts if hash_of(fact) == half] for half in (0, 1)]
    connections = [database.connect(), database.connect()]
    with threads() as start:
        working = [start(worker, connections[half], halves[half], seed + half) for half in (0, 1)]
        for one in working:
            one.result()
    together = standing(database.connect())
    assert_sound(database.connect())
    database.empty()
    fold_each(database.connect(), facts)
    assert standing(database.connect()) == together


def test_every_superseded_forecast_was_followed_by_what_stands(database: Database) -> None:
    """Nothing that was ever shown is lost, and each row says when and why it ended."""
    connection = database.connect()
    fold_each(connection, program(11))
    rows = connection.execute(
        """SELECT computed_at, superseded_at, superseded_because FROM scanstream.risk_history"""
    ).fetchall()
    ended = [row for row in rows if row[1] is not None]
    assert ended and len(ended) < len(rows)
    assert all(isinstance(at, dt.datetime) and because for _, at, because in ended)
    at_once = {because for computed, at, because in ended if computed >= at}
    assert at_once == {"occurred", "treatment"}, "of a question that was closed already"


def hash_of(fact: Fact) -> int:
    """Which of two workers gets a fact: revisions of one thing keep their order, patients are shared."""
    return sum(key_of(fact)[1].encode()) % 2

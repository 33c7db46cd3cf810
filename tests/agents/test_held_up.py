"""A lock that somebody holds on one patient's rows holds up this patient, and nobody else."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import psycopg
import pytest

from stream.agents import held_up
from stream.agents.executor import Executor
from stream.endpoints import KafkaLogin
from stream.publisher import Publisher
from stream.storage.database import Connection
from stream.storage.intake.suspects import WorkItem, add_charges
from tests.database import Database
from tests.services.receipts import moments_later
from tests.waiting import wait_until

PATIENTS = [f"P{number:02}" for number in range(40)]
BLOCKED = "P17"
PATIENCE_SECONDS = 60.0
OTHERS = [patient for patient in PATIENTS if patient != BLOCKED]


@pytest.fixture
def executor(database: Database) -> Executor:
    """Its transactions may take a third of a second."""
    worker = database.connect()
    worker.execute("INSERT INTO core.heads SELECT p, 0, now(), '' FROM unnest(%s::text[]) p", [PATIENTS])
    publisher = Publisher(KafkaLogin(("127.0.0.1:1",)), database.settings.partitions)
    hasty = "SET transaction_timeout = '300ms'"
    return Executor(partial(database.connect, "worker"), publisher, lambda connection: connection.execute(hasty))


def fold(connection: Connection, items: Sequence[WorkItem]) -> list[str]:
    """All of them in one transaction, as folds are."""
    ids = [item.id for item in items]
    with connection.transaction():
        connection.execute("UPDATE core.heads SET version = version + 1 WHERE patient_id = ANY(%s)", [ids])
    return ids


def taken(executor: Executor) -> list[str]:
    """Whose work was done, in that order."""

    async def take() -> list[str]:
        items = [WorkItem("timeline", patient) for patient in PATIENTS]
        return [patient async for done in executor.take(items, fold) for patient in done]

    return asyncio.run(take())


@contextmanager
def blocker(database: Database) -> Iterator[None]:
    """Another program, which no part of the service may end, holds a patient's row."""
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SELECT FROM core.heads WHERE patient_id = %s FOR UPDATE", [BLOCKED])
        yield


def folds(database: Database) -> dict[str, int]:
    return dict(database.connect().execute("SELECT patient_id, version FROM core.heads").fetchall())


def test_the_others_go_on_and_who_is_held_up_comes_when_the_lock_is_gone(
    executor: Executor, database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with blocker(database):
        assert sorted(taken(executor)) == OTHERS
        assert taken(executor) == OTHERS, "held up once, it is not tried among others"
    assert taken(executor) == OTHERS, "its time has not come"
    monkeypatch.setattr(held_up.time, "monotonic", lambda: 10**9)
    assert taken(executor) == [*OTHERS, BLOCKED]
    assert taken(executor) == PATIENTS
    assert folds(database) == {patient: 5 if patient != BLOCKED else 2 for patient in PATIENTS}
    assert f"work_takes_too_long kind=timeline id={BLOCKED}" in caplog.text


def test_a_suspect_that_is_held_up_holds_up_nobody_either(executor: Executor, database: Database) -> None:
    add_charges(database.connect(), [WorkItem("timeline", BLOCKED)], 1, moments_later(0))
    with blocker(database):
        assert taken(executor) == OTHERS
        assert taken(executor) == OTHERS
    assert folds(database)[BLOCKED] == 0


def test_messages_wait_together_in_their_order_since_nobody_would_bring_them_again(
    executor: Executor, database: Database, caplog: pytest.LogCaptureFixture
) -> None:

    async def take() -> list[str]:
        items = [WorkItem("message", patient) for patient in PATIENTS]
        return [patient async for done in executor.take(items, fold) for patient in done]

    async def meanwhile() -> list[str]:
        with blocker(database):
            taking = asyncio.create_task(take())
            await asyncio.to_thread(wait_until, lambda: caplog.text.count("postgres_away") > 3, PATIENCE_SECONDS)
            assert not taking.done()
        return await taking

    assert asyncio.run(meanwhile()) == PATIENTS

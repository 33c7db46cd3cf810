"""The watchdog ends a worker without progress and a backend that blocks others, and harms nobody else."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import NoReturn

import psycopg
import pytest

from stream.agents import watchdog
from stream.agents.executor import EXIT_UNEXPECTED, Executor
from stream.agents.watchdog import Watchdog
from stream.endpoints import KafkaLogin, libpq_url
from stream.publisher import Publisher
from stream.storage.blocking import end_blockers
from stream.storage.database import Connection, connect
from tests.database import Database
from tests.waiting import wait_until

HANGS = """
import asyncio, sys, threading
from stream.agents import watchdog
from stream.agents.executor import Executor

watchdog.LOOK_SECONDS, watchdog.STUCK_SECONDS = 0.05, 0.5

def waits_for_ever(connection):
    threading.Event().wait()

class Connection:
    closed = False
    def execute(self, *_):
        return self
    def fetchall(self):
        return []

executor = Executor(Connection, None, lambda _: None)
watchdog.Watchdog([executor], Connection).start()
asyncio.run(executor.do(waits_for_ever))
"""


def test_a_worker_whose_work_makes_no_progress_ends_and_says_where_it_stood() -> None:
    ended = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=120)
    assert ended.returncode == EXIT_UNEXPECTED
    assert "waits_for_ever" in ended.stderr


def in_thread(executor: Executor, work: Callable[[Connection], None]) -> threading.Thread:
    thread = threading.Thread(target=lambda: asyncio.run(executor.do(work)), daemon=True)
    thread.start()
    return thread


def test_an_outage_that_is_waited_out_is_no_lack_of_progress() -> None:
    tries, over = threading.Semaphore(0), threading.Event()

    def away() -> Connection:
        tries.release()
        if not over.is_set():
            raise psycopg.OperationalError("nobody answers")
        return None

    executor = Executor(away, Publisher(KafkaLogin(("127.0.0.1:1",)), 1), lambda _: None)
    thread = in_thread(executor, lambda _: None)
    tries.acquire()
    tries.acquire()
    wait_until(lambda: executor.stuck_seconds() == 0)  # between two tries it waits
    over.set()
    thread.join()
    assert executor.stuck_seconds() == 0


def test_work_that_goes_on_makes_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    began, done = threading.Event(), threading.Event()

    def work(_: Connection) -> None:
        began.set()
        done.wait()

    executor = Executor(lambda: None, Publisher(KafkaLogin(("127.0.0.1:1",)), 1), lambda _: None)
    thread = in_thread(executor, work)
    began.wait()
    wait_until(lambda: executor.stuck_seconds() > 0.1)
    before = executor.stuck_seconds()
    executor.progress()
    assert executor.stuck_seconds() < before
    done.set()
    thread.join()


@pytest.fixture
def blocked(database: Database) -> tuple[Connection, Connection, threading.Thread]:
    """A connection that holds a lock and has stopped, one that waits for it, and the thread that waits."""
    stopped, waiting = (connect(database.settings, "worker", timeouts=False) for _ in range(2))
    stopped.execute("INSERT INTO core.heads VALUES ('PA', 0, now(), '')")
    stopped.execute("BEGIN")
    stopped.execute("SELECT FROM core.heads FOR UPDATE")
    thread = threading.Thread(target=lambda: waiting.execute("UPDATE core.heads SET version = 1"))
    thread.start()
    look = database.connect()
    wait_until(lambda: look.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() != (0,))
    return stopped, waiting, thread


def test_a_backend_that_has_blocked_others_for_too_long_is_ended_and_they_go_on(
    database: Database, blocked: tuple[Connection, Connection, threading.Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped, waiting, thread = blocked
    monkeypatch.setattr(watchdog, "BLOCKING_SECONDS", 0.0)
    Watchdog([], partial(connect, database.settings, "worker")).look()
    thread.join()
    assert waiting.execute("SELECT version FROM core.heads").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError):
        stopped.execute("COMMIT")
    waiting.close()


@pytest.fixture
def foreign(database: Database) -> Iterator[psycopg.Connection]:
    """Somebody whom an administrator let in, who locks what the workers need and goes to lunch."""
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        superuser.execute("INSERT INTO core.heads VALUES ('PA', 0, now(), '')")
        superuser.execute("CREATE ROLE analyst; GRANT USAGE ON SCHEMA core TO analyst")
        superuser.execute("GRANT SELECT, UPDATE ON core.heads TO analyst; ALTER ROLE analyst LOGIN PASSWORD 'a'")
        with psycopg.connect(database.superuser_url, user="analyst", password="a", application_name="psql") as analyst:
            analyst.execute("SELECT FROM core.heads FOR UPDATE")
            yield analyst
            analyst.close()
        superuser.execute("DROP OWNED BY analyst; DROP ROLE analyst")


def test_a_backend_of_anybody_else_that_blocks_is_ended_too_and_the_log_says_whose(
    database: Database, foreign: psycopg.Connection, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = connect(database.settings, "worker", timeouts=False)
    thread = threading.Thread(target=lambda: waiting.execute("UPDATE core.heads SET version = 1"))
    thread.start()
    look = database.connect()
    wait_until(lambda: look.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() != (0,))
    monkeypatch.setattr(watchdog, "BLOCKING_SECONDS", 0.0)
    with caplog.at_level("WARNING", "scanstream"):
        Watchdog([], partial(connect, database.settings, "worker")).look()
    thread.join()
    (line,) = [record.getMessage() for record in caplog.records if "blocking_backend_ended" in record.getMessage()]
    assert "role=analyst" in line and "application=psql" in line
    with pytest.raises(psycopg.OperationalError):
        foreign.execute("SELECT 1")
    waiting.close()


def test_migrations_and_administrators_are_left_alone(database: Database) -> None:
    look = database.connect()
    for url in (database.superuser_url, libpq_url(database.settings, "migrator")):
        with psycopg.connect(url) as mending:
            mending.execute("LOCK TABLE core.heads")
            waiting = connect(database.settings, "worker", timeouts=False)
            thread = threading.Thread(target=lambda who=waiting: who.execute("SELECT FROM core.heads"))
            thread.start()
            wait_until(lambda: look.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() != (0,))
            assert end_blockers(look, 0.0) == []
            mending.rollback()
            thread.join()
            waiting.close()


def test_who_blocks_for_a_moment_is_left_alone(
    database: Database, blocked: tuple[Connection, Connection, threading.Thread]
) -> None:
    stopped, waiting, thread = blocked
    assert end_blockers(database.connect(), 3600.0) == []
    stopped.execute("COMMIT")
    thread.join()
    waiting.close()
    stopped.close()


def test_without_postgres_the_watchdog_goes_on() -> None:
    def away() -> NoReturn:
        raise psycopg.OperationalError("nobody answers")

    Watchdog([], away).look()

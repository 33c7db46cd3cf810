"""Crash-only: an outage is waited out, anything unexpected ends the process."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from stream.agents.executor import EXIT_UNEXPECTED, Executor
from stream.endpoints import KafkaLogin
from stream.publisher import Publisher
from stream.storage.database import Connection, connect
from tests.database import Database

UNEXPECTED = """
import asyncio
from stream.agents.executor import Executor
from stream.storage.database import Connection

def work(connection):
    raise ZeroDivisionError("nobody thought of this")

async def main():
    await Executor(lambda: None, None, lambda connection: None).do(work)
    print("went on")

asyncio.run(main())
"""


def executor(database: Database, on_connect: Callable[[Connection], None] = lambda _: None) -> Executor:
    publisher = Publisher(KafkaLogin(("127.0.0.1:1",)), database.settings.partitions)
    return Executor(partial(connect, database.settings, "worker"), publisher, on_connect)


def done(executor: Executor, *works: Callable[[Connection], Any]) -> list[Any]:
    """Results of `works`, asked for all at once."""

    async def all_of() -> list[Any]:
        return await asyncio.gather(*(executor.do(work) for work in works))

    return asyncio.run(all_of())


def test_work_whose_connection_breaks_is_repeated_on_a_new_one(database: Database) -> None:
    connections: list[Connection] = []

    def work(connection: Connection) -> int:
        if len(connections) == 1:
            connection.execute("CREATE TEMP TABLE unseen (a int)")
            connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return connection.execute("SELECT count(*) FROM pg_class WHERE relname = 'unseen'").fetchone()[0]

    assert done(executor(database, connections.append), work) == [0]
    assert [connection.closed for connection in connections] == [True, False]


def test_work_is_done_one_at_a_time_in_the_order_it_was_asked_for(database: Database) -> None:
    connections: list[Connection] = []
    works = [lambda connection, n=n: (n, connection.info.backend_pid) for n in range(20)]
    results = done(executor(database, connections.append), *works)
    assert [number for number, _ in results] == list(range(20))
    assert {pid for _, pid in results} == {connections[0].info.backend_pid}


def test_anything_unexpected_ends_the_process_so_that_it_is_started_again() -> None:
    ended = subprocess.run([sys.executable, "-c", UNEXPECTED], capture_output=True, text=True, timeout=60)
    assert ended.returncode == EXIT_UNEXPECTED == 70
    assert "nobody thought of this" in ended.stderr
    assert "went on" not in ended.stdout


def test_a_transaction_that_is_cut_off_is_repeated_whole(database: Database) -> None:
    tries: list[int] = []

    def work(connection: Connection) -> None:
        tries.append(1)
        with connection.transaction():
            connection.execute("INSERT INTO core.heads VALUES ('PA', 0, now(), '')")
            if len(tries) == 1:
                connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    done(executor(database), work)
    assert database.connect().execute("SELECT count(*) FROM core.heads").fetchone() == (1,)
    assert len(tries) == 2

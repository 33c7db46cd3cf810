import itertools
import threading
from functools import partial

import pytest

from stream.disks import Disk
from stream.services import heartbeat
from stream.services.heartbeat import Heartbeat, Vitals
from stream.storage.database import Connection, connect
from stream.storage.processes import Process
from tests.database import Database
from tests.waiting import wait_until

WORKER = Process("a", "worker-1", "worker", "cpu", "0.1.0")
END_OTHERS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()"""


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(heartbeat, "FAREWELL_SECONDS", 30.0)


def spooled(database: Database) -> list[int]:
    return [number for (number,) in database.connect("reader").execute("SELECT spooled FROM scanstream.process")]


def test_a_process_is_heard_again_and_again_until_it_ends_in_order(database: Database) -> None:
    looks = itertools.count(1)
    beats = Heartbeat(
        partial(connect, database.settings, "worker"), WORKER, lambda: Vitals(next(looks), [Disk(("spool",), 1, 2)])
    )
    beats.start()
    wait_until(lambda: max(spooled(database), default=0) > 2)
    beats.stop()
    assert spooled(database) == []


def test_a_database_that_is_gone_or_takes_nothing_is_told_once_and_waited_for(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    gone = database.settings.model_copy(update={"database_url": "postgresql://u:p@127.0.0.1:1/no"})
    tries, well = list[bool](), threading.Event()

    def reach() -> Connection:
        tries.append(well.is_set())
        connection = connect(gone if len(tries) < 3 else database.settings, "worker")
        if not well.is_set():
            connection.execute("SET default_transaction_read_only = on")
        return connection

    beats = Heartbeat(reach, WORKER)
    beats.start()
    wait_until(lambda: len(tries) > 6)
    assert spooled(database) == []
    well.set()
    wait_until(lambda: spooled(database) == [None])
    heard = len(tries)
    database.connect().execute(END_OTHERS)
    wait_until(lambda: len(tries) > heard)
    beats.stop()
    # of a connection that is ended the driver reads the reason or only the end, whichever comes first
    told = [record.message.partition(" ")[0] for record in caplog.records]
    assert told == ["not_heard", "not_heard"], "once for each outage"

"""Which processes run, and that to say so is no news for an open page."""

from collections.abc import Callable

import pytest

from stream.disks import Disk
from stream.storage.database import Connection, ReaderConnection
from stream.storage.processes import Process, forget, hear
from tests.database import Database

GATEWAY = Process("a", "gateway", "gateway", None, "0.1.0")
WORKER = Process("b", "worker-1", "worker", "cpu", "0.1.0")
ROOM = Disk(("spool", "archive"), 7 * 2**30, 9 * 2**30)
PATIENCE = 3
"""How often a beat may meet a vacuum."""
HEARD = "SELECT name FROM scanstream.process WHERE is_heard ORDER BY name"


def names(connection: Connection, query: str = HEARD) -> list[str]:
    return [name for (name,) in connection.execute(query).fetchall()]


def silence(database: Database, process: Process, span: str) -> None:
    """As if `process` had been heard last that much earlier."""
    query = """UPDATE core.processes SET heard_at = heard_at - %s::interval, started_at = started_at - %s::interval
    WHERE process_id = %s"""
    database.connect().execute(query, [span, span, process.process_id])


@pytest.fixture
def changes(database: Database) -> Callable[[], str]:
    """What the pages ask to know whether there is news."""
    reader = ReaderConnection.open(database.settings, "dashboard")
    reader.autocommit = True
    return reader.snapshot


def test_who_runs_is_seen_with_its_device_its_spool_and_its_disks(database: Database) -> None:
    hear(database.connect("gateway"), GATEWAY, 60.0, 3, [ROOM])
    hear(database.connect("worker"), WORKER, 0.0, None, [])
    reader = database.connect("reader")
    query = "SELECT name, part, device, version, spooled, is_heard FROM scanstream.process ORDER BY name"
    assert reader.execute(query).fetchall() == [
        ("gateway", "gateway", None, "0.1.0", 3, True),
        ("worker-1", "worker", "cpu", "0.1.0", None, True),
    ]
    assert reader.execute("SELECT * FROM scanstream.disk").fetchall() == [
        ("gateway", ["spool", "archive"], 7 * 2**30, 9 * 2**30)
    ]
    query = "SELECT heard_at - started_at FROM scanstream.process WHERE part = 'gateway'"
    assert reader.execute(query).fetchone()[0].total_seconds() == pytest.approx(60)


def test_one_that_goes_without_a_word_is_missed_for_a_day(database: Database) -> None:
    worker = database.connect()
    hear(worker, WORKER, 0.0, None, [ROOM])
    hear(worker, GATEWAY, 0.0, 0, [])
    silence(database, WORKER, "1 minute")
    assert names(worker) == ["gateway"]
    assert names(worker, "SELECT name FROM scanstream.process WHERE NOT is_heard") == ["worker-1"]
    assert names(worker, "SELECT process FROM scanstream.disk") == [], "what it saw then may be so no more"
    silence(database, WORKER, "1 day")
    assert names(worker, "SELECT name FROM scanstream.process") == ["gateway"]
    hear(worker, GATEWAY, 0.0, 0, [])
    assert names(worker, "SELECT name FROM core.processes") == ["gateway"]


def test_one_that_ends_in_order_is_not_missed(database: Database) -> None:
    worker = database.connect()
    hear(worker, WORKER, 0.0, None, [])
    forget(worker, WORKER.process_id)
    assert names(worker, "SELECT name FROM core.processes") == []


def test_who_takes_the_place_of_one_that_died_ends_the_search_for_it(database: Database) -> None:
    worker, again = database.connect(), WORKER._replace(process_id="c")
    hear(worker, WORKER, 5.0, None, [])
    hear(worker, again, 0.0, None, [])
    assert names(worker) == ["worker-1", "worker-1"], "they may be of two machines"
    silence(database, WORKER, "1 minute")
    hear(worker, again, 0.0, None, [])
    assert names(worker, "SELECT process_id FROM core.processes") == ["c"]


def test_a_younger_one_of_the_same_name_takes_nobodys_place(database: Database) -> None:
    worker = database.connect()
    hear(worker, WORKER, 3600.0, None, [])
    hear(worker, WORKER._replace(process_id="c"), 0.0, None, [])
    silence(database, WORKER._replace(process_id="c"), "1 minute")
    hear(worker, WORKER, 3600.0, None, [])
    assert names(worker, "SELECT process_id FROM core.processes ORDER BY 1") == ["b", "c"]


def test_a_beat_draws_no_page_again_and_all_else_does(database: Database, changes: Callable[[], str]) -> None:
    worker, gateway = database.connect(), database.connect("gateway")
    for process in (GATEWAY, WORKER):
        hear(worker, process, 0.0, None, [])
    for process in 3 * (GATEWAY, WORKER):
        assert any(_is_beat_unseen(worker, changes, process) for _ in range(PATIENCE))
    for news in (
        lambda: gateway.execute("INSERT INTO core.senders VALUES ('PACS', 'peer', now(), now(), 1)"),
        lambda: hear(worker, WORKER._replace(process_id="c"), 0.0, None, []),
        lambda: forget(worker, WORKER.process_id),
    ):
        seen = changes()
        news()
        assert changes() != seen


def _is_beat_unseen(beating: Connection, changes: Callable[[], str], process: Process = GATEWAY) -> bool:
    """Whether a beat leaves the pulse as it is; a vacuum of Postgres at this very moment does not."""
    before = changes()
    hear(beating, process, 0.0, None, [])
    return changes() == before


def test_beats_hide_nothing_that_was_committed_among_them(database: Database, changes: Callable[[], str]) -> None:
    beating, working = database.connect(), database.connect("gateway")
    hear(beating, GATEWAY, 0.0, None, [])
    seen = {changes()}
    with working.transaction():
        working.execute("INSERT INTO core.senders VALUES ('PACS', 'peer', now(), now(), 1)")
        hear(beating, GATEWAY, 0.0, None, [])
        seen.add(changes())  # its number is taken
        assert any(_is_beat_unseen(beating, changes) for _ in range(PATIENCE))
    hear(beating, GATEWAY, 0.0, None, [])
    assert changes() not in seen


def test_a_beat_after_a_silence_is_news(database: Database, changes: Callable[[], str]) -> None:
    worker = database.connect()
    hear(worker, WORKER, 0.0, None, [])
    silence(database, WORKER, "1 minute")
    before = changes()
    hear(worker, WORKER, 0.0, None, [])
    assert changes() != before


def test_throughput_counts_files_and_scans_of_the_last_minute_hour_and_day(database: Database) -> None:
    worker = database.connect()
    for number, ago in enumerate(("10 seconds", "10 minutes", "10 minutes", "10 hours", "2 days")):
        query = """INSERT INTO core.receipts (receipt_id, association_id, sha256, content_sha256, outcome, received_at)
        VALUES (%s, 'a', '', '', 'accepted', now() - %s::interval)"""
        worker.execute(query, [str(number), ago])
        query = """INSERT INTO core.placements
        (fold_id, kind, id, patient_id, revision, at, placed_at, ended_by, row_sha256)
        VALUES (%s, %s, %s, 'P', %s, now(), now() - %s::interval, 0, '')"""
        worker.execute(query, [number, "scan", f"s{number // 2}", number, ago])
        worker.execute(query, [number, "treatment", f"t{number}", 1, ago])
    counts = database.connect("reader").execute("SELECT * FROM scanstream.throughput").fetchone()
    assert counts == (1, 3, 4, 1, 2, 2), "a scan that was applied in two revisions is one scan"

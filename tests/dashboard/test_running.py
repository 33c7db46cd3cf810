"""What the page Pipeline says of processes, speed and room, in every state that somebody may find in the morning."""

from collections.abc import Callable, Iterator

import pytest

from dashboard.pipeline.running_words import who
from dashboard.rows import ProcessRow
from stream.disks import Disk
from stream.settings import Settings
from stream.storage.database import connect
from stream.storage.processes import Process, hear
from tests.dashboard.conftest import Open, read

GIB = 2**30
GATEWAY = Process("a", "gateway", "gateway", None, "0.1.0")
WORKERS = [Process(f"w{number}", f"worker-{number}", "worker", "cpu", "0.1.0") for number in (1, 2)]
ROOM = Disk(("spool", "archive", "postgres"), 412 * GIB, 500 * GIB)
Beat = Callable[..., None]


@pytest.fixture
def beat(empty: Settings) -> Iterator[Beat]:
    """`beat(process, spooled, disks, silent="12 minutes")`: it was heard so long ago; all are gone after the test."""
    with connect(empty, "worker") as connection:

        def beat_(process: Process, spooled: int | None = None, *disks: Disk, silent: str = "0") -> None:
            hear(connection, process, 0.0, spooled, disks)
            query = "UPDATE core.processes SET heard_at = heard_at - %s::interval WHERE process_id = %s"
            connection.execute(query, [silent, process.process_id])

        yield beat_
        connection.execute("DELETE FROM core.processes")


def test_where_nobody_runs_the_page_says_how_to_start_them(empty: Settings, open_page: Open) -> None:
    words = read(open_page(empty, "pipeline"))
    assert "Nothing runs. Nothing was received or applied in the last hour. Nothing waits." in words
    assert "Start them with scanstream up." in words


def test_one_sentence_says_how_the_service_runs(empty: Settings, open_page: Open, beat: Beat) -> None:
    beat(GATEWAY, 0, ROOM)
    for worker in WORKERS:
        beat(worker)
    page = open_page(empty, "pipeline")
    said = "Nothing was received or applied in the last hour. Nothing waits. 412 GiB free."
    assert f"3 processes run: gateway, 2 workers on the CPU. {said}" in read(page)
    assert not page.warning
    (tables,) = [html.proto.body for html in page.get("html") if "Processes" in html.proto.body]
    assert '>worker-2</th><td data-name="State">runs</td>' in tables


@pytest.mark.parametrize(
    ("silent", "words"),
    [
        ("40 seconds", "worker-2 is silent: last heard less than a minute ago ("),
        ("12 minutes", "worker-2 is silent: last heard 12 minutes ago ("),
        ("3 hours", "worker-2 is lost: last heard 3 hours ago ("),
    ],
)
def test_a_worker_that_went_without_a_word_is_named(
    empty: Settings, open_page: Open, beat: Beat, silent: str, words: str
) -> None:
    beat(GATEWAY, 0, ROOM)
    beat(WORKERS[0])
    beat(WORKERS[1], silent=silent)
    page = open_page(empty, "pipeline")
    assert "2 processes run: gateway, 1 worker on the CPU." in read(page)
    assert [warning.value.startswith(words) for warning in page.warning] == [True]


def test_a_disk_with_little_room_is_told_before_it_is_full(empty: Settings, open_page: Open, beat: Beat) -> None:
    beat(GATEWAY, 0, ROOM, Disk(("kafka",), 5 * GIB - 1, 20 * GIB))
    beat(WORKERS[0])
    page = open_page(empty, "pipeline")
    assert "4.9 GiB free for Kafka, 412 GiB free for spool, archive and Postgres." in read(page)
    (warning,) = [warning.value for warning in page.warning]
    assert warning.startswith("Only 4.9 GiB of 20 GiB are free for Kafka. Below 5 GiB a busy day can fill the disk")


@pytest.mark.parametrize(
    ("process", "missing"),
    [(GATEWAY, "No worker runs: what arrives is kept and waits."), (WORKERS[0], "No gateway runs")],
)
def test_a_part_without_any_process_is_missed(
    empty: Settings, open_page: Open, beat: Beat, process: Process, missing: str
) -> None:
    beat(process)
    assert [missing in warning.value for warning in open_page(empty, "pipeline").warning] == [True]


def test_what_the_gateway_could_not_hand_over_waits_too(empty: Settings, open_page: Open, beat: Beat) -> None:
    beat(GATEWAY, 40, ROOM)
    assert "40 records in the spool." in read(open_page(empty, "pipeline"))


def test_speed_counts_by_minute_hour_and_day_and_the_scan_that_waits_is_told(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "pipeline")
    (speed,) = [html.proto.body for html in page.get("html") if "Files received" in html.proto.body]
    assert '>hour</th><td data-name="Files received">0</td>' in speed
    assert '>24 hours</th><td data-name="Files received">0</td>' not in speed
    assert "1 scan on the way; the scan that waits longest last moved" in read(page)


def test_workers_are_counted_by_what_they_compute_on() -> None:
    on = ("NVIDIA H200", "cpu", "NVIDIA H200")
    rows = [ProcessRow(f"worker-{n}", "worker", name, "0.1.0", None, None, True, None) for n, name in enumerate(on)]
    assert who(rows) == "3 processes run: 2 workers on NVIDIA H200, 1 worker on the CPU."

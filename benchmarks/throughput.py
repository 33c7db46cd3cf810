"""Committed timepoints per second: our agent, a naive one, and the limits that both stand under, in one run."""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from aiokafka import AIOKafkaConsumer, TopicPartition
from kafka import KafkaAdminClient
from psycopg import sql

from benchmarks.facts import lay_down, ring
from stream.endpoints import KAFKA_ADMIN, kafka_login, libpq_url
from stream.settings import Settings
from stream.storage.database import Connection, connect
from stream.storage.folding import staging
from tests.faults.faults import group
from tests.journey.service import Service
from tests.waiting import wait_until

OURS, NAIVE = 4000, 300
"""Patients, each with one new timepoint a round: seconds of work for either agent."""
ROUNDS = 3
READINGS = 20
"""Of the whole topic one after the other: one takes a tenth of a second, and that is mostly the first fetch."""
NAIVE_TOPIC = "naive"
POLL_SECONDS = 0.05
PATIENCE_SECONDS = 120.0
WRITTEN = ("folds", *(table.name for table in staging.WRITTEN))


@dataclass(frozen=True)
class Round:
    """The id of its first fold, and timepoints committed per second between its first and its last commit."""

    first_fold: int
    per_second: float


@dataclass(frozen=True)
class Throughput:
    """Timepoints per second of everything that was run."""

    ours: float
    two_workers: float
    naive: float
    bare_consumption: float
    bare_copy: float


def measure(service: Service, folder: Path) -> Throughput:
    """Median of some rounds of one visit per patient; the first visit warms up and leaves a state to step from."""
    settings = service.settings
    with connect(settings, "worker", timeouts=False) as connection:
        rounds = [_committed(settings, connection, "1", OURS, visit, "timepoints") for visit in range(ROUNDS + 1)]
        copied = OURS / copy_seconds(settings, rounds[-1].first_fold)
        with _second_worker(service, folder):
            shared = [_committed(settings, connection, "3", OURS, visit, "timepoints") for visit in range(ROUNDS + 1)]
        with _naive_agent(service, folder):
            naive = [_committed(settings, connection, "2", NAIVE, visit, NAIVE_TOPIC) for visit in range(ROUNDS + 1)]
    consumed = asyncio.run(_consumed_per_second(settings, "timepoints"))
    return Throughput(_median(rounds[1:]), _median(shared[1:]), _median(naive[1:]), consumed, copied)


def _median(rounds: Sequence[Round]) -> float:
    return statistics.median(one.per_second for one in rounds)


def _committed(settings: Settings, connection: Connection, cohort: str, patients: int, visit: int, topic: str) -> Round:
    """One new timepoint for each of `patients`, from the first bell until all are committed."""
    scans = lay_down(settings, cohort, patients, visit)
    (before,) = connection.execute("SELECT coalesce(max(fold_id), 0) FROM core.folds").fetchone()
    ring(settings, topic, scans)
    until = time.monotonic() + PATIENCE_SECONDS
    count = "SELECT count(*) FROM core.folds WHERE fold_id > %s"
    while connection.execute(count, [before]).fetchone()[0] < patients:
        if time.monotonic() > until:
            raise RuntimeError(f"topic {topic}: not all timepoints were committed after {PATIENCE_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)
    query = """WITH f AS (SELECT computed_at, min(computed_at) OVER () AS first FROM core.folds WHERE fold_id > %s)
    SELECT count(*) FILTER (WHERE computed_at > first) / extract(epoch FROM max(computed_at) - min(first)) FROM f"""
    (rate,) = connection.execute(query, [before]).fetchone()
    return Round(before + 1, float(rate))


@contextmanager
def _second_worker(service: Service, folder: Path) -> Iterator[None]:
    """Another worker that shares the partitions with the service's own."""
    command = [sys.executable, "-m", "stream", "worker"]
    options = {"env": service.environment(), "cwd": folder}
    with (
        (folder / "second-worker.log").open("w") as log,
        subprocess.Popen(command, **options, stdout=log, stderr=log) as process,
    ):
        try:
            wait_until(lambda: group(service) == ("Stable", 2), PATIENCE_SECONDS)
            yield
        finally:
            process.terminate()


@contextmanager
def _naive_agent(service: Service, folder: Path) -> Iterator[None]:
    """The naive agent at work on a topic of its own."""
    settings = service.settings
    with KafkaAdminClient(**kafka_login(settings, KAFKA_ADMIN).options()) as admin:
        admin.create_topics({NAIVE_TOPIC: {"num_partitions": settings.partitions}})
        admin.wait_for_topics([NAIVE_TOPIC])
    command = [sys.executable, "-m", "benchmarks.naive", NAIVE_TOPIC]
    options = {"env": service.environment(), "cwd": folder}
    with (
        (folder / "naive.log").open("w") as log,
        subprocess.Popen(command, **options, stdout=log, stderr=log) as process,
    ):
        try:
            yield
        finally:
            process.terminate()


async def _consumed_per_second(settings: Settings, topic: str) -> float:
    """Messages per second when nothing is done with them, by the client that Faust stands on."""
    consumer = AIOKafkaConsumer(**kafka_login(settings, KAFKA_ADMIN).options(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(settings.partitions)]
        expected = sum((await consumer.end_offsets(partitions)).values())
        consumer.assign(partitions)
        started = time.monotonic()
        for _ in range(READINGS):
            await consumer.seek_to_beginning(*partitions)
            left = expected
            while left > 0:
                left -= sum(map(len, (await consumer.getmany(timeout_ms=1000)).values()))
        return READINGS * expected / (time.monotonic() - started)
    finally:
        await consumer.stop()


def copy_seconds(settings: Settings, first_fold: int) -> float:
    """How long Postgres takes for nothing but COPY of the rows that these folds wrote, indexes and commit included."""
    with psycopg.connect(libpq_url(settings)) as connection:
        rows = {table: _copied_out(connection, table, first_fold) for table in WRITTEN}
        connection.execute("CREATE SCHEMA bench")
        for table in WRITTEN:
            name = sql.Identifier(table)
            connection.execute(sql.SQL("CREATE TABLE bench.{0} (LIKE core.{0} INCLUDING ALL)").format(name))
        connection.commit()
        started = time.monotonic()
        for table, data in rows.items():
            command = sql.SQL("COPY bench.{} FROM STDIN (FORMAT BINARY)").format(sql.Identifier(table))
            with connection.cursor().copy(command) as copy:
                for block in data:
                    copy.write(block)
        connection.commit()
        seconds = time.monotonic() - started
        connection.execute("DROP SCHEMA bench CASCADE")
    return seconds


def _copied_out(connection: Connection, table: str, first_fold: int) -> list[bytes]:
    command = sql.SQL("COPY (SELECT * FROM core.{} WHERE fold_id >= {}) TO STDOUT (FORMAT BINARY)").format(
        sql.Identifier(table), sql.Literal(first_fold)
    )
    with connection.cursor().copy(command) as copy:
        return [bytes(block) for block in copy]

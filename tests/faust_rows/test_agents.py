"""Our agents pass the rows: what is not committed comes again, nothing is acknowledged before its handler returned."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from stream.agents.app import new_app
from stream.agents.executor import EXIT_UNEXPECTED
from stream.endpoints import KafkaLogin
from tests.faust_rows import ours
from tests.faust_rows.broker import PARTITIONS, PATIENCE_SECONDS, Broker, Topic
from tests.faust_rows.workers import Bench, Worker, bench
from tests.waiting import wait_until

YEAR_SECONDS = 365 * 86_400


@dataclass(frozen=True)
class End:
    """How a worker ends in the middle of a batch: what its handler does, or the signal it gets."""

    message: str
    exit_code: int
    by: signal.Signals | None = None


ENDS = {
    "its handler raises": End("raise", EXIT_UNEXPECTED),
    "its handler is cancelled": End("cancel", EXIT_UNEXPECTED),
    "it is stopped": End("hold", 0, signal.SIGTERM),
    "it is killed": End("hold", -signal.SIGKILL, signal.SIGKILL),
}


@dataclass(frozen=True)
class Story:
    """What became of a batch of three whose worker ended in its middle, and of the next worker."""

    exit_code: int
    committed: dict[int, int]
    first: Worker
    second: Worker
    topic: Topic


@pytest.fixture(scope="module")
def stories(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Story]]:
    """All ends at once: most of the time passes in waiting for the broker to miss those that are gone."""
    topics = {name: broker.topic() for name in ENDS}
    with bench(tmp_path_factory.mktemp("first")) as firsts, bench(tmp_path_factory.mktemp("second")) as seconds:
        first = {name: _first(firsts, topic, ENDS[name]) for name, topic in topics.items()}
        codes = {name: _ended(first[name], ENDS[name]) for name in ENDS}
        committed = {name: topic.committed() for name, topic in topics.items()}
        seconds.release()
        second = {name: seconds.start(ours.main, topic, "healed") for name, topic in topics.items()}
        yield {name: Story(codes[name], committed[name], first[name], second[name], topics[name]) for name in ENDS}


def _first(workers: Bench, topic: Topic, end: End) -> Worker:
    topic.send("until 4", "before", end.message, "behind")
    return workers.start(ours.main, topic)


def _ended(worker: Worker, end: End) -> int:
    worker.wait_for("taken", "before", end.message, "behind")
    return worker.end(end.by) if end.by else worker.ended()


@pytest.mark.parametrize("name", ENDS)
def test_a_worker_that_ends_in_a_batch_has_acknowledged_none_of_it(stories: dict[str, Story], name: str) -> None:
    assert stories[name].exit_code == ENDS[name].exit_code
    assert stories[name].committed.get(0, 0) <= 1
    assert stories[name].first.heard("done") == [["until 4"]]


@pytest.mark.parametrize("name", ENDS)
def test_the_next_worker_gets_the_batch_again(stories: dict[str, Story], name: str) -> None:
    story = stories[name]
    wait_until(lambda: {"before", ENDS[name].message, "behind"} <= _done(story.second), PATIENCE_SECONDS)
    story.topic.wait_for_commit(p0=4)


def test_a_worker_that_joins_in_the_middle_of_a_batch_waits_for_nothing_and_nothing_is_lost(
    topic: Topic, workers: Bench
) -> None:
    """Nor does the first go on with what it had read of the partitions that it gave away."""
    topic.send("until 2", "hold")
    first = workers.start(ours.main, topic)
    first.wait_for("taken", "hold")
    values = {f"{partition}-{number}" for partition in range(PARTITIONS) for number in range(2)}
    for value in sorted(values):
        topic.send(value, partition=int(value[0]))
    wait_until(lambda: first.heard("received")[-1:] == [["10"]], PATIENCE_SECONDS)
    second = workers.start(ours.main, topic, "healed")
    wait_until(lambda: len(_done(second) & values) == len(values) // 2, PATIENCE_SECONDS)
    given_away = _done(second) & values
    assert first.heard("done") == [["until 2"]]
    assert topic.committed().get(0, 0) <= 1 or "hold" in _done(second)
    workers.release()
    wait_until(lambda: _done(first) | _done(second) == values | {"until 2", "hold"}, PATIENCE_SECONDS)
    topic.wait_for_commit(p0=4, p1=2, p2=2, p3=2)
    assert not _done(first) & given_away


def test_a_topic_whose_work_hangs_keeps_no_other_waiting(broker: Broker, topic: Topic, workers: Bench) -> None:
    """However much there is to read of it: Faust has one reader for all topics, which must never wait for one."""
    quick, backlog = broker.topic(), [f"slow-{number}" for number in range(6000)]
    for partition in range(PARTITIONS):
        topic.send("hold", *backlog[partition::PARTITIONS], partition=partition)
    worker = workers.start(ours.main, topic, quick.name)
    wait_until(lambda: worker.heard("taken"), PATIENCE_SECONDS)
    quick.send("quick")
    worker.wait_for("done", "quick")
    assert worker.heard("done") == [["quick"]]
    workers.release()
    wait_until(lambda: _done(worker) == {"hold", "quick", *backlog}, PATIENCE_SECONDS)
    topic.wait_for_commit(p0=1501, p1=1501, p2=1501, p3=1501)


def test_a_partition_that_ends_before_the_committed_offset_is_read_from_its_start(topic: Topic, workers: Bench) -> None:
    """As after a broker has lost its data: what comes then is not dropped until as much has come as was lost."""
    topic.send("first", "second")
    topic.pretend_commit(100)
    worker = workers.start(ours.main, topic, "healed")
    wait_until(lambda: _done(worker) == {"first", "second"}, PATIENCE_SECONDS)
    topic.send("third")
    topic.wait_for_commit(p0=3)


def test_a_worker_that_no_longer_reads_its_partitions_ends_and_the_next_one_reads_them(
    topic: Topic, workers: Bench
) -> None:
    """As Faust may leave it after an outage: it lives, it is a member of its group, and what comes lies there."""
    topic.send("stall")
    first = workers.start(ours.main, topic)
    first.wait_for("done", "stall")
    topic.send("next")
    assert first.ended() == EXIT_UNEXPECTED
    assert "not_reading" in first.complaints()
    second = workers.start(ours.main, topic, "healed")
    second.wait_for("done", "next")


def test_while_workers_join_and_are_killed_no_commit_passes_what_was_done(topic: Topic, workers: Bench) -> None:
    sent = {partition: [f"work {partition}-{number}" for number in range(150)] for partition in range(PARTITIONS)}
    for partition, values in sent.items():
        topic.send(*values[:75], partition=partition)
    running = [workers.start(ours.main, topic)]
    wait_until(lambda: running[0].heard("done"), PATIENCE_SECONDS)
    for partition, values in sent.items():
        values.insert(75, f"hold {partition}")  # nobody finishes before the other has joined
        topic.send(*values[75:], partition=partition)
    running.append(workers.start(ours.main, topic, "healed"))
    wait_until(lambda: running[1].heard("taken"), PATIENCE_SECONDS)
    running[0].end(signal.SIGKILL)

    def all_is_done() -> bool:
        committed = topic.committed()  # first: what is done meanwhile does not count against it
        done = set().union(*map(_done, running))
        assert all(done.issuperset(sent[partition][:offset]) for partition, offset in committed.items())
        return done == set().union(*sent.values())

    wait_until(all_is_done, PATIENCE_SECONDS)


def test_our_worker_opens_no_port(stories: dict[str, Story]) -> None:
    worker = stories["it is killed"].second
    wait_until(lambda: worker.heard("taken"), PATIENCE_SECONDS)
    assert [c for c in psutil.Process(worker.pid).net_connections() if c.status == psutil.CONN_LISTEN] == []


def test_no_outage_is_so_long_that_a_worker_leaves_its_group(tmp_path: Path) -> None:
    """It would not come back (test_rows.py); the watchdog is for what makes no progress."""
    app = new_app("any", KafkaLogin(("127.0.0.1:1",)), tmp_path, PARTITIONS)
    assert app.conf.broker_max_poll_interval > YEAR_SECONDS


def _done(worker: Worker) -> set[str]:
    return {value for values in worker.heard("done") for value in values}

"""What Faust does with acknowledgements, rebalances and settings, each row on a real broker.

See docs/decisions/kafka-and-faust.md.

A test that fails here has found no fault of ours: this version of Faust does something else than the one that was
measured, and what we built on the row is to be thought over.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from tests.faust_rows import plain
from tests.faust_rows.broker import PARTITIONS, PATIENCE_SECONDS, Broker, Topic
from tests.faust_rows.workers import Bench, Worker
from tests.waiting import wait_until


@contextmanager
def row(says: str) -> Iterator[None]:
    """What is asserted within is Faust's behaviour: a failure says that an upgrade changed it."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"Faust has changed; what was measured is: {says}") from error


def test_an_exception_in_an_agent_acknowledges_the_message(topic: Topic, workers: Bench) -> None:
    """So nothing is raised in our agents' bodies: what was not done would not come again."""
    topic.send("first", "raise")
    worker = workers.start(plain.main, topic, "plain")
    worker.wait_for("taken", "raise")
    with row("an exception acknowledges the message, which is not delivered again"):
        topic.wait_for_commit(p0=2)
        worker.end(signal.SIGTERM)
        topic.send("next")
        again = workers.start(plain.main, topic, "plain")
        again.wait_for("taken", "next")
        assert again.heard("taken") == [["next"]]


def test_an_exception_in_a_take_acknowledges_its_whole_batch(topic: Topic, workers: Bench) -> None:
    """So we gather batches ourselves (`Batcher`)."""
    batch = ("first", "second", "raise", "last")
    topic.send(*batch)
    workers.start(plain.main, topic, "take").wait_for("taken", *batch)
    with row("an exception in a take acknowledges its whole batch"):
        topic.wait_for_commit(p0=4)


def test_a_take_that_is_cancelled_acknowledges_its_batch(topic: Topic, workers: Bench) -> None:
    """So a worker that is stopped in the middle of a batch would lose it."""
    batch = ("first", "second", "third", "last")
    topic.send(*batch)
    worker = workers.start(plain.main, topic, "take")
    worker.wait_for("taken", *batch)
    with row("a take acknowledges its batch only, and also, when it is cancelled"):
        assert topic.committed() == {}
        worker.end(signal.SIGTERM)
        assert topic.committed() == {0: 4}


def test_a_commit_steps_over_one_unacknowledged_message_and_before_the_first_commit_over_any_number(
    topic: Topic, workers: Bench
) -> None:
    """Later, two or more in a row hold it up for ever. So we acknowledge in the order of offsets and leave no hole.

    Faust compares the first acknowledged offset with the committed one as if that were the last that was read; it is
    the next to be read.
    """
    topic.send("one", "hole", "behind one", partition=0)
    topic.send("two", "hole", "hole", "behind two", partition=1)
    topic.send("hole", "hole", "behind the first", partition=2)
    worker = workers.start(plain.main, topic, "holes")
    for value in ("behind one", "behind two", "behind the first"):
        worker.wait_for("committed", value)
    with row("a commit steps over a hole of one message, and at the start of a partition over any"):
        assert topic.committed() == {0: 3, 1: 1, 2: 3}


def test_with_concurrency_a_commit_passes_work_that_is_not_done(topic: Topic, workers: Bench) -> None:
    """So our agents have `concurrency=1`; more work at once means more partitions."""
    topic.send("hold", "next")
    worker = workers.start(plain.main, topic, "plain", "2")
    worker.wait_for("done", "next")
    with row("with concurrency above 1 a commit passes work that is not done"):
        topic.wait_for_commit(p0=2)
    assert worker.heard("done") == [["next"]]


@pytest.mark.parametrize(("name", "arrived"), [("send", 0), ("send and await", 1)])
def test_a_send_returns_before_the_broker_has_the_message(
    topic: Topic, workers: Bench, name: str, arrived: int
) -> None:
    """The future it returns is to be awaited too. We publish by `Publisher`, which waits for Kafka's answers."""
    worker = workers.start(plain.main, topic, name)
    worker.ended()
    with row("a send returns before the broker has answered"):
        assert worker.heard("answered") == [["False"]]
        assert topic.length() == arrived


def test_topics_that_are_read_are_not_made(broker: Broker, workers: Bench) -> None:
    """Also with the default of `topic_allow_declare`. So `ensure_topics` makes them before a worker starts."""
    missing = Topic(broker, "faust-rows-that-nobody-made")
    workers.start(plain.main, missing, "noack").wait_for("ready")
    with row("Faust does not make the topics that it reads"):
        assert missing.name not in broker.admin.list_topics()


def test_when_one_of_two_workers_is_killed_the_other_gets_all_and_nothing_is_lost(topic: Topic, workers: Bench) -> None:
    """With `noack` and an acknowledgement of one's own after the work. So our workers share theirs."""
    sent = {f"{partition}-{number}" for partition in range(PARTITIONS) for number in range(50)}
    everything = [str(partition) for partition in range(PARTITIONS)]
    first, second = (workers.start(plain.main, topic, "noack") for _ in range(2))
    with row("partitions are shared, and after a death they are all the other's"):
        wait_until(lambda: [len(share) for share in shares(first, second)] == [2, 2], PATIENCE_SECONDS)
    for value in sorted(sent):
        topic.send(value, partition=int(value[0]))
    wait_until(lambda: first.heard("done"), PATIENCE_SECONDS)
    first.end()
    with row("partitions are shared, and after a death they are all the other's"):
        second.wait_for("assigned", *everything)
        wait_until(lambda: {value for (value,) in first.heard("done") + second.heard("done")} == sent, PATIENCE_SECONDS)


def shares(*workers: Worker) -> list[list[str]]:
    """The partitions that each was given last."""
    return [share for worker in workers for share in worker.heard("assigned")[-1:]]


def test_a_rebalance_waits_for_all_that_is_not_acknowledged(topic: Topic, workers: Bench) -> None:
    """By default. With `noack` that is a whole batch, and in an outage of Postgres no worker could join."""
    topic.send("hold")
    first = workers.start(plain.main, topic, "waits_empty")
    first.wait_for("taken", "hold")
    workers.start(plain.main, topic, "waits_empty")
    wait_until(lambda: len(first.heard("rebalancing")) == 2, PATIENCE_SECONDS)
    workers.release()
    wait_until(lambda: len(first.heard("revoked")) == 2, PATIENCE_SECONDS)
    told = [word for word, *_ in first.lines()]
    with row("by default a rebalance waits for what is not acknowledged"):
        assert told[told.index("taken") :][:4] == ["taken", "rebalancing", "done", "revoked"]


def test_without_stream_wait_empty_it_waits_for_nothing(topic: Topic, workers: Bench) -> None:
    """So we set it to false: another worker has its share at once, and the batch goes on (test_agents.py)."""
    topic.send("hold")
    first = workers.start(plain.main, topic, "noack")
    first.wait_for("taken", "hold")
    second = workers.start(plain.main, topic, "noack")
    with row("with stream_wait_empty=False a rebalance waits for nothing"):
        wait_until(lambda: second.heard("assigned"), PATIENCE_SECONDS)
        assert first.heard("done") == []
        assert topic.committed() == {}


def test_it_serves_the_web_unless_told_not_to(topic: Topic, workers: Bench) -> None:
    """Tables and statistics of a worker, for whoever asks. We set `web_enabled=False` (see test_agents.py)."""
    worker = workers.start(plain.main, topic, "serves_the_web")
    worker.wait_for("ready")
    listening = [c for c in psutil.Process(worker.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    with row("with web_enabled, its default, Faust opens a port"):
        assert len(listening) == 1


def test_a_consumer_that_cannot_poll_for_long_leaves_its_group_and_never_comes_back(
    topic: Topic, workers: Bench
) -> None:
    """Faust waits for partitions before it polls, the consumer below for a poll before it joins again.

    So an outage longer than `broker_max_poll_interval` (by default 1000 s) would leave workers that live and do
    nothing: we set it beyond any outage.
    """
    backlog = [f"behind {number}" for number in range(20)]
    topic.send("hold", *backlog)
    worker = workers.start(plain.main, topic, "idles")
    worker.wait_for("taken", "hold")
    with row("a consumer that cannot poll for long leaves its group and never comes back"):
        wait_until(lambda: topic.members() == 0, PATIENCE_SECONDS)
        workers.release()
        worker.wait_for("done", "hold")
        workers.start(plain.main, topic, "noack").wait_for("done", backlog[-1])
        assert topic.members() == 1
    assert worker.lives()


def test_what_comes_below_the_committed_offset_is_dropped_without_a_word(topic: Topic, workers: Bench) -> None:
    """A broker that lost its data may be told the old offsets by a worker that still was to commit.

    So our consumer believes what comes, not the offset it began with (test_agents.py).
    """
    topic.send("first", "second", "third", "fourth")
    topic.send("at its end", partition=1)
    topic.pretend_commit(6)
    worker = workers.start(plain.main, topic, "noack")
    worker.wait_for("done", "at its end")
    with row("what comes below the committed offset is dropped without a word"):
        topic.send("fifth", "sixth", "seventh")
        worker.wait_for("done", "seventh")
        assert worker.heard("taken") == [["at its end"], ["seventh"]]

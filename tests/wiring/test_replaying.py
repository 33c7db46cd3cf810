"""A replay in more than one process: the same rows, whoever brings them and whoever dies."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

import pytest

from stream.archive.kept_weights import keep_weights
from stream.services.recovery import replay
from stream.services.recovery.replay_processes import ReplayProcesses
from stream.settings import Settings
from stream.storage.database import Connection
from stream.storage.folding.states import TimelineSteps
from stream.wiring.replaying import Replaying, replaying
from tests.database import Database
from tests.services.accepted_facts import assert_sound, fold_each, forecasters, lung, standing
from tests.waiting import children, has_ended, wait_until

CHILD = "stream.wiring.replay_process"
PATIENTS = [f"P{number}" for number in range(8)]
WAITING = [TimelineSteps(patient, 2) for patient in PATIENTS]
OURS = [each.weights_version for each in forecasters()]
FOLDED = "SELECT patient_id FROM core.folds WHERE cause = 'replay'"
START_SECONDS = 120.0
"""Until another process has loaded its weights, on a busy machine."""


@pytest.fixture
def settings(database: Database, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a service whose archive has the weights; every timeline is a batch of its own, and worth sharing."""
    monkeypatch.setattr(replay, "TIMELINES", 1)
    monkeypatch.setattr(replay, "WORTH_SHARING", 1)
    keep_weights(database.settings)
    return database.settings


@pytest.fixture
def connection(database: Database) -> Connection:
    """To a database in which the patients stand."""
    connection = database.connect()
    fold_each(connection, [lung(patient, name, 60 * ord(name), 20.0) for patient in PATIENTS for name in ("a", "b")])
    return connection


def one_other(replayer: Replaying) -> ReplayProcesses:
    return replayer.others._replace(number=1)


def begun(replayer: Replaying, others: ReplayProcesses) -> Iterator[int]:
    """A replay that has brought its first timeline and prepared its second; it goes on when it is asked."""
    started = replay.replay(replayer.connection, replayer.reconciler, WAITING, OURS, others)
    assert next(started) == 2
    return started


def test_another_process_brings_what_one_has_not_taken(
    settings: Settings, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    """While this one rests the other folds all but the first two; together they leave what stood."""
    before = standing(connection)
    with replaying(settings) as replayer:
        started = begun(replayer, one_other(replayer))
        wait_until(lambda: len(connection.execute(FOLDED).fetchall()) == len(PATIENTS) - 1, START_SECONDS)
        assert sum(started) == 2 * (len(PATIENTS) - 1)
        assert children(CHILD) == []
    assert sorted(connection.execute(FOLDED).fetchall()) == [(patient,) for patient in PATIENTS]
    assert standing(connection) == before
    assert_sound(connection)
    assert caplog.messages == []


@pytest.mark.parametrize("point", ["reconcile.computed:1", "reconcile.written_all:2", "reconcile.committed:2"])
def test_what_a_killed_process_had_in_hand_is_brought_by_the_other(
    settings: Settings, connection: Connection, caplog: pytest.LogCaptureFixture, point: str
) -> None:
    before = standing(connection)
    with replaying(settings.model_copy(update={"crash_at": point})) as replayer:
        started = begun(replayer, one_other(replayer))
        (child,) = children(CHILD)
        wait_until(lambda: has_ended(child.pid), START_SECONDS)
        assert sum(started) == 2 * (len(PATIENTS) - 1)
    assert {patient for (patient,) in connection.execute(FOLDED)} == set(PATIENTS)
    assert standing(connection) == before
    assert_sound(connection)
    assert caplog.messages == [f"replay_process_ended code={-signal.SIGKILL} timelines_taken_back=2"]


def test_a_replay_that_is_given_up_ends_the_others(settings: Settings, connection: Connection) -> None:
    with replaying(settings) as replayer:
        started = begun(replayer, one_other(replayer))
        assert len(children(CHILD)) == 1
        started.close()
        assert children(CHILD) == []
    assert_sound(connection)


def test_another_process_ends_with_the_one_that_replays(settings: Settings) -> None:
    """Without a word: its stdin has ended, as it does when that one was killed."""
    with replaying(settings) as replayer:
        process = replayer.others.start()
    process.communicate(b'{"afresh": [], "processes": 2}\n', START_SECONDS)
    assert process.returncode == 0


def test_a_process_that_cannot_start_leaves_all_to_the_other(
    settings: Settings, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    pipe, command = subprocess.PIPE, [sys.executable, "-c", "raise SystemExit(3)"]
    others = ReplayProcesses(1, partial(subprocess.Popen, command, stdin=pipe, stdout=pipe))
    with replaying(settings) as replayer:
        assert sum(replay.replay(replayer.connection, replayer.reconciler, WAITING, OURS, others)) == 2 * len(PATIENTS)
    assert {patient for (patient,) in connection.execute(FOLDED)} == set(PATIENTS)
    assert caplog.messages == ["replay_process_ended code=3 timelines_taken_back=0"]

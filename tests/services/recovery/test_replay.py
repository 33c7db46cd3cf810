"""Many timelines folded again: in full batches, in short transactions, beside others who fold."""

import random
import time

import pytest

from stream.services.folding import committing
from stream.services.folding.reconcile import Reconciler
from stream.services.recovery import replay
from stream.services.recovery.pace import Pace
from stream.services.recovery.replay import FULL, MOST_STEPS, STEPS, TIMELINES, batches
from stream.storage.folding.states import TimelineSteps
from tests.database import Database
from tests.services.accepted_facts import accept, assert_sound, fold_each, forecasters, lung, standing
from tests.services.waiting import heads_held, threads, wait_for_waiting

WAITING = [TimelineSteps(f"P{number:04}", random.Random(number).choice((1, 3, 10, 60, 200))) for number in range(2000)]
OURS = forecasters()[0].weights_version


def replaying_on(database: Database) -> Reconciler:
    return Reconciler(database.connect(), forecasters(), writing=database.connect())


def test_every_timeline_is_in_one_batch() -> None:
    assert sorted(one for batch in batches(WAITING) for one in batch) == sorted(WAITING)
    assert list(batches([])) == []


def test_rounds_of_the_device_are_full() -> None:
    """Of all places of the chunks that the rounds need, 9 in 10 hold a timepoint."""
    places = taken = 0
    for batch in batches(WAITING):
        longest = max(steps for _, steps, _ in batch)
        rounds = [sum(steps > number for _, steps, _ in batch) for number in range(longest)]
        places += sum(-(-rows // FULL) * FULL for rows in rounds)
        taken += sum(rounds)
    assert taken / places > 0.9


def test_a_batch_is_bounded_whatever_the_timelines_are() -> None:
    for batch in batches([*WAITING, *(TimelineSteps(f"long {number}", 5000) for number in range(10))]):
        steps = sum(steps for _, steps, _ in batch)
        assert len(batch) <= TIMELINES
        assert steps <= (MOST_STEPS if len(batch) <= FULL else STEPS)


def test_a_timeline_longer_than_a_batch_goes_alone() -> None:
    heavy = [TimelineSteps(f"P{number}", 5, MOST_STEPS // 10) for number in range(4)]
    assert [len(batch) for batch in batches(heavy)] == [2, 2]
    long, short = TimelineSteps("PA", 3 * MOST_STEPS), TimelineSteps("PB", 1)
    assert list(batches([long, short])) == [[long], [short]]


def test_it_notices_that_others_fold(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The third batch is prepared when another worker folds a scan; after it is written nobody else folds."""
    patients = ["PA", "PB", "PC", "PD", "PE"]
    connection = database.connect()
    fold_each(connection, [lung(patient, "a", 0, 20.0) for patient in patients])
    other, rests = database.connect(), []
    monkeypatch.setattr(replay, "TIMELINES", 1)
    waiting = [TimelineSteps(patient, 1) for patient in patients]
    replaying = replay.replay(database.connect(), replaying_on(database), waiting, [OURS], rest=rests.append)
    assert [next(replaying), next(replaying)] == [1, 1]
    fold_each(other, [lung("PX", "a", 0, 20.0)])
    assert list(replaying) == [1, 1, 1]
    assert [rest > 0 for rest in rests] == [True]


def test_of_two_processes_each_rests_three_quarters_of_the_time_while_others_fold(database: Database) -> None:
    rests: list[float] = []
    pace = Pace(database.connect(), 2, rests.append)
    started = time.monotonic()
    fold_each(database.connect(), [lung("PX", "a", 0, 20.0)])
    worked = time.monotonic() - started
    pace.after_batch()
    (rest,) = rests
    assert rest >= 3 * worked
    pace.after_batch()
    assert rests == [rest]


def test_long_timelines_are_written_in_short_transactions(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut by the number of states, never inside a timeline; what stands is the same."""
    connection = database.connect()
    visits = [lung(patient, f"{n}", 10 * n, 20.0 + n) for patient in ("PA", "PB", "PC") for n in range(6)]
    accept(connection, *visits)
    Reconciler(connection, forecasters()).patients(["PA", "PB", "PC"])
    before = standing(connection)
    monkeypatch.setattr(committing, "PORTION", 13)
    waiting = [TimelineSteps(patient, 6) for patient in ("PA", "PB", "PC")]
    list(replay.replay(connection, replaying_on(database), waiting, [OURS]))
    assert standing(connection) == before
    query = "SELECT array_agg(patient_id ORDER BY patient_id) FROM core.folds WHERE cause = 'replay' GROUP BY xact"
    assert sorted(row[0] for row in connection.execute(query)) == [["PA", "PB"], ["PC"]]
    assert_sound(connection)


def test_who_moved_on_meanwhile_is_taken_again(database: Database) -> None:
    """While a replay has computed and waits for a head, another worker folds a new scan of that patient."""
    slow, fast = database.connect(), database.connect()
    fold_each(slow, [lung("PA", "a", 0, 20.0), lung("PB", "a", 0, 20.0)])
    asking = database.connect()
    replaying = Reconciler(asking, forecasters(), writing=slow)
    with threads() as start:
        with heads_held(fast):
            done = start(
                lambda: list(replay.replay(asking, replaying, [TimelineSteps("PA", 1), TimelineSteps("PB", 1)], [OURS]))
            )
            wait_for_waiting(database.connect(), slow)
            accept(fast, lung("PA", "b", 30, 25.0))
            Reconciler(fast, forecasters()).patients(["PA"])
        assert done.result() == [2]
    assert_sound(fast)

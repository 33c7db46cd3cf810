import datetime as dt
import threading
from dataclasses import replace

import numpy as np
import psycopg
import pytest

from stream.errors import UnknownWeights
from stream.services.folding.committing import ClockWrong
from stream.services.folding.reconcile import Reconciler
from stream.services.folding.state_cache import StateCache
from stream.storage import schema
from stream.storage.appending import write_later
from stream.storage.database import Connection
from stream.storage.folding.staging import WRITTEN
from tests.database import Database
from tests.services.accepted_facts import (
    accept,
    assert_sound,
    breast,
    day,
    drug,
    fold_each,
    forecasters,
    lung,
    standing,
)
from tests.services.waiting import gate, heads_held, threads, wait_for_waiting

THREE_VISITS = [lung("PA", "first", 0, 30.0), lung("PA", "second", 42, 24.0), lung("PA", "third", 90, 28.0)]

STEPPED = [table.name for table in WRITTEN if table is not schema.growth_maps]
"""What a step of the weights that come along writes."""


def history(connection: Connection) -> list[tuple]:
    """scan, whether its forecast stands and why not, by the time it was said."""
    return connection.execute(
        """SELECT split_part(scan_uid, '/', 2), superseded_because FROM core.forecasts
        WHERE horizon_days = 180 ORDER BY computed_at, at"""
    ).fetchall()


def counts(connection: Connection) -> dict[str, int]:
    """Rows of every table that folds write."""
    tables = ("heads", "folds", *(table.name for table in WRITTEN))
    return {name: connection.execute(f"SELECT count(*) FROM core.{name}").fetchone()[0] for name in tables}


def ended(connection: Connection, table: str) -> set[tuple]:
    """scan, fold that ended its forecast, when and why."""
    query = f"""SELECT scan_uid, superseded_by, superseded_at, superseded_because FROM core.{table}
    WHERE superseded_by IS NOT NULL"""
    return set(connection.execute(query).fetchall())


def test_a_late_scan_gives_what_the_right_order_would_have_given(database: Database) -> None:
    connection = database.connect()
    first, second, third = THREE_VISITS
    fold_each(connection, [first, second, third])
    in_order = standing(connection)
    database.empty()
    connection = database.connect()
    fold_each(connection, [first, third, second])
    assert standing(connection) == in_order
    assert history(connection) == [("first", None), ("third", "late"), ("second", None), ("third", None)]
    assert_sound(connection)


def test_a_scan_before_all_others_folds_everything_again(database: Database) -> None:
    connection = database.connect()
    first, second, third = THREE_VISITS
    fold_each(connection, [second, third, first])
    causes = connection.execute("SELECT cause, from_position FROM core.folds ORDER BY head_version").fetchall()
    assert causes == [("arrival", 1), ("arrival", 2), ("late", 1)]
    assert_sound(connection)


@pytest.mark.parametrize(
    ("change", "because", "superseded"),
    [
        (lung("PA", "second", 42, 26.0), "revision", ["second", "third"]),
        (lung("PA", "second", 100, 24.0), "revision", ["second", "third"]),
        (drug("PA", "pembrolizumab", 20), "treatment", ["second", "third"]),
        (drug("PA", "pembrolizumab", 42), "treatment", ["second", "third"]),
        (("PA", {"age": 61}), "clinical", ["first", "second", "third"]),
        (lung("PA", "early", -10, 31.0), "late", ["first", "second", "third"]),
        (lung("PA", "fourth", 120, 20.0), None, []),
        (drug("PA", "pembrolizumab", 91), "treatment", ["third"]),
    ],
)
def test_what_no_longer_stands_is_kept_with_the_reason(
    database: Database, change: object, because: str | None, superseded: list[str]
) -> None:
    connection = database.connect()
    fold_each(connection, THREE_VISITS)
    shown = connection.execute("SELECT scan_uid, risk FROM core.forecasts ORDER BY 1, 2").fetchall()
    fold_each(connection, [change])
    ended = [scan for scan, why in history(connection) if why is not None]
    assert sorted(ended) == sorted(superseded)
    assert {why for _, why in history(connection)} - {None} == ({because} if because else set())
    assert set(shown) <= set(connection.execute("SELECT scan_uid, risk FROM core.forecasts").fetchall())
    assert_sound(connection)


def test_sizes_and_the_best_response_end_with_the_risks_of_their_scan(database: Database) -> None:
    connection = database.connect()
    first, second, third = (lung("PA", name, 40 * n, 30.0 - n) for n, name in enumerate(("first", "second", "third")))
    fold_each(connection, [first, third, second, drug("PA", "pembrolizumab", 20), ("PA", {"age": 61})])
    risks = ended(connection, "forecasts")
    assert {why for *_, why in risks} == {"late", "treatment", "clinical"}
    assert ended(connection, "size_forecasts") == ended(connection, "response_probabilities") == risks
    assert_sound(connection)


def test_twenty_scans_that_wait_together_cost_one_fold(database: Database) -> None:
    connection = database.connect()
    accept(connection, *(lung("PA", f"{n}", 30 * n, 30.0 - n) for n in reversed(range(20))))
    Reconciler(connection, forecasters()).patients(["PA"])
    assert counts(connection)["folds"] == 1
    assert counts(connection)["states"] == 20


def test_a_bell_rung_again_changes_nothing(database: Database) -> None:
    connection = database.connect()
    reconciler = fold_each(connection, THREE_VISITS)
    before = counts(connection)
    assert reconciler.patients(["PA", "PA"]) == []
    assert reconciler.scans([visit.scan_uid for visit in THREE_VISITS]) == []
    assert reconciler.patients(["nobody that we know"]) == []
    fold_each(connection, THREE_VISITS)
    assert counts(connection) == before


def test_a_withdrawn_treatment_leaves_what_stood_without_it(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, THREE_VISITS)
    without = standing(connection)["states"]
    fold_each(connection, [drug("PA", "docetaxel", 10), drug("PA", "docetaxel", 10, withdrawn=True)])
    assert standing(connection)["states"] == without
    assert {why for _, why in history(connection)} == {None, "treatment"}
    assert_sound(connection)


def test_a_scan_no_model_applies_to_stands_and_says_so(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, [replace(lung("PA", "brain", 10, 12.0), disease="brain")])
    said = connection.execute("SELECT status, reason FROM scanstream.scan_status").fetchall()
    assert said == [("applied", "no model applies")]
    assert counts(connection)["states"] == 0


def test_every_disease_gets_the_forecasts_of_its_own_model_only(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, [lung("PA", "a", 0, 20.0), breast("PB", "b", 0, 12.0, 31.0)])
    said = connection.execute("SELECT patient_id, endpoint, horizon_days FROM scanstream.current_risk ORDER BY 1, 3")
    assert said.fetchall() == [
        ("PA", "progression", 90),
        ("PA", "progression", 180),
        ("PA", "progression", 365),
        ("PA", "progression", None),
        ("PB", "pcr", None),
    ]


def test_two_workers_that_fold_the_same_scan_fold_it_once(database: Database) -> None:
    connection, other, watcher = database.connect(), database.connect(), database.connect()
    workers = [fold_each(connection, THREE_VISITS[:2]), Reconciler(other, forecasters())]
    accept(connection, THREE_VISITS[2])
    with threads() as start:
        with heads_held(database.connect("migrator")):
            folding = [start(worker.patients, ["PA"]) for worker in workers]
            wait_for_waiting(watcher, connection, other)
        folds = [fold for one in folding for fold in one.result()]
    assert [fold.scans for fold in folds] == [((THREE_VISITS[2].scan_uid, 1),)]
    assert_sound(connection)


def test_a_head_that_moved_on_while_computing_is_taken_again(database: Database) -> None:
    """The slower worker has computed on old facts; it finds out under the lock and computes once more."""
    slow, fast = database.connect(), database.connect()
    workers = [fold_each(slow, THREE_VISITS[:1]), Reconciler(fast, forecasters())]
    accept(slow, THREE_VISITS[2])
    with threads() as start:
        with heads_held(fast):
            slower = start(workers[0].patients, ["PA"])
            wait_for_waiting(database.connect(), slow)
            accept(fast, THREE_VISITS[1])
            workers[1].patients(["PA"])
        assert slower.result() == []
    assert counts(fast)["folds"] == 2
    assert_sound(fast)


def test_memory_of_a_state_is_used_only_while_nobody_else_has_folded(database: Database) -> None:
    """The other worker folds a revision of the scan whose state the first one still has in memory."""
    connection, other = database.connect(), database.connect()
    mine = fold_each(connection, THREE_VISITS[:1])
    fold_each(other, [lung("PA", "first", 0, 60.0)])
    accept(connection, THREE_VISITS[1])
    mine.patients(["PA"])
    assert_sound(connection)


def test_the_next_step_needs_no_state_from_postgres_while_memory_is_current(database: Database) -> None:
    connection, owner = database.connect(), database.connect("migrator")
    worker = fold_each(connection, THREE_VISITS[:1])
    kept = owner.execute("UPDATE core.states SET state = '' RETURNING scan_uid").fetchall()
    accept(connection, THREE_VISITS[1])
    worker.patients(["PA"])
    assert kept and counts(connection)["states"] == 2


def test_the_longest_unused_timeline_is_forgotten_first() -> None:
    cache, states = StateCache(capacity=2), {patient: np.zeros(1, np.float32) for patient in ("PA", "PB", "PC")}
    for patient in ("PA", "PB", "PA", "PC"):
        cache.keep(patient, 1, {("w", "scan"): states[patient]})
    kept = [cache.state(patient, 1, "w", "scan") is states[patient] for patient in ("PA", "PB", "PC")]
    assert kept == [True, False, True]


def test_a_state_as_large_as_those_of_growth_maps_is_read_again() -> None:
    cache = StateCache()
    cache.keep("PA", 1, {("maps", "scan"): np.zeros(320_000, np.float32), ("w", "scan"): np.zeros(300, np.float32)})
    assert cache.state("PA", 1, "maps", "scan") is None
    assert cache.state("PA", 1, "w", "scan") is not None


def test_a_worker_without_the_active_weights_ends_instead_of_folding(database: Database) -> None:
    connection = database.connect()
    accept(connection, *THREE_VISITS)
    with pytest.raises(UnknownWeights, match=forecasters()[1].weights_version):
        Reconciler(connection, forecasters()[:1]).patients(["PA"])
    assert set(counts(connection).values()) == {0}


def test_work_computed_under_other_weights_than_are_active_now_is_left_out(database: Database) -> None:
    connection, owner = database.connect(), database.connect("migrator")
    progression = forecasters()[0]
    worker = fold_each(connection, [*THREE_VISITS[:1], breast("PA", "b", 1, 9.0, 12.0)])
    accept(connection, THREE_VISITS[1])
    with threads() as start:
        with heads_held(owner):
            folds = start(worker.patients, ["PA"])
            wait_for_waiting(database.connect(), connection)
            key = {"weights_version": progression.weights_version}
            write_later(owner, schema.active_weights, key, {"until": day(500)})
        assert len(folds.result()) == 1
    standing_for = connection.execute("SELECT DISTINCT weights_version FROM core.states WHERE superseded_by IS NULL")
    assert standing_for.fetchall() == [(forecasters()[1].weights_version,)]


def test_a_clock_that_is_far_behind_the_last_fold_ends_the_worker(database: Database) -> None:
    connection, owner = database.connect(), database.connect("migrator")
    worker = fold_each(connection, THREE_VISITS[:1])
    owner.execute("UPDATE core.heads SET changed_at = clock_timestamp() + interval '1 minute'")
    before = counts(connection)
    accept(connection, THREE_VISITS[1])
    with pytest.raises(ClockWrong, match="set the clock"):
        worker.patients(["PA"])
    assert counts(connection) == before


def test_folds_of_a_timeline_have_rising_times_whatever_the_clock_says(database: Database) -> None:
    connection, owner = database.connect(), database.connect("migrator")
    worker = fold_each(connection, THREE_VISITS[:1])
    ahead = "UPDATE core.heads SET changed_at = clock_timestamp() + interval '2 s' RETURNING changed_at"
    (changed_at,) = owner.execute(ahead).fetchone()
    accept(connection, THREE_VISITS[1])
    worker.patients(["PA"])
    (last,) = connection.execute("SELECT max(computed_at) FROM core.folds").fetchone()
    assert last == changed_at + dt.timedelta(microseconds=1)


@pytest.mark.parametrize("table", ["heads", *STEPPED, "folds", "assembly"])
def test_a_backend_killed_in_the_middle_loses_and_doubles_nothing(database: Database, table: str) -> None:
    """Killed after the write to `table`, while it ends rows, places, steps and supersedes at once."""
    connection, owner = database.connect(), database.connect("migrator")
    first, second, third = THREE_VISITS
    worker = fold_each(connection, [first, third])
    accept(connection, second)
    before = counts(connection)
    with threads() as start, gate(owner, table):
        folds = start(worker.patients, ["PA"])
        wait_for_waiting(database.connect(), connection)
        database.connect().execute("SELECT pg_terminate_backend(%s, 5000)", [connection.info.backend_pid])
        assert isinstance(folds.exception(), psycopg.OperationalError)
    again = database.connect()
    assert counts(again) == before
    worker.use(again)
    assert [fold.scans for fold in worker.patients(["PA"])] == [((second.scan_uid, 1),)]
    assert_sound(again)


def test_many_timelines_locked_in_any_order_never_block_each_other_for_good(database: Database) -> None:
    patients = [f"P{number}" for number in range(12)]
    accept(database.connect(), *(lung(patient, "first", 0, 20.0) for patient in patients))
    workers = [Reconciler(database.connect(), forecasters()) for _ in range(2)]
    together = threading.Barrier(2)

    def fold(worker: Reconciler, order: list[str]) -> int:
        together.wait()
        return len(worker.patients(order))

    with threads() as start:
        folds = [start(fold, worker, order) for worker, order in zip(workers, (patients, patients[::-1]), strict=True)]
        assert sum(one.result() for one in folds) == len(patients)
    assert_sound(database.connect())


def test_connections_of_the_service_let_go_of_locks_within_seconds(database: Database) -> None:
    connection = database.connect()
    for limit in ("transaction_timeout", "idle_in_transaction_session_timeout"):
        assert connection.execute(f"SHOW {limit}").fetchone() == ("10s",)
    assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)

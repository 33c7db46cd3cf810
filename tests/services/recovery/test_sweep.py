"""The sweep rings again for whatever waits too long, and leaves alone what does not."""

import datetime as dt

import pytest

from stream.services.accepting.received_files import accept as receive
from stream.services.assembling import assembly
from stream.services.recovery import sweep as sweeping
from stream.services.recovery.sweep import PATIENCE, Unfinished, sweep
from stream.services.verify.acceptance import ends
from stream.storage.database import Connection
from tests.database import Database
from tests.services.accepted_facts import accept, assert_sound, drug, fold_each, lung
from tests.services.assembling.test_assembly import RULES
from tests.services.receipts import described, moments_later, received

A_DAY = dt.timedelta(days=1)
NOTHING = Unfinished((), (), (), ())


@pytest.fixture
def worker(database: Database) -> Connection:
    return database.connect()


def unfinished(connection: Connection, now: dt.datetime) -> Unfinished:
    swept = sweep(connection, now, A_DAY)
    assert swept is not None
    return swept


def much_later() -> dt.datetime:
    return dt.datetime.now(dt.UTC) + PATIENCE + dt.timedelta(seconds=1)


def test_a_message_lost_after_accepting_is_rung_again(database: Database, worker: Connection) -> None:
    receive(database.connect("gateway"), [received(described("s1", "i1", "PA"))])
    assert unfinished(worker, moments_later(1)) == NOTHING
    assert unfinished(worker, moments_later(60)).instances == (("s1", "PA"),)


def test_verify_names_an_instance_that_the_sweep_would_not_look_for(database: Database, worker: Connection) -> None:
    receive(database.connect("gateway"), [received(described("s1", "i1", "PA"))])
    assert not ends(worker, moments_later(1)).failed
    worker.execute("DELETE FROM core.ungathered")
    assert ends(worker, moments_later(1)).first == ["ungathered instance_uid=s1/i1"]


def test_a_scan_that_waits_for_more_is_not_stuck(database: Database, worker: Connection) -> None:
    receive(database.connect("gateway"), [received(described("s1", "i1", "PA"))])
    assembly.gather(worker, ["s1"], RULES, moments_later(1))
    assert unfinished(worker, moments_later(15)) == NOTHING


def test_a_message_lost_after_assembling_is_rung_again(database: Database, worker: Connection) -> None:
    receive(database.connect("gateway"), [received(described("s1", "i1", "PA"))])
    assembly.gather(worker, ["s1"], RULES, moments_later(40))
    assert unfinished(worker, moments_later(45)) == NOTHING
    assert unfinished(worker, moments_later(60)).scans == (("s1", 1, "PA"),)


def test_a_message_lost_after_measuring_is_rung_again_until_the_scan_is_applied(worker: Connection) -> None:
    accept(worker, lung("PA", "a", 0, 20.0))
    assert unfinished(worker, much_later()).timepoints == (("PA/a", 1, "PA"),)
    fold_each(worker, [lung("PA", "b", 0, 20.0)])
    assert unfinished(worker, much_later()) == NOTHING


def test_facts_that_no_fold_has_seen_are_rung_again(worker: Connection) -> None:
    accept(worker, drug("PA", "docetaxel", 0), ("PB", {"age": 50}), ("PB", {"age": 51}))
    assert sorted(unfinished(worker, much_later()).patients) == ["PA", "PB"]
    fold_each(worker, [drug("PA", "docetaxel", 0), ("PB", {"age": 51})])
    assert unfinished(worker, much_later()) == NOTHING


def test_only_one_worker_sweeps_at_a_time(database: Database, worker: Connection) -> None:
    with worker.transaction():
        unfinished(worker, much_later())
        assert sweep(database.connect(), much_later(), A_DAY) is None
    assert sweep(database.connect(), much_later(), A_DAY) == NOTHING


def test_a_provisional_revision_becomes_final_by_age_and_folds_nothing(database: Database, worker: Connection) -> None:
    receive(database.connect("gateway"), [received(described("s1", "i1", "PA"))])
    assembly.gather(worker, ["s1"], RULES, moments_later(40))
    final = "SELECT final_at FROM core.revisions"
    unfinished(worker, moments_later(40) + A_DAY)
    assert worker.execute(final).fetchall() == [(None,)]
    now = moments_later(41) + A_DAY
    for later in (dt.timedelta(0), A_DAY):
        unfinished(worker, now + later)
        assert worker.execute(final).fetchall() == [(now,)]
    assert worker.execute("SELECT count(*) FROM core.folds").fetchone() == (0,)
    fold_each(worker, [lung("PA", "b", 0, 20.0)])
    assert_sound(worker)


def test_one_pass_rings_for_those_that_wait_longest_and_the_next_for_the_others(
    worker: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "PASS_LIMIT", 2)
    for number in range(3):
        accept(worker, lung("PA", f"{number}", number, 20.0))
    assert [uid for uid, _, _ in unfinished(worker, much_later()).timepoints] == ["PA/0", "PA/1"]

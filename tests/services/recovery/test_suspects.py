"""What workers died with: nobody is charged who was not alone, and the third charge sets aside what can be."""

import datetime as dt

import pytest

from stream.services.accepting.received_files import accept as receive
from stream.services.assembling import assembly
from stream.services.facts.identity_effects import next_event
from stream.services.facts.identity_events import IdentityEvent, accept_identity
from stream.services.folding.reconcile import Reconciler
from stream.services.measuring import measurement
from stream.services.recovery.suspects import charge, split
from stream.services.recovery.sweep import sweep
from stream.services.verify.acceptance import ends
from stream.storage.database import Connection
from stream.storage.intake.set_asides import held_timelines
from stream.storage.intake.suspects import WorkItem, clear
from tests.database import Database
from tests.services.accepted_facts import accept, apply_identity, assert_sound, drug, fold_each, forecasters, lung
from tests.services.assembling.test_assembly import RULES
from tests.services.receipts import described, moments_later, received

A, B, C = (WorkItem("timeline", name) for name in ("PA", "PB", "PC"))
A_DAY = dt.timedelta(days=1)


@pytest.fixture
def worker(database: Database) -> Connection:
    return database.connect()


def dies(worker: Connection, *items: WorkItem, times: int = 1) -> None:
    """A worker died with `items` in hand."""
    for _ in range(times):
        charge(worker, items, dt.datetime.now(dt.UTC), lambda: None)


def attempts(worker: Connection) -> dict[str, int]:
    return dict(worker.execute("SELECT id, attempts FROM core.suspects").fetchall())


def asides(worker: Connection) -> list[tuple]:
    return worker.execute("SELECT scan_uid, revision, patient_id, reason_code FROM core.set_asides").fetchall()


def test_only_what_was_alone_in_hand_is_charged(worker: Connection) -> None:
    dies(worker, A, B)
    dies(worker, A)
    assert attempts(worker) == {"PA": 1, "PB": 0}


def test_suspects_come_after_the_others_one_at_a_time_the_most_charged_last(worker: Connection) -> None:
    dies(worker, A, B)
    dies(worker, A)
    assert split(worker, [A, C, B, C]) == ([C], [B, A])
    clear(worker, A)
    assert split(worker, [A, C, B]) == ([A, C], [B])


def test_messages_of_a_batch_with_a_suspect_keep_their_order(worker: Connection) -> None:
    messages = [WorkItem("message", name) for name in "abc"]
    dies(worker, messages[1])
    assert split(worker, messages) == ([], messages)


def test_a_death_whose_note_cannot_be_forgotten_does_not_count_yet(worker: Connection) -> None:
    def cannot() -> None:
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        charge(worker, [A], dt.datetime.now(dt.UTC), cannot)
    assert attempts(worker) == {}


def test_the_third_death_over_a_timeline_sets_aside_what_is_new_on_it(worker: Connection) -> None:
    fold_each(worker, [lung("PA", "a", 0, 30)])
    accept(worker, lung("PA", "b", 60, 20), lung("PB", "a", 0, 30))
    dies(worker, A, times=2)
    assert asides(worker) == []
    dies(worker, A)
    assert asides(worker) == [("PA/b", 1, None, "killed_worker")]
    assert attempts(worker) == {}
    Reconciler(worker, forecasters()).timelines(["PA", "PB"])
    placed = worker.execute("SELECT id FROM core.placements WHERE ended_by IS NULL ORDER BY 1").fetchall()
    assert placed == [("PA/a",), ("PB/a",)]
    assert_sound(worker)


def test_a_timeline_without_a_new_scan_is_held_until_it_is_released(worker: Connection) -> None:
    fold_each(worker, [lung("PA", "a", 0, 30), lung("PB", "a", 0, 30)])
    accept(worker, drug("PA", "docetaxel", 10), drug("PB", "docetaxel", 10))
    dies(worker, A, times=3)
    assert asides(worker) == [(None, None, "PA", "killed_worker")]
    assert held_timelines(worker) == {"PA"}
    assert split(worker, [A, B]) == ([B], [])
    later = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)
    assert sweep(worker, later, A_DAY).patients == ("PB",)
    Reconciler(worker, forecasters()).timelines(["PB"])
    assert_sound(worker)
    worker.execute("UPDATE core.set_asides SET decision = 'released'")
    assert split(worker, [A]) == ([A], [])
    assert sweep(worker, later, A_DAY).patients == ("PA",)


def test_what_was_released_and_kills_again_is_set_aside_again(worker: Connection) -> None:
    accept(worker, lung("PA", "a", 0, 30))
    dies(worker, A, times=3)
    worker.execute("UPDATE core.set_asides SET decision = 'released'")
    worker.execute("UPDATE core.assembly SET status = 'waiting'")
    dies(worker, A, times=3)
    decisions = worker.execute("SELECT decision FROM core.set_asides ORDER BY 1").fetchall()
    assert decisions == [("released",), (None,)]
    Reconciler(worker, forecasters()).timelines(["PA"])
    assert worker.execute("SELECT count(*) FROM core.placements").fetchone() == (0,)


def test_a_scan_that_cannot_be_measured_is_set_aside_and_measured_no_more(
    database: Database, worker: Connection
) -> None:
    receive(database.connect("gateway"), [received(described("s1", "i1", "PA"))])
    assembly.gather(worker, ["s1"], RULES, moments_later(40))
    dies(worker, WorkItem("scan", "s1", 1), times=3)
    assert asides(worker) == [("s1", 1, None, "killed_worker")]
    assert measurement.waiting(worker, [("s1", 1)]) == []
    assert worker.execute("SELECT status, reason_code FROM core.assembly").fetchall() == [
        ("set_aside", "killed_worker")
    ]


def test_a_scan_that_cannot_be_assembled_is_assembled_no_more(database: Database, worker: Connection) -> None:
    receive(database.connect("gateway"), [received(described("s1", "i1", "PA"))])
    item = WorkItem("scan", "s1")
    dies(worker, item, times=3)
    assert asides(worker) == [("s1", 1, None, "killed_worker")]
    assert split(worker, [item, WorkItem("scan", "s2")]) == ([WorkItem("scan", "s2")], [])
    assert sweep(worker, moments_later(60), A_DAY).instances == ()
    assert worker.execute("SELECT pending FROM scanstream.service_status").fetchall() == [(0,)]
    assert ends(worker, dt.datetime.now(dt.UTC)).first == []


def test_a_scan_that_came_to_its_end_meanwhile_stays_as_it_is(worker: Connection) -> None:
    fold_each(worker, [lung("PA", "a", 0, 30)])
    dies(worker, WorkItem("scan", "PA/a", 1), times=3)
    assert asides(worker) == []
    assert worker.execute("SELECT status FROM core.assembly").fetchall() == [("applied",)]


def test_a_message_that_kills_is_not_read_again(worker: Connection) -> None:
    item = WorkItem("message", "ab" * 32)
    dies(worker, item, times=3)
    assert split(worker, [item, WorkItem("message", "cd" * 32)]) == ([WorkItem("message", "cd" * 32)], [])


def test_an_identity_event_that_kills_is_refused_and_holds_up_none_behind_it(worker: Connection) -> None:
    fold_each(worker, [lung(patient, "a", 0, 30) for patient in ("PA", "PB", "PC")])
    for number, (patient, other) in enumerate((("PA", "PB"), ("PB", "PC")), start=1):
        accept_identity(worker, IdentityEvent(f"e{number}", "merge", patient, other, None, "test"))
    dies(worker, WorkItem("identity", str(next_event(worker))), times=3)
    apply_identity(worker, Reconciler(worker, forecasters()))
    outcomes = worker.execute("SELECT seq, outcome FROM core.identity_events ORDER BY 1").fetchall()
    assert outcomes == [(1, "refused"), (2, "done")]
    assert_sound(worker)

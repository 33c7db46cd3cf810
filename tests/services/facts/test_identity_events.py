"""Merges, unmerges and moves: both timelines become what they would be had it been known from the start."""

import itertools
from dataclasses import replace

import pytest

from stream.services.facts.clinical import ImportedVisit
from stream.services.facts.identity_events import IdentityEvent, accept_identity
from stream.services.folding.reconcile import Reconciler
from stream.services.recovery.sweep import sweep
from stream.storage.database import Connection
from tests.database import Database
from tests.services.accepted_facts import (
    accept,
    apply_identity,
    assert_sound,
    breast,
    drug,
    fold_each,
    forecasters,
    lung,
    standing,
)
from tests.services.recovery.test_sweep import A_DAY, much_later
from tests.services.waiting import threads, wait_for_waiting

_numbers = itertools.count()


def of_b(name: str, on_day: float, diameter_mm: float) -> ImportedVisit:
    """A visit received as PB of the lesion that PA has: one person under two names."""
    return replace(lung("PA", name, on_day, diameter_mm), scan_uid=f"PB/{name}", received_as="PB")


OF_A = [lung("PA", "a1", 0, 20.0), drug("PA", "docetaxel", 5), lung("PA", "a2", 90, 23.0), ("PA", {"age": 60})]
OF_B = [of_b("b1", 40, 22.0), of_b("b2", 120, 23.5)]


def event(kind: str, patient: str | None = None, other: str | None = None, scan: str | None = None) -> IdentityEvent:
    return IdentityEvent(f"event-{next(_numbers)}", kind, patient, other, scan, "coordinator", "one person")


def take_effect(connection: Connection, *events: IdentityEvent) -> list[tuple[str, str]]:
    """Accept and apply `events`; (patient, cause) of every fold."""
    for each in events:
        accept_identity(connection, each)
    folds = apply_identity(connection, Reconciler(connection, forecasters()))
    return [(fold.patient_id, fold.cause) for fold in folds]


def same_timeline(connection: Connection) -> list[tuple]:
    """What stands without the names of patients: of a merged patient's timeline or of one that always was."""
    rows = standing(connection)
    forecasts = [[row[1:] for row in rows[kind]] for kind in ("forecasts", "sizes", "responses", "placements")]
    return [*forecasts, [row[1:7] for row in rows["states"]]]


def outcomes(connection: Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT outcome FROM core.identity_events ORDER BY seq")]


def because(connection: Connection, patient: str) -> set[str | None]:
    query = "SELECT DISTINCT superseded_because FROM scanstream.risk_history WHERE patient_id = %s"
    return {row[0] for row in connection.execute(query, [patient])}


def test_a_merge_makes_one_timeline_of_two_as_if_they_had_always_been_one(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, [*OF_A, *OF_B])
    assert take_effect(connection, event("merge", "PB", "PA")) == [("PA", "merged"), ("PB", "merged")]
    assert_sound(connection)
    merged = same_timeline(connection)
    database.empty()
    connection = database.connect()
    as_one = [replace(fact, received_as="PA") for fact in OF_B]
    fold_each(connection, [*OF_A, *as_one])
    assert [sorted(part, key=repr) for part in same_timeline(connection)] == [sorted(p, key=repr) for p in merged]


def test_what_was_forecast_for_the_absorbed_patient_is_kept_and_says_why_it_ended(database: Database) -> None:
    connection, reader = database.connect(), database.connect("reader")
    fold_each(connection, [*OF_A, *OF_B])
    take_effect(connection, event("merge", "PB", "PA"))
    assert because(connection, "PB") == {"merged"}
    current = "SELECT DISTINCT current_patient_id FROM scanstream.risk_history WHERE patient_id = 'PB'"
    assert reader.execute(current).fetchall() == [("PA",)]
    risks = "SELECT DISTINCT patient_id, scan_uid FROM scanstream.current_risk"
    assert reader.execute(risks).fetchall() == [("PA", "PB/b2")]


def test_an_unmerge_gives_back_what_was_received_as_the_patient_whenever_it_came(database: Database) -> None:
    connection = database.connect()
    reconciler = fold_each(connection, [*OF_A, *OF_B])
    take_effect(connection, event("merge", "PB", "PA"))
    accept(connection, of_b("b3", 200, 24.0))
    reconciler.patients(["PB"])
    assert connection.execute("SELECT patient_id FROM core.placements WHERE id = 'PB/b3'").fetchall() == [("PA",)]
    assert take_effect(connection, event("unmerge", "PB")) == [("PA", "unmerged"), ("PB", "unmerged")]
    assert_sound(connection)
    apart = standing(connection)
    database.empty()
    fold_each(database.connect(), [*OF_A, *OF_B, of_b("b3", 200, 24.0)])
    never_merged = standing(database.connect())
    for part in ("states", "forecasts", "sizes", "responses", "placements"):
        assert apart[part] == never_merged[part]


def test_a_moved_scan_stands_on_the_other_timeline_with_all_its_revisions_to_come(database: Database) -> None:
    connection = database.connect()
    reconciler = fold_each(connection, [*OF_A, *OF_B])
    folds = take_effect(connection, event("move", None, "PB", "PA/a2"))
    assert folds == [("PA", "moved"), ("PB", "moved")]
    assert because(connection, "PA") == {None, "moved", "clinical"}
    accept(connection, lung("PA", "a2", 91, 21.0))
    reconciler.scans(["PA/a2"])
    query = "SELECT patient_id, revision FROM core.placements WHERE id = 'PA/a2' AND ended_by IS NULL"
    assert connection.execute(query).fetchall() == [("PB", 2)]
    status = "SELECT patient_id, status FROM scanstream.scan_status WHERE scan_uid = 'PA/a2' AND revision = 2"
    assert connection.execute(status).fetchall() == [("PB", "applied")]
    assert_sound(connection)


def test_a_move_of_a_scan_that_was_not_received_yet_waits_for_it(database: Database) -> None:
    connection = database.connect()
    take_effect(connection, event("move", None, "PB", "PA/a1"))
    fold_each(connection, OF_A)
    Reconciler(connection, forecasters()).scans(["PA/a1"])
    query = "SELECT patient_id FROM core.placements WHERE id = 'PA/a1' AND ended_by IS NULL"
    assert connection.execute(query).fetchall() == [("PB",)]
    assert_sound(connection)


def test_what_cannot_take_effect_is_refused_and_holds_nobody_up(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, [*OF_A, *OF_B])
    take_effect(
        connection,
        event("unmerge", "PA"),
        event("merge", "PB", "PA"),
        event("merge", "PB", "PC"),
        event("merge", "PA", "PB"),
        event("merge", "PA", "PA"),
        event("merge", "PC", "PB"),
    )
    assert outcomes(connection) == ["refused", "done", "refused", "refused", "refused", "done"]
    assert_sound(connection)


def test_a_tree_of_merges_comes_apart_again_branch_by_branch(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, [*OF_A, *OF_B, breast("PC", "c1", 0, 9.0, 20.0)])
    before = {part: rows for part, rows in standing(connection).items() if part != "ledger"}
    take_effect(connection, event("merge", "PC", "PB"), event("merge", "PB", "PA"))
    placed = "SELECT DISTINCT patient_id FROM core.placements WHERE ended_by IS NULL"
    assert connection.execute(placed).fetchall() == [("PA",)]
    take_effect(connection, event("unmerge", "PB"))
    assert sorted(connection.execute(placed).fetchall()) == [("PA",), ("PB",)]
    take_effect(connection, event("unmerge", "PC"))
    assert {part: rows for part, rows in standing(connection).items() if part != "ledger"} == before
    assert_sound(connection)


def test_an_event_that_is_told_twice_takes_effect_once(database: Database) -> None:
    connection, told = database.connect(), event("merge", "PB", "PA")
    fold_each(connection, [*OF_A, *OF_B])
    take_effect(connection, told, told)
    assert outcomes(connection) == ["done"]
    log = "SELECT who, what, subject, why FROM core.audit WHERE what = 'merge'"
    assert connection.execute(log).fetchall() == [("coordinator", "merge", "PB to PA", "one person")]


def test_an_accepted_event_whose_message_was_lost_is_rung_by_the_sweep(database: Database) -> None:
    connection = database.connect()
    accept_identity(connection, event("merge", "PB", "PA"))
    found = sweep(connection, much_later(), A_DAY)
    assert found is not None
    assert found.patients == ("PB",)
    take_effect(connection)
    assert sweep(connection, much_later(), A_DAY).patients == ()


def test_two_workers_that_apply_at_once_apply_each_event_once_and_in_order(database: Database) -> None:
    connection, other = database.connect(), database.connect()
    fold_each(connection, [*OF_A, *OF_B])
    for one in (event("merge", "PB", "PA"), event("unmerge", "PB"), event("merge", "PA", "PB")):
        accept_identity(connection, one)
    with threads() as start:
        working = [start(apply_identity, c, Reconciler(c, forecasters())) for c in (connection, other)]
        folds = [fold for one in working for fold in one.result()]
    assert len(folds) == 6
    assert outcomes(connection) == ["done", "done", "done"]
    assert_sound(connection)


def test_a_merge_waits_for_folds_under_way_and_these_do_not_wait_for_it_in_line(database: Database) -> None:
    """Whoever holds the shared lock may be stopped: others go on folding meanwhile, the merge comes after."""
    stopped, merging, working = database.connect(), database.connect(), database.connect()
    fold_each(working, [*OF_A, *OF_B])
    accept_identity(working, event("merge", "PB", "PA"))
    with threads() as start:
        with stopped.transaction():
            stopped.execute("SELECT pg_advisory_xact_lock_shared(4711)")
            merge = start(apply_identity, merging, Reconciler(merging, forecasters()))
            wait_for_waiting(working, merging)
            fold_each(working, [of_b("b3", 200, 24.0)])  # its turn comes between two tries of the merge
            assert not merge.done()
        assert [one.patient_id for one in merge.result()] == ["PA", "PB"]
    assert_sound(working)


@pytest.mark.parametrize("kind", ["merge", "unmerge", "move"])
def test_an_identity_event_about_nobody_known_is_kept_and_harmless(database: Database, kind: str) -> None:
    connection = database.connect()
    take_effect(connection, event(kind, "PX", "PY", "nothing"))
    assert_sound(connection)

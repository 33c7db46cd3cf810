"""Decisions on what was set aside: released, it counts as if it had been good from the start; rejected, never."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from stream.agents.decoding import set_aside_unreadable
from stream.errors import AnswerIsNo
from stream.messages import Letter
from stream.services.accepting.arrivals import DescribedInstance, UnusableFile
from stream.services.accepting.decisions import (
    SignOff,
    correcting,
    kept_file,
    of_the_study,
    reject,
    release_file,
    release_message,
    release_revision,
    release_timeline,
    undecided,
)
from stream.services.accepting.received_files import accept
from stream.services.accepting.set_asides import set_aside_row
from stream.services.recovery.suspects import DEATHS, charge, split
from stream.services.verify.acceptance import ends
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.intake.suspects import WorkItem as Suspect
from tests.database import Database
from tests.services.accepted_facts import assert_sound, day, standing
from tests.services.arrivals import Arrivals, note, report
from tests.services.receipts import received

ANNA = SignOff("anna", "looked at it")
FIRST, LAST = report("s0"), report("s2")


@pytest.fixture
def arrivals(database: Database) -> Iterator[Arrivals]:
    arrivals = Arrivals(database, {"s0/r": 10.0, "s1/r": 30.0, "s2/r": 20.0})
    yield arrivals
    watcher = database.connect()
    assert_sound(watcher)
    assert ends(watcher, arrivals.now()).first == []


def items(arrivals: Arrivals) -> list[tuple]:
    query = "SELECT item_id, reason_code, decision FROM scanstream.set_aside ORDER BY set_aside_at, decision"
    return arrivals.worker.execute(query).fetchall()


def only_item(arrivals: Arrivals) -> Any:
    ((name, *_),) = items(arrivals)
    return undecided(arrivals.worker, name)


def released(arrivals: Arrivals, database: Database, what: DescribedInstance) -> None:
    """Release the only item, a file, as `what`."""
    item = only_item(arrivals)
    file = replace(kept_file(arrivals.worker, item), what=what)
    release_file(database.connect("gateway"), item, file, ANNA)
    arrivals.follow([what.scan_uid])


def in_a_good_world(database: Database, *files: DescribedInstance, sizes: dict[str, float]) -> dict[str, list[tuple]]:
    """What stands where all `files` came, one after the other, and nothing was wrong."""
    database.empty()
    arrivals = Arrivals(database, sizes)
    for file in files:
        arrivals.bring(file)
    return standing(arrivals.worker)


def set_aside_file(database: Database, problem: UnusableFile) -> None:
    accept(database.connect("gateway"), [received(problem, "s1/r")])


def test_a_file_without_a_date_counts_from_the_day_that_a_person_gives(arrivals: Arrivals, database: Database) -> None:
    set_aside_file(database, UnusableFile("no_date", "No date.", "s1"))
    arrivals.bring(FIRST)
    arrivals.bring(LAST)
    dated = report("s1", acquired_at=day(-30))
    released(arrivals, database, dated)
    assert arrivals.statuses() == [("s0", 1, "applied"), ("s1", 1, "applied"), ("s2", 1, "applied")]
    (counts,) = arrivals.worker.execute("SELECT accepted, set_aside, pending FROM scanstream.service_status").fetchall()
    assert counts == (3, 0, 0)
    log = database.connect("auditor").execute("SELECT who, what, why FROM core.audit").fetchall()
    assert log == [("anna", "release set-aside", "looked at it")]
    here = standing(arrivals.worker)
    assert_sound(arrivals.worker)
    assert here == in_a_good_world(database, dated, FIRST, LAST, sizes={"s0/r": 10.0, "s1/r": 30.0, "s2/r": 20.0})


def test_a_file_of_a_second_patient_counts_in_its_study_as_it_stands(arrivals: Arrivals, database: Database) -> None:
    arrivals.bring(report("s1"))
    stranger = report("s1", "q", "PB")
    arrivals.bring(stranger)
    released(arrivals, database, of_the_study(arrivals.worker, stranger))
    assert arrivals.statuses() == [("s1", 1, "superseded"), ("s1", 2, "applied")]
    assert database.connect("vault").execute("SELECT patient_id FROM vault.patients").fetchall() == [("PA",)]


def test_what_still_contradicts_stays_aside(arrivals: Arrivals, database: Database) -> None:
    arrivals.bring(report("s1"))
    set_aside_file(database, UnusableFile("no_patient_id", "No ID.", "s1"))
    with pytest.raises(AnswerIsNo, match="another patient"):
        released(arrivals, database, report("s1", "q", "PB"))
    assert items(arrivals) == [(only_item(arrivals).item_id, "no_patient_id", None)]


def test_other_content_takes_the_place_of_what_stood_under_its_uid(arrivals: Arrivals, database: Database) -> None:
    arrivals.bring(FIRST)
    arrivals.bring(report("s1"))
    arrivals.bring(report("s1", "q"))
    arrivals.bring(report("s1"), content="corrected")
    gateway = database.connect("gateway")
    released(arrivals, database, correcting(gateway, report("s1"), "s1/r corrected"))
    query = """SELECT instance_uid FROM core.revision_instances WHERE scan_uid = 's1' AND revision = 3 ORDER BY 1"""
    assert arrivals.worker.execute(query).fetchall() == [("s1/q",), ("s1/r corrected",)]
    assert arrivals.statuses()[-3:] == [("s1", 1, "retracted"), ("s1", 2, "retracted"), ("s1", 3, "applied")]
    arrivals.bring(report("s1"), content="corrected")
    arrivals.bring(report("s1"))
    assert len(arrivals.statuses()) == 4


def test_a_note_that_names_an_instance_means_it_whatever_its_content(arrivals: Arrivals, database: Database) -> None:
    arrivals.bring(report("s1"))
    arrivals.bring(report("s1"), content="corrected")
    released(arrivals, database, correcting(database.connect("gateway"), report("s1"), "s1/r corrected"))
    arrivals.bring(note("notes", "n", "s1/r"))
    assert arrivals.statuses() == [("notes", 1, "applied"), ("s1", 1, "retracted"), ("s1", 2, "rejected")]


def aside(arrivals: Arrivals) -> list[Any]:
    """The only item, of a scan that could not be measured."""
    arrivals.bring(FIRST)
    arrivals.sizes |= {received(report("s1")).sha256: -1.0}
    arrivals.bring(report("s1"))
    arrivals.bring(LAST)
    return only_item(arrivals)


def test_a_scan_that_a_better_reader_can_measure_stands_as_if_it_always_had(
    arrivals: Arrivals, database: Database
) -> None:
    item = aside(arrivals)
    release_revision(arrivals.worker, item, ANNA)
    arrivals.sizes |= {received(report("s1")).sha256: 30.0}
    arrivals.measure([("s1", 1)])
    arrivals.fold("s1")
    assert ("s1", 1, "applied") in arrivals.statuses()
    here = standing(arrivals.worker)
    assert_sound(arrivals.worker)
    world = in_a_good_world(database, FIRST, report("s1"), LAST, sizes={"s0/r": 10.0, "s1/r": 30.0, "s2/r": 20.0})
    assert here == world


def test_what_is_released_and_fails_again_is_a_new_item(arrivals: Arrivals) -> None:
    first = aside(arrivals)
    for _ in range(2):
        release_revision(arrivals.worker, undecided(arrivals.worker, items(arrivals)[-1][0]), ANNA)
        arrivals.measure([("s1", 1)])
    assert [(reason, decision) for _, reason, decision in items(arrivals)] == [
        ("bad_value", "released"),
        ("bad_value", "released"),
        ("bad_value", None),
    ]
    assert items(arrivals)[0][0] == first.item_id
    assert ("s1", 1, "set_aside") in arrivals.statuses()


def test_a_worker_that_died_with_it_is_not_held_against_what_is_released(arrivals: Arrivals) -> None:
    item = aside(arrivals)
    suspects = [
        {"kind": "scan", "id": "s1", "revision": 1, "attempts": 3, "since": day(0)},
        {"kind": "timeline", "id": "PA", "revision": 0, "attempts": 3, "since": day(0)},
    ]
    append(arrivals.worker, schema.suspects, suspects)
    row = set_aside_row("timeline", "killed_worker", "It ended its worker three times.", day(0))
    append(arrivals.worker, schema.set_asides, [{**row, "patient_id": "PA"}])
    release_revision(arrivals.worker, item, ANNA)
    assert arrivals.worker.execute("SELECT kind FROM core.suspects").fetchall() == [("timeline",)]
    release_timeline(arrivals.worker, undecided(arrivals.worker, "timeline"), ANNA)
    assert arrivals.worker.execute("SELECT kind FROM core.suspects").fetchall() == []
    arrivals.measure([("s1", 1)])


def test_a_scan_that_ended_workers_before_a_revision_was_made_gets_it_when_released(
    arrivals: Arrivals, database: Database
) -> None:
    accept(database.connect("gateway"), [received(report("s1"))])
    for _ in range(DEATHS):
        charge(arrivals.worker, [Suspect("scan", "s1")], day(0), lambda: None)
    assert arrivals.statuses() == [("s1", 1, "set_aside")]
    release_revision(arrivals.worker, only_item(arrivals), ANNA)
    arrivals.follow(["s1"])
    assert arrivals.statuses() == [("s1", 1, "applied")]


def test_a_message_that_ended_workers_is_taken_when_it_comes_again(arrivals: Arrivals) -> None:
    for _ in range(DEATHS):
        charge(arrivals.worker, [Suspect("message", "a" * 64)], day(0), lambda: None)
    assert split(arrivals.worker, [Suspect("message", "a" * 64)]) == ([], [])
    item = only_item(arrivals)
    assert item.why_not is None
    release_message(arrivals.worker, item, ANNA)
    assert split(arrivals.worker, [Suspect("message", "a" * 64)]) == ([Suspect("message", "a" * 64)], [])


def test_what_is_rejected_never_counts(arrivals: Arrivals, database: Database) -> None:
    item = aside(arrivals)
    before = standing(arrivals.worker)
    reject(arrivals.worker, item.item_id, ANNA)
    assert ("s1", 1, "rejected") in arrivals.statuses()
    arrivals.follow(["s1"])
    assert standing(arrivals.worker) == before
    log = database.connect("auditor").execute("SELECT who, what, subject FROM core.audit").fetchall()
    assert log == [("anna", "reject set-aside", item.item_id)]


def test_one_decision_is_about_all_files_of_a_study_that_have_one_cause(arrivals: Arrivals, database: Database) -> None:
    gateway = database.connect("gateway")
    no_date = {scan: UnusableFile("no_date", "The file has no study date.", scan) for scan in ("s1", "s2")}
    accept(gateway, [received(no_date["s1"], name) for name in ("a", "b", "c")] + [received(no_date["s2"], "d")])
    query = "SELECT scan_uid, item_id, files, decision FROM scanstream.set_aside WHERE item_id = cause ORDER BY 1"
    (_, item, *told), (_, _, *other) = gateway.execute(query).fetchall()
    assert (told, other) == ([3, None], [1, None])
    assert len(reject(gateway, item, ANNA)) == 3
    decided = "SELECT scan_uid, files, decision FROM scanstream.set_aside WHERE item_id = cause ORDER BY 1"
    assert gateway.execute(decided).fetchall() == [("s1", 3, "rejected"), ("s2", 1, None)]


def test_a_decision_is_made_once(arrivals: Arrivals) -> None:
    item = aside(arrivals)
    reject(arrivals.worker, item.item_id, ANNA)
    with pytest.raises(AnswerIsNo, match=r"^anna rejected it already, at \d{4}-\d\d-\d\d"):
        reject(arrivals.worker, item.item_id, SignOff("bert", None))
    with pytest.raises(AnswerIsNo, match="Somebody else"):
        release_revision(arrivals.worker, item, SignOff("bert", None))
    with pytest.raises(AnswerIsNo, match="No item"):
        undecided(arrivals.worker, "0123456789abcdef")


def test_a_message_and_a_row_of_a_table_are_told_apart_from_what_can_be_released(arrivals: Arrivals) -> None:
    _, keep = set_aside_unreadable([Letter("PA", b"{")], Letter.scan_uids)
    keep(arrivals.worker)
    assert "publish it again" in only_item(arrivals).why_not
    append(arrivals.worker, schema.set_asides, [set_aside_row("row", "no_date", "The visit has no date.", day(0))])
    assert "import it again" in undecided(arrivals.worker, "row").why_not

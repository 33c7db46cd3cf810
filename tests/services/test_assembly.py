"""When a scan is complete, and what a revision is made of."""

import datetime as dt
from collections.abc import Sequence

import pytest

from stream.services.assembly import Gathered, Instance, Rules, acquired_at, due, gather, overdue
from stream.services.forwarding import Described, accept, close_association
from stream.storage.database import Connection
from tests.database import Database
from tests.services.receipts import described, moments_later, received
from tests.services.waiting import threads, wait_for_waiting

RULES = Rules(association_wait=dt.timedelta(seconds=2), quiet=dt.timedelta(seconds=30))


def instance(name: str, kind: str = "image", at: float = 0, referenced: Sequence[str] = ()) -> Instance:
    return Instance(name, name, kind, moments_later(at), tuple(referenced))


def gathered(
    *instances: Instance, made_of: Sequence[str] = (), open_: int = 0, closed: float | None = None, last: float = 10
) -> Gathered:
    """A scan whose last instance came `last` seconds in; `closed`: when its last association ended."""
    closed_at = None if closed is None else moments_later(closed)
    return Gathered(
        "scan", "PA", instances, len(made_of), frozenset(made_of), moments_later(last), open_, closed_at
    )  # fmt: skip


IMAGE, SECOND, SR, SEG = instance("i1"), instance("i2"), instance("r", "sr"), instance("g", "seg")


@pytest.mark.parametrize(
    ("scan", "seconds", "why"),
    [
        (gathered(SR, open_=1), 10, "single_sr"),
        (gathered(SR, closed=4), 10, "single_sr"),
        (gathered(SEG, open_=1), 40, "quiet"),
        (gathered(IMAGE, open_=1), 40, "quiet"),
        (gathered(IMAGE, SR, open_=1), 40, "quiet"),
        (gathered(IMAGE, closed=11), 13, "association_end"),
        (gathered(IMAGE, closed=4), 12, "association_end"),
        (gathered(IMAGE, SR, closed=11), 13, "association_end"),
        (gathered(IMAGE, open_=1, closed=11), 40, "quiet"),
        (gathered(IMAGE, SECOND, made_of=["i1"], closed=11), 13, "association_end"),
        (gathered(SR, IMAGE, made_of=["r"], open_=1), 40, "quiet"),
    ],
)
def test_a_scan_is_complete_by_its_evidence_or_after_its_time(scan: Gathered, seconds: float, why: str) -> None:
    assert due(scan, RULES) == (moments_later(seconds), why)


@pytest.mark.parametrize("scan", [gathered(IMAGE, made_of=["i1"], closed=11), gathered(SR, made_of=["r"])])
def test_a_scan_with_nothing_new_is_never_due(scan: Gathered) -> None:
    assert due(scan, RULES) is None


def test_a_scan_is_acquired_with_its_first_image_not_with_its_report() -> None:
    assert acquired_at(gathered(instance("i2", at=5), instance("i1", at=3), instance("r", "sr", at=0)), {}) == (
        moments_later(3)
    )


def test_a_report_alone_is_acquired_with_the_images_it_refers_to_if_they_are_held() -> None:
    report = instance("r", "sr", at=100, referenced=["x", "y"])
    assert acquired_at(gathered(report), {"x": moments_later(7), "z": moments_later(1)}) == moments_later(7)
    assert acquired_at(gathered(report), {}) == moments_later(100)


def bring(database: Database, *whats: Described, closed: float | None = 1.0) -> None:
    """Accept instances over one association, which ends `closed` seconds in."""
    gateway = database.connect("gateway")
    accept(gateway, [received(what, association=f"to {closed}") for what in whats])
    if closed is not None:
        close_association(gateway, f"to {closed}", moments_later(closed), ["scan"])


def revisions(connection: Connection) -> list[tuple]:
    return connection.execute(
        """SELECT r.revision, r.completeness, r.final_at IS NOT NULL, array_agg(i.instance_uid ORDER BY instance_uid)
        FROM core.revisions r JOIN core.revision_instances i USING (scan_uid, revision) GROUP BY 1, 2, 3 ORDER BY 1"""
    ).fetchall()


def test_slices_that_come_late_make_a_second_revision_of_all_of_them(database: Database) -> None:
    worker = database.connect()
    bring(database, described(instance="i1"), described(instance="i2"))
    assert [one.revision for one in gather(worker, ["scan"], RULES, moments_later(5))] == [1]
    bring(database, described(instance="i3"), closed=60.0)
    assert [one.revision for one in gather(worker, ["scan"], RULES, moments_later(63))] == [2]
    assert revisions(worker) == [
        (1, "association_end", False, ["scan/i1", "scan/i2"]),
        (2, "association_end", False, ["scan/i1", "scan/i2", "scan/i3"]),
    ]


def test_a_report_alone_is_final_at_once(database: Database) -> None:
    worker = database.connect()
    bring(database, described(instance="r", kind="sr", modality="SR"), closed=None)
    assert len(gather(worker, ["scan"], RULES, moments_later(0))) == 1
    assert revisions(worker) == [(1, "single_sr", True, ["scan/r"])]


def test_a_scan_that_is_not_due_waits_in_a_row_that_any_worker_finds(database: Database) -> None:
    worker = database.connect()
    bring(database, described(), closed=None)
    assert gather(worker, ["scan"], RULES, moments_later(29)) == []
    assert overdue(worker, moments_later(29)) == []
    other = database.connect()
    assert overdue(other, moments_later(30)) == ["scan"]
    assert [one.received_as for one in gather(other, ["scan"], RULES, moments_later(30))] == ["PA"]
    assert revisions(worker) == [(1, "quiet", False, ["scan/i1"])]


def test_gathering_again_makes_no_further_revision(database: Database) -> None:
    worker = database.connect()
    bring(database, described())
    gather(worker, ["scan", "scan", "unknown"], RULES, moments_later(5))
    assert gather(worker, ["scan"], RULES, moments_later(99)) == []
    assert len(revisions(worker)) == 1


def test_two_workers_that_gather_the_same_scan_at_once_make_one_revision(database: Database) -> None:
    workers, holder = [database.connect(), database.connect()], database.connect()
    bring(database, described(instance="i1"), described(instance="i2"))
    with threads() as start:
        with holder.transaction():
            holder.execute("SELECT 1 FROM core.scans FOR UPDATE")
            gathering = [start(gather, worker, ["scan"], RULES, moments_later(5)) for worker in workers]
            wait_for_waiting(database.connect(), *workers)
        fired = [one for result in gathering for one in result.result()]
    assert [one.revision for one in fired] == [1]
    assert len(revisions(holder)) == 1


def test_an_instance_that_arrives_while_a_scan_is_gathered_is_in_the_next_revision(database: Database) -> None:
    """The gateway accepts it in a transaction of its own: either this revision has it or the next one."""
    worker, gateway = database.connect(), database.connect("gateway")
    bring(database, described(instance="i1"))
    with threads() as start:
        with gateway.transaction():
            accept(gateway, [received(described(instance="i2"), association="to 1.0")])
            gathering = start(gather, worker, ["scan"], RULES, moments_later(5))
            wait_for_waiting(database.connect(), worker)
        gathering.result()
    gather(worker, ["scan"], RULES, moments_later(99))
    assert revisions(worker)[-1][3] == ["scan/i1", "scan/i2"]


def test_the_same_instances_have_the_same_hash_in_any_order_of_arrival(database: Database) -> None:
    names = ("i1", "i2", "i3")
    hashes = set()
    for order in (names, names[::-1]):
        bring(database, *(described(instance=name) for name in order))
        gather(database.connect(), ["scan"], RULES, moments_later(5))
        hashes |= set(database.connect().execute("SELECT instances_sha256 FROM core.revisions").fetchall())
        database.empty()
    assert len(hashes) == 1

"""What revisions are made of what arrives, on real rows."""

import datetime as dt

from stream.services.accepting.arrivals import DescribedInstance
from stream.services.accepting.received_files import accept, close_association
from stream.services.assembling.assembly import gather, overdue
from stream.services.assembling.completeness import Rules
from stream.storage.database import Connection
from tests.database import Database
from tests.services.receipts import described, moments_later, received
from tests.services.waiting import threads, wait_for_waiting

RULES = Rules(association_wait=dt.timedelta(seconds=2), quiet=dt.timedelta(seconds=30))


def bring(database: Database, *whats: DescribedInstance, closed: float | None = 1.0) -> None:
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
    assert [bell.revision for bell in gather(worker, ["scan"], RULES, moments_later(5))] == [1]
    bring(database, described(instance="i3"), closed=60.0)
    assert [bell.revision for bell in gather(worker, ["scan"], RULES, moments_later(63))] == [2]
    assert revisions(worker) == [
        (1, "association_end", False, ["scan/i1", "scan/i2"]),
        (2, "association_end", False, ["scan/i1", "scan/i2", "scan/i3"]),
    ]


def test_a_revision_that_a_newer_one_overtook_is_pending_until_its_own_end(database: Database) -> None:
    worker = database.connect()
    bring(database, described(instance="i1"))
    gather(worker, ["scan"], RULES, moments_later(5))
    bring(database, described(instance="i2"), closed=60.0)
    gather(worker, ["scan"], RULES, moments_later(63))
    pending = "SELECT pending FROM scanstream.service_status"
    assert worker.execute(pending).fetchall() == [(2,)], "both instances"
    for revision, left in ((2, 1), (1, 0)):
        worker.execute("UPDATE core.assembly SET status = 'applied' WHERE revision = %s", [revision])
        assert worker.execute(pending).fetchall() == [(left,)], "after revision 2, revision 1 is still being measured"


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
    assert [bell.received_as for bell in gather(other, ["scan"], RULES, moments_later(30))] == ["PA"]
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
        bells = [bell for result in gathering for bell in result.result()]
    assert [bell.revision for bell in bells] == [1]
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

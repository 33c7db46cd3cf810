"""A rejected scan counts no longer, an undone rejection leaves no trace in what stands."""

import datetime as dt

from stream.services.facts.rejections import Rejection, accept_rejections
from stream.services.folding.reconcile import Reconciler
from stream.services.recovery.sweep import sweep
from stream.storage.database import Connection
from tests.database import Database
from tests.services.accepted_facts import accept, assert_sound, day, fold_each, forecasters, lung, standing
from tests.services.recovery.test_sweep import A_DAY, much_later

STORY = [lung("PA", "a", 0, 20.0), lung("PA", "b", 50, 60.0), lung("PA", "c", 100, 30.0)]


def say(connection: Connection, *rejections: Rejection) -> list[str]:
    with connection.transaction():
        return accept_rejections(connection, rejections, dt.datetime.now(dt.UTC))


def reject(scan: str, revision: int | None = None, because: str = "quality") -> Rejection:
    return Rejection(scan, revision, because, "radiographer", "motion")


def undo(scan: str, revision: int | None = None) -> Rejection:
    return Rejection(scan, revision, "other", "radiologist", "good enough", withdrawn=True)


def statuses(connection: Connection, scan: str) -> list[tuple[int, str]]:
    query = "SELECT revision, status FROM scanstream.scan_status WHERE scan_uid = %s ORDER BY 1"
    return connection.execute(query, [scan]).fetchall()


def standing_rows(connection: Connection) -> dict[str, list[tuple]]:
    """What stands but for the ledger, which remembers what was taken down too."""
    return {part: rows for part, rows in standing(connection).items() if part != "ledger"}


def test_a_rejected_scan_leaves_the_timeline_as_if_it_had_never_come(database: Database) -> None:
    connection = database.connect()
    reconciler = fold_each(connection, STORY)
    say(connection, reject("PA/b"))
    (fold,) = reconciler.scans(["PA/b"])
    assert fold.cause == "rejected"
    assert statuses(connection, "PA/b") == [(1, "rejected")]
    assert_sound(connection)
    without_it = standing_rows(connection)
    database.empty()
    fold_each(database.connect(), [STORY[0], STORY[2]])
    assert standing_rows(database.connect()) == without_it


def test_a_withdrawn_rejection_brings_the_scan_back_and_may_be_said_again(database: Database) -> None:
    connection = database.connect()
    reconciler = fold_each(connection, STORY)
    before, causes = standing_rows(connection), []
    for one in (reject("PA/b"), undo("PA/b"), reject("PA/b"), undo("PA/b", 1)):
        say(connection, one)
        causes += [fold.cause for fold in reconciler.scans(["PA/b"])]
    assert causes == ["rejected", "restored", "rejected", "restored"]
    assert standing_rows(connection) == before
    assert_sound(connection)


def test_a_rejection_takes_down_lower_revisions_and_leaves_higher_ones(database: Database) -> None:
    connection = database.connect()
    reconciler = fold_each(connection, [*STORY, lung("PA", "b", 50, 55.0)])
    say(connection, reject("PA/b", 2))
    reconciler.scans(["PA/b"])
    assert statuses(connection, "PA/b") == [(1, "rejected"), (2, "rejected")]
    accept(connection, lung("PA", "b", 50, 50.0))
    reconciler.scans(["PA/b"])
    assert statuses(connection, "PA/b") == [(1, "rejected"), (2, "rejected"), (3, "applied")]
    assert_sound(connection)


def test_a_rejection_may_come_before_the_revision_that_it_names(database: Database) -> None:
    connection = database.connect()
    say(connection, reject("PA/b", 1))
    fold_each(connection, STORY)
    assert statuses(connection, "PA/b") == [(1, "rejected")]
    assert_sound(connection)


def test_what_the_sender_itself_replaced_is_called_retracted(database: Database) -> None:
    connection = database.connect()
    reconciler = fold_each(connection, STORY)
    say(connection, reject("PA/b", because="replaced"))
    (fold,) = reconciler.scans(["PA/b"])
    assert (fold.cause, statuses(connection, "PA/b")) == ("retracted", [(1, "retracted")])


def test_saying_it_twice_changes_nothing_and_the_log_tells_who_did_what_and_why(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, STORY)
    assert say(connection, reject("PA/b")) == ["PA/b"]
    assert say(connection, reject("PA/b"), reject("PA/b", 1)) == []
    assert say(connection, undo("PA/b")) == ["PA/b"]
    assert say(connection, undo("PA/b")) == []
    assert connection.execute("SELECT who, what, subject, why FROM core.audit ORDER BY seq").fetchall() == [
        ("radiographer", "reject", "PA/b revision 1", "motion"),
        ("radiologist", "withdraw rejection", "PA/b revision 1", "good enough"),
    ]


def test_a_rejection_whose_message_was_lost_is_rung_by_the_sweep(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, STORY)
    with connection.transaction():
        accept_rejections(connection, [reject("PA/b")], day(0))
    assert sweep(connection, much_later(), A_DAY).patients == ("PA",)
    Reconciler(connection, forecasters()).patients(["PA"])
    assert sweep(connection, much_later(), A_DAY).patients == ()

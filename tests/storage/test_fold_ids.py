"""Ids of folds: no two alike, and who takes some changes nothing for what is committed after."""

from stream.storage.folding.folds import take_fold_ids
from tests.database import Database


def test_no_two_folds_get_the_same_id(database: Database) -> None:
    one, other = database.connect(), database.connect()
    taken = [*take_fold_ids(one, 3), *take_fold_ids(other, 2), *take_fold_ids(one, 128)]
    assert len(set(taken)) == 133


def test_what_is_committed_after_waits_for_the_disk_all_the_same(database: Database) -> None:
    """Whether ids were taken by themselves, or by the transaction that writes their folds."""
    connection = database.connect()
    asked = "SHOW synchronous_commit"
    take_fold_ids(connection, 1)
    assert connection.execute(asked).fetchone() == ("on",)
    with connection.transaction():
        take_fold_ids(connection, 1)
        assert connection.execute(asked).fetchone() == ("on",)


def test_whoever_prepares_folds_does_not_wait_for_the_disk(database: Database) -> None:
    """Whoever waits has written the log itself: Postgres counts that, and a commit of its own shows that it counts."""
    connection = database.connect()
    waits = "SELECT coalesce(sum(writes), 0) FROM pg_stat_get_backend_io(pg_backend_pid()) WHERE object = 'wal'"

    def waited() -> int:
        connection.execute("SELECT pg_stat_force_next_flush()")
        return connection.execute(waits).fetchone()[0]

    before = waited()
    take_fold_ids(connection, 128)
    assert waited() == before
    with connection.transaction():
        take_fold_ids(connection, 128)
    assert waited() > before

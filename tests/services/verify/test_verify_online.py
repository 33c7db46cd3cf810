"""`verify` beside a running service: what is on its way is no failure, and a part may stand for the whole."""

from stream.services.folding.reconcile import Reconciler
from stream.services.verify import chains, row_hashes, standing_folds
from tests.database import Database
from tests.services.accepted_facts import accept, fold_each, forecasters, lung
from tests.services.waiting import threads

MANY = [lung(f"P{number:03}", "a", 0, 20.0) for number in range(60)]


def failures(database: Database, patience_seconds: float) -> list[str]:
    found = standing_folds.standing_folds(database.connect(), forecasters(), patience_seconds=patience_seconds)
    return [failure for one in found for failure in one.first]


def test_a_fact_that_a_fold_is_about_to_take_in_is_waited_for(database: Database) -> None:
    connection = database.connect()
    reconciler = fold_each(connection, [lung("PA", "a", 0, 20.0), lung("PB", "a", 0, 20.0)])
    accept(connection, lung("PA", "b", 40, 30.0))
    with threads() as start:
        verifying = start(failures, database, 60.0)
        reconciler.patients(["PA"])
        assert verifying.result() == []


def test_a_fact_that_no_fold_ever_takes_in_is_named(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, [lung("PA", "a", 0, 20.0), lung("PB", "a", 0, 20.0)])
    accept(connection, lung("PA", "b", 40, 30.0))
    found = failures(database, 0.0)
    assert found
    assert all("patient_id=PA" in failure for failure in found)


def test_a_sample_looks_at_a_part_of_the_timelines_folds_and_rows(database: Database) -> None:
    connection = database.connect()
    accept(connection, *MANY)
    Reconciler(connection, forecasters()).patients([one.received_as for one in MANY])

    def checked(percent: float) -> list[int]:
        found = [
            *standing_folds.standing_folds(connection, forecasters(), percent=percent),
            chains.fold_chain(connection, percent),
            row_hashes.row_hashes(connection, percent),
        ]
        assert all(one.failed == 0 for one in found)
        return [one.checked for one in found]

    whole, part = checked(100.0), checked(30.0)
    assert all(0 < some < all_ for some, all_ in zip(part, whole, strict=True))

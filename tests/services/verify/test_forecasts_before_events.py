"""`verify` knows which forecasts a visit before an event must have had, and what they said."""

from collections.abc import Iterator

import psycopg
import pytest

from stream.services.folding.reconcile import Reconciler
from stream.services.verify.standing_folds import standing_folds
from stream.storage.database import Connection
from tests.database import Database
from tests.services.accepted_facts import accept, forecasters, lung

ENDED = "superseded_by = fold_id AND scan_uid = 'PA/a'"
NAMED = "states/forecasts patient_id=PA scan_uid=PA/a"


@pytest.fixture
def superuser(database: Database) -> Iterator[Connection]:
    """Of a patient whose second visit shows a progression, both folded at once."""
    worker = database.connect()
    accept(worker, lung("PA", "a", 0, 30.0), lung("PA", "b", 60, 50.0))
    Reconciler(worker, forecasters()).patients(["PA"])
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        yield connection


def named(connection: Connection) -> list[str]:
    fold, *_ = standing_folds(connection, forecasters(), patience_seconds=0.0)
    return [failure for failure in fold.first if NAMED in failure]


def test_all_that_was_said_before_is_right(superuser: Connection) -> None:
    (ended,) = superuser.execute(f"SELECT count(*) FROM core.forecasts WHERE {ENDED}").fetchone()
    assert ended > 0
    assert named(superuser) == []


def test_another_number_is_named(superuser: Connection) -> None:
    superuser.execute(f"UPDATE core.forecasts SET risk = risk_low WHERE {ENDED} AND horizon_days = 180")
    assert len(named(superuser)) == 1


@pytest.mark.parametrize("table", ["forecasts", "response_probabilities"])
def test_one_that_is_missing_is_named(superuser: Connection, table: str) -> None:
    superuser.execute(f"DELETE FROM core.{table} WHERE {ENDED}")
    assert len(named(superuser)) == 1

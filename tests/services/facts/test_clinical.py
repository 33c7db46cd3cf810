"""Facts from people and other systems: entered again they change nothing, changed they are a new revision."""

import datetime as dt

import pytest

from stream.services.facts.clinical import (
    Outcome,
    Treatment,
    accept_clinical,
    accept_outcomes,
    accept_treatments,
)
from stream.services.folding.reconcile import Reconciler
from stream.storage.database import Connection
from tests.database import Database
from tests.services.accepted_facts import DAY_0, accept, assert_sound, day, drug, fold_each, forecasters, lung
from tests.services.waiting import threads, wait_for_waiting


@pytest.fixture
def worker(database: Database) -> Connection:
    return database.connect()


def revisions(connection: Connection, table: str, column: str) -> list[tuple]:
    return connection.execute(f"SELECT revision, {column} FROM core.{table} ORDER BY 1").fetchall()


def test_the_same_treatment_again_changes_nothing(worker: Connection) -> None:
    for _ in range(3):
        accept(worker, drug("PA", "docetaxel", 0, 60))
    assert revisions(worker, "treatments", "end_at") == [(1, day(60))]


def test_a_changed_end_is_a_revision_also_when_it_changes_back(worker: Connection) -> None:
    for end in (None, 60, None):
        accept(worker, drug("PA", "docetaxel", 0, end))
    assert revisions(worker, "treatments", "end_at") == [(1, None), (2, day(60)), (3, None)]


def test_another_start_name_or_kind_is_another_treatment() -> None:
    one = drug("PA", "docetaxel", 0)
    others = [
        drug("PA", "docetaxel", 1),
        drug("PA", "paclitaxel", 0),
        drug("PB", "docetaxel", 0),
        Treatment("PA", "docetaxel", "radiation", day(0), None),
    ]
    assert one.treatment_id not in {other.treatment_id for other in others}
    assert one.treatment_id == drug("PA", "docetaxel", 0, 30).treatment_id


def test_a_treatment_dated_by_day_stands_at_the_end_of_its_day() -> None:
    """A scan of the same day was most likely made before it."""
    midnight = DAY_0.replace(hour=0, minute=0)
    by_day = Treatment("PA", "docetaxel", "drug", midnight, None, by_day=True)
    assert midnight + dt.timedelta(hours=23, minutes=59) < by_day.at < midnight + dt.timedelta(days=1)
    assert Treatment("PA", "docetaxel", "drug", DAY_0, None, by_day=False).at == DAY_0


def test_of_each_clinical_fact_what_was_told_last_stands(worker: Connection) -> None:
    for facts in ({"age": 60, "hr": 1}, {"hr": 1, "age": 60}, {"age": 61}, {"hr": None}):
        accept_clinical(worker, [("PA", facts)], day(0))
    assert revisions(worker, "clinical", "facts") == [
        (1, {"age": 60, "hr": 1}),
        (2, {"age": 61, "hr": 1}),
        (3, {"age": 61, "hr": None}),
    ]


def test_tables_of_different_columns_add_up_in_any_order(worker: Connection) -> None:
    told = [{"disease": "Lung "}, {"age": "61"}]
    accept_clinical(worker, [("PA", told[0]), ("PA", told[1]), ("PB", told[1]), ("PB", told[0])], day(0))
    stands = worker.execute("SELECT facts FROM core.clinical WHERE revision = 2").fetchall()
    assert stands == [({"disease": "lung", "age": "61"},)] * 2


def test_two_who_tell_different_facts_at_once_lose_neither(database: Database, worker: Connection) -> None:
    other = database.connect()
    with threads() as start:
        with worker.transaction():
            accept_clinical(worker, [("PA", {"age": 60})], day(0))
            second = start(accept, other, ("PA", {"hr": 1}))
            wait_for_waiting(database.connect(), other)
        second.result()
    assert revisions(worker, "clinical", "facts") == [(1, {"age": 60}), (2, {"age": 60, "hr": 1})]


def test_accepting_says_whose_timelines_have_work(worker: Connection) -> None:
    treatments = [drug("PA", "a", 0), drug("PB", "a", 0)]
    assert accept_treatments(worker, treatments, day(0)) == {"PA", "PB"}
    assert accept_treatments(worker, [*treatments, drug("PC", "a", 0)], day(0)) == {"PC"}


def test_an_outcome_is_kept_and_one_that_happened_settles_its_question(worker: Connection) -> None:
    fold_each(worker, [lung("PA", "a", 0, 20.0)])
    status = "SELECT status, since FROM scanstream.endpoint_status WHERE superseded_at IS NULL"
    for event, expected in ((False, ("open", day(0))), (True, ("known", day(100))), (True, ("known", day(100)))):
        accept_outcomes(worker, [Outcome("PA", "progression", day(100), event)], day(101))
        Reconciler(worker, forecasters()).patients(["PA"])
        assert worker.execute(status).fetchall() == [expected]
    assert revisions(worker, "outcomes", "event") == [(1, False), (2, True)]
    assert worker.execute("SELECT DISTINCT superseded_because FROM core.forecasts").fetchall() == [("occurred",)]
    assert Reconciler(worker, forecasters()).patients(["PA"]) == []


def test_an_earlier_visit_imported_again_is_the_same_scan(worker: Connection) -> None:
    accept(worker, lung("PA", "a", 0, 20.0), lung("PA", "a", 0, 20.0), lung("PA", "a", 0, 21.0))
    statuses = worker.execute("SELECT revision, status, provisional FROM scanstream.scan_status ORDER BY 1").fetchall()
    assert statuses == [(1, "waiting", False), (2, "waiting", False)]
    fold_each(worker, [])
    assert_sound(worker)


@pytest.mark.parametrize(("later_end", "ends"), [(60, [(1, day(60))]), (90, [(1, day(60)), (2, day(90))])])
def test_two_workers_that_are_told_of_one_treatment_lose_and_double_nothing(
    database: Database, worker: Connection, later_end: float, ends: list[tuple]
) -> None:
    other = database.connect()
    with threads() as start:
        with worker.transaction():
            accept_treatments(worker, [drug("PA", "docetaxel", 0, 60)], day(61))
            second = start(accept, other, drug("PA", "docetaxel", 0, later_end))
            wait_for_waiting(database.connect(), other)
        second.result()
    assert revisions(worker, "treatments", "end_at") == ends

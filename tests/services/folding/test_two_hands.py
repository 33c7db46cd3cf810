"""Many timelines at once: the next are prepared while others are committed, and what stands is the same."""

import threading

import pytest

from stream.services.folding import reconcile
from stream.services.folding.reconcile import Reconciler
from stream.services.folding.two_hands import by_two_hands
from tests.database import Database
from tests.services.accepted_facts import accept, assert_sound, fold_each, forecasters, lung, standing

PATIENTS = [f"P{number}" for number in range(5)]
PATIENCE_SECONDS = 30.0


def test_the_next_is_prepared_while_one_is_written() -> None:
    """The first is not written before the second is prepared: by one hand that would never end."""
    second_prepared = threading.Event()

    def prepare(item: int) -> int:
        if item == 2:
            second_prepared.set()
        return 10 * item

    def write(prepared: int) -> int:
        assert second_prepared.wait(PATIENCE_SECONDS)
        return prepared + 1

    assert list(by_two_hands([1, 2, 3], prepare, write)) == [(10, 11), (20, 21), (30, 31)]


def test_whoever_asks_hears_what_went_wrong_while_writing() -> None:
    def write(prepared: int) -> int:
        raise ConnectionError(f"{prepared} was not written")

    with pytest.raises(ConnectionError, match="1 was not written"):
        list(by_two_hands([1, 2], lambda item: item, write))


def test_what_stands_is_what_one_at_a_time_leaves(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice: the second fold goes on from what was remembered while the first was committed by the other hand."""
    monkeypatch.setattr(reconcile, "TOGETHER", 2)
    connection = database.connect()
    reconciler = Reconciler(connection, forecasters(), writing=database.connect())
    for visit in ("a", "b"):
        accept(connection, *(lung(patient, visit, ord(visit), 20.0) for patient in PATIENTS))
        assert sorted(fold.patient_id for fold in reconciler.patients(PATIENTS)) == PATIENTS
    assert_sound(connection)
    together = "SELECT array_agg(patient_id ORDER BY patient_id) FROM core.folds GROUP BY xact ORDER BY min(fold_id)"
    assert [row[0] for row in connection.execute(together)] == [["P0", "P1"], ["P2", "P3"], ["P4"]] * 2
    before = standing(connection)
    fold_each(connection, [lung(patient, "b", ord("b"), 20.0) for patient in PATIENTS])
    assert standing(connection) == before

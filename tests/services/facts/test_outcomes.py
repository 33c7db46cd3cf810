"""An outcome that was entered closes its question, whichever way it came, and is never lost on its way."""

import datetime as dt

import pytest

from stream.services.facts.clinical import Outcome, accept_outcomes
from stream.services.folding.reconcile import Reconciler
from stream.storage.database import Connection
from stream.storage.intake.unfinished import unseen_patients
from stream.storage.reading.courses import scans_after_death
from stream.vocabulary import Cause
from tests.database import Database
from tests.services.accepted_facts import assert_sound, day, drug, fold_each, forecasters, lung

STANDING = """SELECT count(*) FROM core.forecasts WHERE endpoint = 'progression' AND superseded_by IS NULL"""
ENDED = "SELECT DISTINCT superseded_because FROM core.forecasts WHERE superseded_by IS NOT NULL"
STATUS = """SELECT line, status FROM scanstream.endpoint_status
WHERE endpoint = 'progression' AND superseded_at IS NULL ORDER BY 1"""
VISITS = [lung("P", "a", 0, 30.0), lung("P", "b", 60, 24.0)]


@pytest.fixture
def worker(database: Database) -> Connection:
    return database.connect()


def tell(worker: Connection, endpoint: str, event: bool = True, withdrawn: bool = False) -> None:
    with worker.transaction():
        accept_outcomes(worker, [Outcome("P", endpoint, day(100), event, withdrawn)], dt.datetime.now(dt.UTC))


def sweep(worker: Connection) -> list[str]:
    """Fold what no fold has seen; returns whose that was."""
    waiting = unseen_patients(worker, dt.datetime.now(dt.UTC))
    Reconciler(worker, forecasters()).patients(waiting)
    return waiting


def standing(worker: Connection) -> int:
    return worker.execute(STANDING).fetchone()[0]


@pytest.mark.parametrize(
    ("endpoint", "status", "because"),
    [("progression", "known", Cause.OCCURRED), ("death", "closed", Cause.OCCURRED)],
)
def test_an_outcome_without_its_message_is_found_once_and_ends_the_forecasts(
    worker: Connection, endpoint: str, status: str, because: Cause
) -> None:
    fold_each(worker, VISITS)
    assert standing(worker) > 0
    tell(worker, endpoint)
    assert sweep(worker) == ["P"]
    assert sweep(worker) == []
    assert standing(worker) == 0
    assert worker.execute(STATUS).fetchall() == [(1, status)]
    assert worker.execute(ENDED).fetchall() == [(because,)]
    assert_sound(worker)


def test_one_entered_by_mistake_opens_its_question_again(worker: Connection) -> None:
    fold_each(worker, VISITS)
    before = standing(worker)
    tell(worker, "progression")
    sweep(worker)
    tell(worker, "progression", withdrawn=True)
    assert sweep(worker) == ["P"]
    assert standing(worker) == before
    assert worker.execute(STATUS).fetchall() == [(1, "open")]
    assert_sound(worker)


def test_a_further_line_ends_the_forecasts_of_the_one_before_by_its_treatment(worker: Connection) -> None:
    fold_each(worker, [drug("P", "docetaxel", -1), *VISITS, lung("P", "c", 120, 50.0), drug("P", "erlotinib", 130)])
    assert worker.execute(STATUS).fetchall() == [(1, "occurred"), (2, "open")]
    assert {because for (because,) in worker.execute(ENDED).fetchall()} <= {Cause.OCCURRED, Cause.TREATMENT}
    assert_sound(worker)


@pytest.mark.parametrize(("on_day", "status", "said"), [(-40, "open", "before the baseline"), (0, "known", "entered")])
def test_a_progression_from_before_the_baseline_settles_nothing_and_the_answer_says_so(
    worker: Connection, on_day: int, status: str, said: str
) -> None:
    fold_each(worker, VISITS)
    with worker.transaction():
        accept_outcomes(worker, [Outcome("P", "progression", day(on_day), True)], dt.datetime.now(dt.UTC))
    sweep(worker)
    assert worker.execute(STATUS).fetchall() == [(1, status)]
    query = "SELECT because FROM scanstream.endpoint_status WHERE endpoint = 'progression' AND superseded_at IS NULL"
    assert said in worker.execute(query).fetchone()[0]
    assert_sound(worker)


def test_a_scan_after_the_death_is_named_and_one_of_the_same_day_is_not(database: Database) -> None:
    worker = database.connect()
    fold_each(worker, [*VISITS, lung("P", "c", 100, 24.0)])
    tell(worker, "death")
    sweep(worker)
    reader = database.connect("reader")
    assert scans_after_death(reader, "P") == []
    fold_each(worker, [lung("P", "d", 130, 25.0)])
    assert scans_after_death(reader, "P") == [{"died_at": day(100), "acquired_at": day(130)}]

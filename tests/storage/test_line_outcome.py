"""What became of each line, as a trial counts it: the view line_outcome and those it is made of."""

import datetime as dt
from collections.abc import Sequence

import pytest
from psycopg.rows import dict_row

from stream.services.facts.clinical import Outcome, accept_outcomes
from stream.services.facts.identity_events import IdentityEvent, accept_identity
from stream.storage.database import Connection
from tests.database import Database
from tests.services.accepted_facts import Fact, apply_identity, day, drug, fold_each, lung


def course(patient: str, *sizes: tuple[int, float]) -> list[Fact]:
    """Visits of a patient with one target: day and diameter (mm)."""
    return [lung(patient, str(on_day), on_day, diameter) for on_day, diameter in sizes]


def outcomes(reader: Connection, columns: str, criterion: str = "RECIST 1.1") -> dict[tuple[str, int], tuple]:
    rows = reader.execute(
        f"SELECT patient_id, line, {columns} FROM scanstream.line_outcome WHERE criterion = %s", [criterion]
    ).fetchall()
    return {(patient, line): tuple(values) for patient, line, *values in rows}


def died(database: Database, patient: str, on_day: float, event: bool = True) -> None:
    worker = database.connect()
    with worker.transaction():
        accept_outcomes(worker, [Outcome(patient, "death", day(on_day), event)], dt.datetime.now(dt.UTC))


def test_best_response_with_and_without_confirmation_is_counted_up_to_the_first_progression(database: Database) -> None:
    """By Table 3 of RECIST 1.1: what nothing confirms is stable disease if it lasted, else progression."""
    expected = {
        "P-CONFIRMED": ([(0, 30.0), (60, 20.0), (100, 19.0)], ("PR", "PR", -37, None)),
        "P-PR-THEN-CR": ([(0, 30.0), (60, 20.0), (100, 0.0)], ("CR", "PR", -100, None)),
        "P-ONCE": ([(0, 30.0), (60, 20.0), (100, 35.0), (160, 5.0)], ("PR", "SD", -33, 100)),
        "P-TOO-SOON": ([(0, 30.0), (20, 20.0), (40, 35.0)], ("PR", "PD", -33, 40)),
        "P-STABLE": ([(0, 30.0), (50, 28.0)], ("SD", "SD", -7, None)),
        "P-EARLY": ([(0, 30.0), (30, 28.0)], ("NE", "NE", -7, None)),
        "P-GROWN": ([(0, 30.0), (60, 40.0)], ("PD", "PD", 33, 60)),
        "P-NEVER": ([(0, 30.0)], (None, None, None, None)),
    }
    fold_each(database.connect(), [fact for name, (sizes, _) in expected.items() for fact in course(name, *sizes)])
    reader = database.connect("reader")
    found = outcomes(reader, "best_response, confirmed_response, round(best_change)::int, progression_day")
    assert found == {(name, 1): values for name, (_, values) in expected.items()}
    said = {patient: why for (patient, _), (why,) in outcomes(reader, "not_evaluable").items() if why}
    assert said == {
        "P-EARLY": "Stable, but at no scan 42 days or more after the baseline and the start of treatment.",
        "P-NEVER": "There is no scan after the baseline yet.",
    }
    assert_told_once(reader)


def assert_told_once(reader: Connection) -> None:
    """The view says of progression and best response what endpoint_status and response say."""
    rows = reader.cursor(row_factory=dict_row).execute(
        """SELECT o.progression_day, q.status, q.since - q.baseline_at AS since, o.best_response, r.best_overall
        FROM scanstream.line_outcome o
        JOIN scanstream.endpoint_status q USING (patient_id, line)
        CROSS JOIN LATERAL (
          SELECT best_overall FROM scanstream.response r WHERE r.patient_id = o.patient_id AND r.line = o.line
            AND r.criterion = o.criterion AND r.superseded_at IS NULL
          ORDER BY acquired_at DESC LIMIT 1) r
        WHERE q.endpoint = 'progression' AND q.superseded_at IS NULL"""
    )
    for row in rows.fetchall():
        assert row["best_response"] == row["best_overall"]
        assert (row["progression_day"] is not None) == (row["status"] == "occurred")
        assert row["progression_day"] is None or row["since"] == dt.timedelta(days=row["progression_day"])


def test_time_to_progression_and_death_is_counted_from_the_baseline_of_each_line(database: Database) -> None:
    second = [
        drug("P-TWO", "A", 1),
        *course("P-TWO", (0, 30.0), (60, 40.0)),
        drug("P-TWO", "B", 70),
        *course("P-TWO", (120, 39.0), (160, 38.0)),
    ]
    facts = [*second, *course("P-ALIVE", (0, 30.0), (60, 28.0)), *course("P-EARLY", (0, 30.0))]
    reconciler = fold_each(database.connect(), facts)
    died(database, "P-TWO", 300)
    died(database, "P-ALIVE", 400, event=False)
    died(database, "P-EARLY", 20)
    reconciler.patients(["P-TWO", "P-ALIVE", "P-EARLY"])
    reader = database.connect("reader")
    assert outcomes(reader, "last_line, treatment_day, pfs_days, pfs_event, os_days, os_event") == {
        ("P-TWO", 1): (False, 1, 60, True, 300, True),
        ("P-TWO", 2): (True, 10, 240, True, 240, True),
        ("P-ALIVE", 1): (True, None, 60, False, 400, False),
        ("P-EARLY", 1): (True, None, 20, True, 20, True),
    }
    assert outcomes(reader, "not_evaluable")["P-EARLY", 1] == ("Died before the first scan after the baseline.",)


@pytest.mark.parametrize(
    ("sizes", "progression_day"),
    [
        ([(0, 30.0), (60, 40.0), (100, 50.0)], 60),
        ([(0, 30.0), (60, 40.0), (100, 30.0)], None),
        ([(0, 30.0), (60, 40.0)], None),  # confirmation is still to come
        ([(0, 30.0), (60, 40.0), (100, 41.0), (140, 42.0)], 60),  # never confirmed, and never anything else
        ([(0, 30.0), (60, 40.0), (100, 30.0), (140, 41.0), (180, 42.0)], 140),
    ],
)
def test_by_irecist_progression_is_of_the_day_on_which_it_was_first_seen_once_it_is_confirmed(
    database: Database, sizes: Sequence[tuple[int, float]], progression_day: int | None
) -> None:
    fold_each(database.connect(), [("PI", {"criterion": "iRECIST", "trial": "ONE", "arm": "A"}), *course("PI", *sizes)])
    reader = database.connect("reader")
    assert outcomes(reader, "progression_day, trial, arm", "iRECIST") == {("PI", 1): (progression_day, "ONE", "A")}
    assert outcomes(reader, "progression_day") == {("PI", 1): (60,)}


def test_a_progression_that_nobody_can_confirm_any_more_counts_by_irecist_from_the_day_it_was_seen(
    database: Database,
) -> None:
    """As iPFS is counted (Seymour et al. 2017): death, or another treatment, comes before any confirmation."""
    facts = [(name, {"criterion": "iRECIST"}) for name in ("P-DIED", "P-TREATED", "P-STABLE")]
    facts += [*course("P-DIED", (0, 30.0), (60, 40.0)), *course("P-STABLE", (0, 30.0), (60, 40.0), (100, 30.0))]
    facts += [drug("P-TREATED", "A", 1), *course("P-TREATED", (0, 30.0), (60, 40.0))]
    facts += [drug("P-TREATED", "B", 70), *course("P-TREATED", (120, 39.0))]
    reconciler = fold_each(database.connect(), facts)
    died(database, "P-DIED", 100)
    died(database, "P-STABLE", 150)
    reconciler.patients(["P-DIED", "P-STABLE"])
    found = outcomes(database.connect("reader"), "progression_day, pfs_days, pfs_event", "iRECIST")
    assert found["P-DIED", 1] == (60, 60, True)
    assert found["P-TREATED", 1] == (60, 60, True)
    assert found["P-STABLE", 1] == (None, 150, True)


def test_of_a_merged_patient_trial_and_arm_are_told_by_both_records_its_own_first(database: Database) -> None:
    own, other = ("PA", {"trial": "ONE", "disease": "Lung"}), ("PB", {"trial": "TWO", "arm": "A"})
    worker = database.connect()
    reconciler = fold_each(worker, [own, *course("PA", (0, 30.0)), other, *course("PB", (60, 31.0))])
    accept_identity(worker, IdentityEvent("event-merged", "merge", "PB", "PA", None, "coordinator", "one person"))
    apply_identity(worker, reconciler)
    rows = database.connect("reader").execute("SELECT patient_id, trial, arm, disease FROM scanstream.enrolment")
    assert rows.fetchall() == [("PA", "ONE", "A", "lung")]

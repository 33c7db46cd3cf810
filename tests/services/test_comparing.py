"""What would change if other weights led."""

import datetime as dt
from pathlib import Path

import pytest

from models.forecaster import load_forecaster
from stream.errors import AnswerIsNo, WrongUse
from stream.services import leading
from stream.services.clinical import Outcome, accept_outcomes
from stream.services.comparing import Compared, compare, leading_beside
from stream.services.reconcile import Reconciler
from stream.storage.database import Connection
from tests.database import Database
from tests.other_weights import other_weights
from tests.services.facts import accept, breast, day, forecasters, lung

OLD, RESPONSE = (one.weights_version for one in forecasters())
PATIENTS = [f"P{number:02}" for number in range(30)]


@pytest.fixture
def both(database: Database, tmp_path: Path) -> tuple[Connection, str]:
    """Thirty lung cancer patients with two visits and one with breast cancer, under the old weights and new ones."""
    card = other_weights(tmp_path / "new")
    connection = database.connect()
    leading.put_in_service(connection, card, "Ada", None)
    sizes = {patient: 20.0 + number for number, patient in enumerate(PATIENTS)}
    accept(connection, *(lung(patient, "a", 0, size) for patient, size in sizes.items()))
    accept(
        connection, *(lung(patient, "b", 60, 1.1 * size) for patient, size in sizes.items()), breast("PX", "a", 0, 9, 9)
    )
    held = [*forecasters(), load_forecaster(tmp_path / "new", "cpu")]
    Reconciler(connection, held).timelines([*PATIENTS, "PX"])
    return connection, card.weights_sha256


def tell(connection: Connection, *outcomes: Outcome) -> None:
    accept_outcomes(connection, outcomes, dt.datetime.now(dt.UTC))


def within(found: list[Compared], horizon_days: int) -> Compared:
    return next(one for one in found if one.question == ("progression", "days", horizon_days))


def test_the_shift_is_that_of_each_patients_current_risk(both: tuple[Connection, str]) -> None:
    connection, new = both
    query = """SELECT patient_id, risk FROM scanstream.risk_history WHERE weights_version = %s AND horizon_days = 180
    AND acquired_at = %s"""
    old_risks, new_risks = (dict(connection.execute(query, [version, day(60)]).fetchall()) for version in (OLD, new))
    found = within(compare(connection, new, OLD), 180)
    shifts = {patient: new_risks[patient] - old_risks[patient] for patient in PATIENTS}
    assert (found.patients, found.only_new, found.only_old) == (30, 0, 0)
    assert found.largest[0][0] == max(shifts, key=lambda patient: abs(shifts[patient]))
    assert all((old_risks[who], new_risks[who]) == (old, new) for who, old, new in found.largest)
    assert found.quantiles["5 %"] <= found.quantiles["50 %"] <= found.quantiles["95 %"]
    assert min(shifts.values()) <= found.quantiles["50 %"] <= max(shifts.values())


def test_patients_whom_only_one_of_them_covers_are_counted_apart(both: tuple[Connection, str]) -> None:
    connection, new = both
    query = "UPDATE core.forecasts SET tip = false WHERE patient_id = 'P03' AND weights_version = %s"
    connection.execute(query, [new])
    found = within(compare(connection, new, OLD), 90)
    assert (found.patients, found.only_new, found.only_old) == (29, 0, 1)


def test_without_outcomes_nothing_is_said_of_what_is_better(both: tuple[Connection, str]) -> None:
    connection, new = both
    for one in compare(connection, new, OLD):
        assert (one.judged.patients, one.judged.measures) == (0, ())


def test_outcomes_are_judged_from_the_visits_before_them(both: tuple[Connection, str]) -> None:
    """Fifteen patients progress between their visits and horizons, fifteen are followed without event."""
    connection, new = both
    tell(connection, *(Outcome(one, "progression", day(100), True) for one in PATIENTS[15:]))
    tell(connection, *(Outcome(one, "progression", day(900), False) for one in PATIENTS[:15]))
    judged = within(compare(connection, new, OLD), 180).judged
    assert (judged.patients, judged.with_event, judged.visits) == (30, 15, 60)
    assert [one.measure for one in judged.measures] == ["AUC", "observed/expected"]
    tell(connection, *(Outcome(one, "progression", day(30), True) for one in PATIENTS[15:]))
    assert within(compare(connection, new, OLD), 180).judged.visits == 45
    tell(connection, *(Outcome(one, "progression", None, True) for one in PATIENTS[15:]))
    assert within(compare(connection, new, OLD), 180).judged.patients == 15
    tell(connection, *(Outcome(one, "progression", day(100), True, withdrawn=True) for one in PATIENTS))
    assert within(compare(connection, new, OLD), 180).judged.patients == 0


def test_of_two_records_of_one_patient_the_first_event_counts(both: tuple[Connection, str]) -> None:
    connection, new = both
    connection.execute(
        "INSERT INTO core.aliases (patient_id, into_patient_id, seq, row_sha256) VALUES ('P', 'P00', 1, '')"
    )
    tell(connection, Outcome("P00", "progression", day(900), False), Outcome("P", "progression", day(70), True))
    judged = within(compare(connection, new, OLD), 90).judged
    assert (judged.patients, judged.with_event, judged.visits) == (1, 1, 2)


def test_without_a_second_name_it_is_compared_with_what_leads(both: tuple[Connection, str]) -> None:
    connection, new = both
    assert leading_beside(connection, new) == OLD
    leading.promote(connection, new, "Ada", None)
    assert leading_beside(connection, OLD) == new
    with pytest.raises(WrongUse, match="lead themselves"):
        leading_beside(connection, new)


def test_weights_that_forecast_nothing_in_common_are_not_compared(both: tuple[Connection, str]) -> None:
    connection, new = both
    with pytest.raises(AnswerIsNo, match="nothing to compare"):
        compare(connection, new, RESPONSE)

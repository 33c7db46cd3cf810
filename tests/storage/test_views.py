"""What other people build upon: the views of docs/interfaces.md 5."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
import psycopg
import pytest
from psycopg.rows import dict_row

from models.forecast import SizeForecast
from stream.storage.database import Connection, engine, upgrade
from stream.storage.folding.forecasts import read_standing
from tests.database import Database
from tests.services.accepted_facts import accept, breast, day, drug, fold_each, lung

FORECAST = (
    "patient_id endpoint horizon_kind horizon_days risk risk_low risk_high model weights_version scan_uid revision "
    "acquired_at computed_at provisional"
)
PROMISED = {
    "current_risk": FORECAST,
    "risk_history": f"{FORECAST} role superseded_at superseded_because current_patient_id",
    "size_forecast": "patient_id lesion_uid measurement horizon_days value value_low value_high level scan_uid "
    "revision acquired_at role model weights_version computed_at superseded_at",
    "response_probability": "patient_id criterion category probability scan_uid revision acquired_at role model "
    "weights_version computed_at superseded_at",
    "trajectory": "patient_id acquired_at day scan_uid revision lesion_uid lesion_label body_site measurement value "
    "unit source",
    "scan_status": "scan_uid revision patient_id modality instances status reason_code reason completeness "
    "provisional accepted_at applied_at",
    "treatments": "patient_id treatment_id revision start_at end_at name kind",
    "set_aside": "item_id scan_uid revision patient_id reason_code reason set_aside_at decision decided_at",
}
"""Columns by view, in their order; more may follow them."""
FIRST_QUESTION = """SELECT patient_id, risk, risk_low, risk_high FROM scanstream.current_risk
WHERE endpoint = 'progression' AND horizon_days = 180 ORDER BY risk DESC LIMIT 10"""


@pytest.fixture
def reader(database: Database) -> Iterator[Connection]:
    """A reader of a database with five lung cancer patients and one with breast cancer: PA's lesion grows, PF's did."""
    fold_each(
        database.connect(),
        [
            lung("PA", "a", 0, 30.0),
            lung("PA", "b", 60, 34.5),
            lung("PB", "a", 0, 30.0),
            lung("PB", "b", 60, 29.0),
            lung("PC", "a", 0, 12.0),
            lung("PD", "late", 60, 20.0),
            lung("PD", "first", 0, 20.0),
            breast("PE", "a", 0, 12.0, 30.0),
            breast("PE", "b", 21, 6.0, 22.0),
            drug("PE", "Paclitaxel", 1, 80),
            lung("PF", "a", 0, 30.0),
            lung("PF", "b", 60, 75.0),
        ],
    )
    return database.connect("reader")


def columns_of(reader: Connection, relation: str) -> list[str]:
    return [column.name for column in reader.execute(f"SELECT * FROM scanstream.{relation} LIMIT 0").description]


def dicts(reader: Connection, query: str) -> list[dict]:
    return reader.cursor(row_factory=dict_row).execute(query).fetchall()


@pytest.mark.parametrize("view", PROMISED)
def test_a_view_has_the_columns_that_were_promised(database: Database, view: str) -> None:
    promised = PROMISED[view].split()
    assert columns_of(database.connect("reader"), view)[: len(promised)] == promised


@pytest.mark.parametrize(("function", "view"), [("risk_as_of", "current_risk"), ("trajectory_as_of", "trajectory")])
def test_a_question_about_the_past_has_the_columns_of_the_present(database: Database, function: str, view: str) -> None:
    reader = database.connect("reader")
    assert columns_of(reader, f"{function}(now())") == columns_of(reader, view)


def test_the_question_of_the_first_day_is_answered_in_sql(reader: Connection) -> None:
    rows = reader.execute(FIRST_QUESTION).fetchall()
    assert [row[0] for row in rows][:1] == ["PA"]
    assert {row[0] for row in rows} == {"PA", "PB", "PC", "PD"}
    assert all(0 <= low <= risk <= high <= 1 for _, risk, low, high in rows)


@pytest.mark.usefixtures("reader")
def test_the_question_of_the_first_day_is_answered_in_pandas(database: Database) -> None:
    frame = pd.read_sql(FIRST_QUESTION, engine(database.settings, "reader"))
    assert list(frame.columns) == ["patient_id", "risk", "risk_low", "risk_high"]
    assert frame.risk.is_monotonic_decreasing
    assert len(frame) == 4


def test_there_is_one_current_risk_per_patient_endpoint_and_horizon(reader: Connection) -> None:
    rows = dicts(reader, "SELECT * FROM scanstream.current_risk")
    keys = [(row["patient_id"], row["endpoint"], row["horizon_kind"], row["horizon_days"]) for row in rows]
    assert len(keys) == len(set(keys)) == 4 * 4 + 1
    assert {row["acquired_at"] for row in rows if row["patient_id"] == "PD"} == {day(60)}


def test_a_question_that_is_answered_has_a_status_and_no_current_risk(reader: Connection) -> None:
    """The risks of the answered question end with the visit that answered it; sizes are forecast on."""
    rows = dicts(reader, "SELECT * FROM scanstream.endpoint_status WHERE patient_id = 'PF' AND superseded_at IS NULL")
    assert [(row["endpoint"], row["status"], row["since"], row["scan_uid"]) for row in rows] == [
        ("progression", "occurred", day(60), "PF/b")
    ]
    assert dicts(reader, "SELECT * FROM scanstream.current_risk WHERE patient_id = 'PF'") == []
    for view in ("risk_history", "response_probability"):
        ended = (
            f"SELECT DISTINCT scan_uid, superseded_at IS NULL AS stands FROM scanstream.{view} WHERE patient_id = 'PF'"
        )
        assert dicts(reader, ended) == [{"scan_uid": "PF/a", "stands": False}]
    because = "SELECT DISTINCT superseded_because FROM scanstream.risk_history WHERE patient_id = 'PF'"
    assert reader.execute(because).fetchall() == [("occurred",)]
    sizes = "SELECT DISTINCT scan_uid FROM scanstream.size_forecast WHERE patient_id = 'PF' AND superseded_at IS NULL"
    assert reader.execute(f"{sizes} ORDER BY 1").fetchall() == [("PF/a",), ("PF/b",)]


def test_a_patient_whose_disease_was_corrected_still_has_one_risk_per_question(database: Database) -> None:
    """Tips are kept per disease; the current risk is of the latest timepoint among them."""
    as_bladder = replace(lung("PA", "c", 60, 20.0), disease="bladder")
    fold_each(database.connect(), [lung("PA", "a", 0, 20.0), lung("PA", "b", 30, 20.0), as_bladder])
    rows = dicts(database.connect("reader"), "SELECT * FROM scanstream.current_risk WHERE horizon_days = 90")
    assert [(row["scan_uid"], row["acquired_at"]) for row in rows] == [("PA/c", day(60))]


def test_the_history_holds_every_forecast_that_was_ever_made(reader: Connection) -> None:
    rows = dicts(reader, "SELECT * FROM scanstream.risk_history WHERE patient_id = 'PD' AND horizon_days = 90")
    said = sorted((row["scan_uid"], row["superseded_because"]) for row in rows if row["superseded_at"])
    assert said == [("PD/late", "late")]
    assert len(rows) == 3
    assert {(row["role"], row["current_patient_id"]) for row in rows} == {("lead", "PD")}


def test_trajectories_count_whole_days_from_the_first_standing_scan(reader: Connection) -> None:
    rows = dicts(reader, "SELECT * FROM scanstream.trajectory WHERE measurement = 'longest_diameter' ORDER BY 1, 2")
    assert [(row["patient_id"], row["day"], row["value"], row["unit"], row["source"]) for row in rows][:2] == [
        ("PA", 0, 30.0, "mm", "import"),
        ("PA", 60, 34.5, "mm", "import"),
    ]
    assert [row["day"] for row in rows if row["patient_id"] == "PD"] == [0, 60]


def test_days_are_calendar_days_where_the_service_is(blank: Database) -> None:
    """23:30 and 00:30 of the next day in UTC are one evening in New York, and two days in UTC."""
    evening, after = lung("PA", "a", 14 / 24, 20.0), lung("PA", "b", 15 / 24, 20.0)  # the first day begins 09:30
    settings = blank.settings.model_copy(update={"time_zone": "America/New_York"})
    upgrade(settings)
    fold_each(blank.connect(), [evening, after])
    days = "SELECT DISTINCT scan_uid, day FROM scanstream.trajectory ORDER BY 1"
    assert blank.connect("reader").execute(days).fetchall() == [("PA/a", 0), ("PA/b", 0)]
    upgrade(settings.model_copy(update={"time_zone": "UTC"}))
    assert blank.connect("reader").execute(days).fetchall() == [("PA/a", 0), ("PA/b", 1)]


def test_a_status_follows_a_scan_from_waiting_to_superseded(database: Database) -> None:
    connection = database.connect()
    status = "SELECT revision, status, completeness, provisional, applied_at IS NOT NULL AS counted FROM "
    status += "scanstream.scan_status ORDER BY revision"
    accept(connection, lung("PA", "a", 0, 20.0))
    assert connection.execute(status).fetchall() == [(1, "waiting", "import", False, False)]
    fold_each(connection, [lung("PB", "other", 0, 20.0)])
    fold_each(connection, [lung("PA", "a", 0, 22.0)])
    rows = [row for row in connection.execute(status).fetchall() if row != (1, "applied", "import", False, True)]
    assert rows == [(1, "superseded", "import", False, True), (2, "applied", "import", False, True)]


def test_treatments_are_shown_as_they_stand(database: Database) -> None:
    connection = database.connect()
    fold_each(
        connection, [drug("PA", "a", 0), drug("PA", "a", 0, 30), drug("PA", "b", 5), drug("PA", "b", 5, withdrawn=True)]
    )
    rows = dicts(database.connect("reader"), "SELECT * FROM scanstream.treatments")
    assert [(row["name"], row["revision"], row["start_at"], row["end_at"]) for row in rows] == [
        ("a", 2, day(0), day(30))
    ]


def test_a_size_has_a_row_for_every_day_and_level(reader: Connection, database: Database) -> None:
    standing = read_standing(database.connect(), ["PA"])
    said = {row.scan_uid: row.forecast for row in standing if isinstance(row.forecast, SizeForecast)}
    rows = dicts(reader, "SELECT * FROM scanstream.size_forecast WHERE patient_id = 'PA' AND superseded_at IS NULL")
    assert set(said) == {"PA/a", "PA/b"}
    assert {(row["role"], row["model"], row["lesion_uid"]) for row in rows} == {("lead", "progression", None)}
    assert sorted(list(row.values())[2:9] for row in rows) == sorted(
        [of.measurement, days, of.value[d], of.value_low[d][n], of.value_high[d][n], level, scan_uid]
        for scan_uid, of in said.items()
        for d, days in enumerate(of.horizon_days)
        for n, level in enumerate(of.level)
    )


def test_the_four_responses_of_a_scan_are_all_there_is(reader: Connection) -> None:
    rows = dicts(reader, "SELECT * FROM scanstream.response_probability WHERE scan_uid = 'PA/a'")
    assert sorted(row["category"] for row in rows) == ["CR", "PD", "PR", "SD"]
    assert sum(row["probability"] for row in rows) == pytest.approx(1.0)
    assert {(row["role"], row["criterion"], row["acquired_at"]) for row in rows} == {("lead", "RECIST 1.1", day(0))}


@pytest.mark.parametrize(
    "wrong",
    [
        "value = value[2:]",
        "value = array_fill('NaN'::float8, ARRAY[cardinality(value)])",
        "level = level || 0.99",
        "value_low = array_fill(-1.0, ARRAY[cardinality(value), cardinality(level)])",
        "value_high = array_fill('Infinity'::float8, ARRAY[cardinality(value), cardinality(level)])",
    ],
)
def test_a_size_that_is_none_cannot_be_stored(reader: Connection, database: Database, wrong: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        database.connect().execute(f"UPDATE core.size_forecasts SET {wrong}")


@pytest.mark.parametrize("wrong", ["cr = cr + 0.1", "pd = 'NaN'", "pr = pr + sd + 0.1, sd = -0.1"])
def test_responses_that_are_no_probabilities_cannot_be_stored(
    reader: Connection, database: Database, wrong: str
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        database.connect().execute(f"UPDATE core.response_probabilities SET {wrong}")


def test_a_risk_outside_its_interval_cannot_be_stored(reader: Connection, database: Database) -> None:
    assert reader.execute("SELECT count(*) FROM scanstream.current_risk").fetchone()[0]
    with pytest.raises(psycopg.errors.CheckViolation):
        database.connect().execute("UPDATE core.forecasts SET risk = 1.5")


def test_a_second_tip_for_the_same_question_cannot_be_stored(reader: Connection, database: Database) -> None:
    assert reader.execute("SELECT count(*) FROM scanstream.current_risk").fetchone()[0]
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.connect().execute("UPDATE core.forecasts SET tip = true WHERE superseded_by IS NULL")

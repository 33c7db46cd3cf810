"""The panel on a patient's page that says why a risk moved: with real weights, by the worker's own routine."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

from models.serving.forecaster import Forecaster, load_forecaster
from stream.errors import UnknownWeights
from stream.services import leading
from stream.services.folding.reconcile import Reconciler
from stream.storage.reading import views
from tests.dashboard.cohort import MARKUP
from tests.dashboard.conftest import Open, read
from tests.database import Database
from tests.other_weights import other_weights
from tests.services.accepted_facts import Fact, accept, breast, drug, fold_each, forecasters, lung
from tests.services.explaining_all import explain_all

OF_LUNG = [lung("PL", "a", 0, 30.0), lung("PL", "b", 42, 24.0), drug("PL", MARKUP, 50), lung("PL", "c", 84, 26.0)]
OF_BREAST = [breast("PB", "a", 0, 30.0, 40.0), breast("PB", "b", 21, 12.5, 22.0), ("PB", {"age": 93})]


Explained = Callable[[list[Fact]], AppTest]


@pytest.fixture
def explained(database: Database, open_page: Open) -> Explained:
    """`explained(facts)`: the page of their patient once they are folded and explained."""

    def open_(facts: list[Fact]) -> AppTest:
        connection = database.connect()
        fold_each(connection, facts)
        explain_all(connection)
        return open_page(database.settings, "patient", patient=facts[0].received_as)

    return open_


def parts(page: AppTest) -> dict[str, float]:
    """Points by part, as they are drawn."""
    for chart in page.get("vega_lite_chart"):
        for table in chart.proto.datasets:
            frame = convert_arrow_bytes_to_pandas_df(table.data.data)
            if "points" in frame:
                return dict(zip(frame.part, frame.points, strict=True))
    return {}


def test_until_it_is_worked_out_the_page_says_so(database: Database, open_page: Open) -> None:
    fold_each(database.connect(), OF_LUNG)
    page = open_page(database.settings, "patient", patient="PL")
    assert "Why did it move?" in read(page) and "This is being worked out" in read(page)
    assert not parts(page)


def test_one_that_failed_says_so_and_why_until_the_next_scan_is_explained(database: Database, open_page: Open) -> None:
    connection = database.connect()
    reconciler = fold_each(connection, OF_LUNG)

    def gone(version: str) -> Forecaster:
        raise UnknownWeights(f"weights {version} are active, but not to be had")

    explain_all(connection, gone)
    page = open_page(database.settings, "patient", patient="PL")
    told = [warning.value for warning in page.warning]
    assert told and all("could not be worked out. Why: the worker cannot get the weights" in each for each in told)
    assert "This is being worked out" not in read(page)
    accept(connection, lung("PL", "d", 126, 27.0))
    reconciler.timelines(["PL"])
    assert "This is being worked out" in read(page.run()) and not page.warning
    explain_all(connection)
    assert parts(page.run())
    assert not connection.execute("SELECT FROM core.unexplainable").fetchall()


def test_the_bars_lead_from_the_risk_before_to_the_risk_now(database: Database, explained: Explained) -> None:
    page = explained(OF_LUNG)
    drawn = parts(page)
    assert "sum of diameters 24 → 26 mm" in drawn
    assert drawn[f"{MARKUP} started"] == 0.0
    before, now = (
        database.connect("reader")
        .execute(
            """SELECT p.risk, c.risk
        FROM scanstream.current_risk c JOIN scanstream.risk_history p USING (patient_id, horizon_days)
        WHERE horizon_days = 180 AND p.acquired_at < c.acquired_at AND p.superseded_at IS NULL
        ORDER BY p.acquired_at DESC LIMIT 1"""
        )
        .fetchone()
    )
    assert sum(drawn.values()) == pytest.approx(100 * (now - before), abs=1e-4)
    words = read(page)
    assert "Progression: nothing about this scan lies outside the training data." in words
    assert "Take it with care" not in words
    assert "after the scan of 12 April 2025, and is" in words and "after that of 24 May 2025." in words
    assert "this model does not see treatments" in words


def test_a_risk_that_other_weights_said_before_has_their_name(
    database: Database, open_page: Open, tmp_path: Path
) -> None:
    """The chart above shows both scans as the weights of today see them: another number for the same scan."""
    connection = database.connect()
    fold_each(connection, OF_LUNG)
    first, _ = forecasters()
    card = other_weights(tmp_path)
    leading.put_in_service(connection, card, "Ada", None)
    both = {one.weights_version: one for one in (*forecasters(), load_forecaster(tmp_path, "cpu"))}
    Reconciler(connection, list(both.values())).timelines(["PL"])
    leading.promote(connection, card.weights_sha256, "Ada", None)
    explain_all(connection, both.__getitem__)
    words = read(open_page(database.settings, "patient", patient="PL"))
    assert f"12 April 2025, by weights {first.weights_version[:8]}, which led then, and is" in words


def test_what_training_did_not_cover_and_other_arms_stand_beside_it(database: Database, explained: Explained) -> None:
    page = explained(OF_BREAST)
    words = read(page)
    flag, arms = page.warning
    assert arms.value.startswith("An association in the training data and not an effect of treatment")
    assert flag.value.endswith("outside the training data is age 93 years; in the training data 24 to 77 years.")
    assert "Take it with care: the training data did not cover all of what it rests on." in words
    assert "By arm: association in the training data, not an effect of treatment." in words
    table = next(each.value for each in page.dataframe if "Arm" in each.value)
    (row,) = views.current_risk(database.connect("reader"), ["PB"])
    assert table.Arm[0] == "as now"
    (column,) = set(table) - {"Arm"}
    assert table[column][0].startswith(f"{100 * row['risk']:.0f} % (")

"""Where a question is answered there is no forecast of it, and the pages say since when."""

from dashboard import wording
from stream.settings import Settings
from stream.vocabulary import Cause
from tests.dashboard.cohort import GROWING
from tests.dashboard.conftest import Open, read, told_table
from tests.database import Database
from tests.services.accepted_facts import fold_each, lung

PROGRESSED = [lung("PL", "a", 0, 30.0), lung("PL", "b", 60, 75.0), lung("PM", "a", 0, 30.0)]
OCCURRED = "Progression: observed on 2025-04-30 (line 1)"
OBSERVED = "Progression was observed on 30 April 2025: nothing more is forecast of it in line 1."


def test_a_patient_who_has_progressed_has_no_forecast_and_the_page_says_since_when(
    database: Database, open_page: Open
) -> None:
    fold_each(database.connect(), PROGRESSED)
    page = open_page(database.settings, "patient", patient="PL")
    words = read(page)
    assert OBSERVED in words
    assert not page.metric
    assert "Best response" not in words
    assert "Sum of diameters after the scan of 2025-04-30" in words
    assert {row[6] for row in told_table(page, "Forecasts; struck").values.tolist()} == {
        "what it forecasts has been observed"
    }


def test_the_worklist_says_of_whoever_has_progressed_since_when(database: Database, open_page: Open) -> None:
    fold_each(database.connect(), PROGRESSED)
    page = open_page(database.settings)
    assert OCCURRED in read(page)
    page.text_input(key="search").set_value("PM").run()
    assert OCCURRED not in read(page)


def test_an_open_question_is_not_said_to_be_closed(filled: Settings, open_page: Open) -> None:
    assert "nothing more is forecast" not in read(open_page(filled, "patient", patient=GROWING))


def test_every_reason_for_which_a_forecast_ends_has_words() -> None:
    assert set(wording.SUPERSEDED) == set(Cause) - {Cause.ARRIVAL}


def test_a_question_without_a_day_is_told_without_one() -> None:
    assert wording.closed("progression", "no_baseline", "", 2.0) == "Progression: no baseline (line\N{NO-BREAK SPACE}2)"

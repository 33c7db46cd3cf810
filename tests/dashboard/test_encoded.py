"""What an encoder saw of a scan is told in words: what was read, what was masked and why."""

import datetime as dt

from dashboard.patient.encoded import ABOUT
from stream.hindrances import SAYS, Hindrance
from stream.settings import Settings
from tests.dashboard.cohort import BRAIN, UNTOLD
from tests.dashboard.conftest import Open, read


def told(settings: Settings, open_page: Open, **query: str) -> list[str]:
    page = read(open_page(settings, "patient", **query))
    return [line for line in page.splitlines() if "The encoder (" in line]


def test_each_scan_says_what_was_seen_and_why_the_rest_was_masked(filled: Settings, open_page: Open) -> None:
    latest, before = told(filled, open_page, patient=UNTOLD)
    assert latest.endswith(
        "The encoder (encoder facadefa) saw MR (24 slices) and PT (90 slices). CT was masked: its slices are shifted "
        "against each other, as with a tilted gantry; its slices are not evenly spaced."
    )
    assert before.endswith("saw nothing. MR was masked: a single slice has no depth.")
    assert latest.startswith("Scan of ") and latest.split(". ")[0] != before.split(". ")[0]


def test_of_a_day_only_scans_that_had_come_are_told(filled: Settings, open_page: Open) -> None:
    day = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=150)
    (only,) = told(filled, open_page, patient=UNTOLD, as_of=day.isoformat())
    assert "saw nothing" in only


def test_where_no_encoder_was_asked_nothing_is_said_of_one(filled: Settings, open_page: Open) -> None:
    assert ABOUT in read(open_page(filled, "patient", patient=UNTOLD))
    assert "ncoder" not in read(open_page(filled, "patient", patient=BRAIN))


def test_every_reason_has_its_sentence() -> None:
    assert set(SAYS) == set(Hindrance)

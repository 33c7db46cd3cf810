"""Pages about everybody show at once what was known, with its time, and newer figures once these are there."""

import pytest

from dashboard import queries
from dashboard.anew import Again, background
from dashboard.queries import ViewReader
from dashboard.shared import Hold
from tests.dashboard.conftest import Open, read
from tests.database import Database
from tests.services.accepted_facts import fold_each, lung
from tests.waiting import wait_until

OLDER = "Newer figures are being worked out and appear here by themselves."


def test_a_new_patient_appears_on_an_open_cohort_after_what_was_known_before(
    database: Database, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    fold_each(database.connect(), [lung("PA", "a", 0, 30.0)])
    page = open_page(database.settings, "cohort")
    assert "1 patient, line 1" in read(page) and OLDER not in read(page)
    monkeypatch.setattr(queries, "COHORT", Hold(0, 60))
    fold_each(database.connect(), [lung("PB", "b", 0, 30.0)])
    words = read(page.run())
    assert "1 patient, line 1" in words and OLDER in words and "As of " in words
    wait_until(lambda: "2 patients, line 1" in read(page.run()))
    assert OLDER not in read(page)


def test_what_takes_long_is_made_before_the_newer_answers_are_shown(
    database: Database, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_page(database.settings, "cohort")  # the environment of its dashboard
    monkeypatch.setattr(queries, "COHORT", Hold(0, 60))
    made_of: list[int] = []

    def make(source: ViewReader) -> None:
        made_of.append(len(source.enrolled()))
        with queries.reader("another viewer") as viewer:
            made_of.append(len(viewer.enrolled()))

    fold_each(database.connect(), [lung("PA", "a", 0, 30.0)])
    background().do(Again([], make)).result()
    assert made_of == [1, 0]
    with queries.reader("another viewer") as viewer:
        assert len(viewer.enrolled()) == 1


def test_what_fails_in_the_background_is_not_kept_quiet(database: Database, open_page: Open) -> None:
    open_page(database.settings, "cohort")  # the environment of its dashboard
    with pytest.raises(ZeroDivisionError):
        background().do(Again([], lambda _: 1 / 0)).result()

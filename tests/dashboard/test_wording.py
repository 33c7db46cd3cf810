import datetime as dt

import pytest

from dashboard import set_aside_words, wording
from dashboard.words import responses
from stream.vocabulary import ReasonCode

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0 %"), (0.004, "< 1 %"), (0.345, "34 %"), (0.996, "> 99 %"), (1, "100 %")]
)
def test_a_risk_is_called_zero_or_certain_only_when_it_is(value: float, words: str) -> None:
    assert wording.percent(value) == words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.3, 0.47, "30 to 47 %"),
        (0.996, 0.999, "> 99 %"),
        (0.002, 0.03, "< 1 to 3 %"),
        (0.501, 0.504, "50.1 to 50.4 %"),
    ],
)
def test_an_interval_never_ends_where_it_begins(low: float, high: float, words: str) -> None:
    assert wording.interval(low, high) == words


@pytest.mark.parametrize(
    ("change", "endpoint", "words"),
    [(0.12, "progression", "worse"), (0.12, "pcr", "better"), (-0.12, "pcr", "worse"), (0.004, "death", "unchanged")],
)
def test_better_and_worse_follow_the_direction_of_the_endpoint(change: float, endpoint: str, words: str) -> None:
    assert wording.trend(change, endpoint) == words


@pytest.mark.parametrize(("mm", "words"), [(0.0, "0.0"), (4.26, "4.3"), (9.96, "10"), (48.3, "48")])
def test_a_forecast_size_claims_no_more_digits_than_it_can_mean(mm: float, words: str) -> None:
    assert wording.size(mm) == words


@pytest.mark.parametrize(
    ("days", "words"), [(42, "in 42 days"), (1, "in 1 day"), (0, "today"), (-1, "1 day ago"), (-5, "5 days ago")]
)
def test_a_coming_day_is_told_from_today(days: int, words: str) -> None:
    assert wording.ahead(days) == words


def test_every_reason_code_has_words_and_a_cure() -> None:
    assert set(set_aside_words.REASONS) == set(ReasonCode)
    assert all(title and cure for title, cure in set_aside_words.REASONS.values())


@pytest.mark.parametrize(
    ("hours", "words"),
    [(0.001, "just now"), (1, "60 minutes ago"), (30, "30 hours ago"), (47 * 24, "47 days ago"), (-1, "in the future")],
)
def test_an_age_is_told_in_the_unit_that_says_most(hours: float, words: str) -> None:
    assert wording.age(NOW - dt.timedelta(hours=hours), NOW) == words


def test_a_day_is_what_the_clock_on_the_wall_said() -> None:
    late = dt.datetime(2026, 11, 22, 23, 30)
    assert wording.weekday(late) == "Sun 2026-11-22"
    assert wording.wall_clock(late) == "2026-11-22 23:30"
    assert wording.day(None) == wording.wall_clock(None) == ""


def test_a_verdict_is_called_the_same_on_every_page() -> None:
    for category, words in responses.CALLED.items():
        assert responses.called(category).startswith(words)
        assert responses.with_code(category) == f"{category}, {words}"
        assert responses.titled(category).lower() == words
    assert responses.called("iUPD") == "progression to be confirmed (iUPD)"
    assert responses.called(None) == responses.with_code(None) == "baseline"


def test_what_helps_against_a_row_of_a_table_is_in_the_table() -> None:
    in_table = "A row of a table cannot be released: correct the table and import it again."
    assert set_aside_words.found(ReasonCode.IMPOSSIBLE_DATE, "row", in_table) == ("Impossible date", in_table)
    _, of_message = set_aside_words.found(ReasonCode.UNKNOWN_UNIT, "message", "Its bytes were not kept.")
    assert of_message == "Report the value in mm, cm, ml or cm3 and send it again."

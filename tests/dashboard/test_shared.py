"""Answers about everybody are asked once for all viewers, never older than said, and say of which moment they are."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from dashboard import queries
from dashboard.queries import ViewReader, reader
from dashboard.shared import MOST, SharedAnswers
from stream.settings import Settings
from tests.dashboard.conftest import Open

VIEWERS = 20


class Asked:
    """A question that is answered with how often it was asked so far; the first answer waits for `go`."""

    def __init__(self) -> None:
        self.times = 0
        self.go = threading.Event()

    def __call__(self) -> pd.DataFrame:
        assert self.go.wait(30)
        self.times += 1
        return pd.DataFrame({"times": [self.times]})


@pytest.fixture
def asked() -> Asked:
    return Asked()


def test_of_viewers_who_come_at_once_one_asks_and_all_are_answered(asked: Asked) -> None:
    answers = SharedAnswers()
    with ThreadPoolExecutor(VIEWERS) as viewers:
        waiting = [viewers.submit(answers.answer, "question", "1", 5, asked) for _ in range(VIEWERS)]
        asked.go.set()
    assert {int(answer.result().rows.times[0]) for answer in waiting} == {1}


def test_an_answer_holds_while_nothing_was_committed_and_for_some_seconds_more(asked: Asked) -> None:
    asked.go.set()
    answers = SharedAnswers()
    told = [answers.answer("question", *when, asked) for when in (("1", 0), ("1", 0), ("2", 60), ("2", 0))]
    assert [(int(answer.rows.times[0]), answer.snapshot) for answer in told] == [(1, "1")] * 3 + [(2, "2")]


def test_what_one_viewer_does_with_the_rows_is_not_seen_by_another(asked: Asked) -> None:
    asked.go.set()
    answers = SharedAnswers()
    rows = answers.answer("question", "1", 60, asked).rows
    rows.loc[0, "times"] = 99
    assert int(answers.answer("question", "1", 60, asked).rows.times[0]) == 1


def test_questions_that_nobody_asks_any_more_are_forgotten(asked: Asked) -> None:
    asked.go.set()
    answers = SharedAnswers()
    for number in range(MOST + 1):
        answers.answer(str(number), "1", 60, asked)
    assert int(answers.answer("0", "1", 60, asked).rows.times[0]) == MOST + 2


def test_a_page_of_older_counts_says_so_and_is_drawn_again(
    filled: Settings, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_page(filled, "pipeline")  # the environment of its dashboard
    monkeypatch.setattr(queries, "COUNTS_SECONDS", 60)

    def told(snapshot: str) -> ViewReader:
        with reader(snapshot) as source:
            assert source.service().accepted > 0
            return source

    assert told("first").drawn_from == told("second").drawn_from
    assert told("second").drawn_from != "second", "the page would wait for the next commit"


def test_what_is_made_of_the_same_answers_is_made_once_and_anew_of_other_ones(
    filled: Settings, open_page: Open, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    open_page(filled, "cohort")  # the environment of its dashboard
    asked.go.set()

    def made(snapshot: str, seconds: float, about: str = "one trial") -> int:
        monkeypatch.setattr(queries, "COHORT_SECONDS", seconds)
        with reader(snapshot) as source:
            source.enrolled()
            return int(source.once_for(about)("counts", asked).times[0])

    assert [made("third", 0), made("third", 0), made("fourth", 60)] == [1, 1, 1]
    assert [made("third", 0, "another trial"), made("fourth", 0)] == [2, 3]

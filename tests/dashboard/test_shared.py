"""Answers about everybody are asked once for all viewers, never older than said, and say of which moment they are."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from dashboard import queries
from dashboard.queries import ViewReader, reader
from dashboard.shared import MOST, Answer, Hold, SharedAnswers, SnapshotTime
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


def at(snapshot: str) -> SnapshotTime:
    """A moment of this snapshot."""
    return SnapshotTime(snapshot, pd.Timestamp("2026-11-30", tz="UTC") + pd.Timedelta(hours=int(snapshot)))


def test_of_viewers_who_come_at_once_one_asks_and_all_are_answered(asked: Asked) -> None:
    answers = SharedAnswers()
    with ThreadPoolExecutor(VIEWERS) as viewers:
        waiting = [viewers.submit(answers.answer, "question", at("1"), Hold(5, 5), asked) for _ in range(VIEWERS)]
        asked.go.set()
    assert {int(answer.result().rows.times[0]) for answer in waiting} == {1}


def test_an_answer_holds_while_nothing_was_committed_and_for_some_seconds_more(asked: Asked) -> None:
    asked.go.set()
    answers = SharedAnswers()
    told = [
        answers.answer("question", at(snapshot), Hold(seconds, seconds), asked)
        for snapshot, seconds in (("1", 0), ("1", 0), ("2", 60), ("2", 0))
    ]
    assert [(int(answer.rows.times[0]), answer.moment) for answer in told] == [(1, at("1"))] * 3 + [(2, at("2"))]
    assert not any(answer.is_behind for answer in told)


def test_one_that_holds_no_more_is_shown_as_what_it_is_until_there_is_a_newer_one(asked: Asked) -> None:
    asked.go.set()
    answers = SharedAnswers()
    answers.answer("question", at("1"), Hold(0, 60), asked)
    behind = answers.answer("question", at("2"), Hold(0, 60), asked)
    assert (int(behind.rows.times[0]), behind.moment, behind.is_behind) == (1, at("1"), True)
    answers.tell({"question": Answer(asked(), at("2"), time.monotonic())})
    newer = answers.answer("question", at("2"), Hold(0, 60), asked)
    assert (int(newer.rows.times[0]), newer.moment, newer.is_behind) == (2, at("2"), False)


def test_what_one_viewer_does_with_the_rows_is_not_seen_by_another(asked: Asked) -> None:
    asked.go.set()
    answers = SharedAnswers()
    rows = answers.answer("question", at("1"), Hold(60, 60), asked).rows
    rows.loc[0, "times"] = 99
    assert int(answers.answer("question", at("1"), Hold(60, 60), asked).rows.times[0]) == 1


def test_questions_that_nobody_asks_any_more_are_forgotten(asked: Asked) -> None:
    asked.go.set()
    answers = SharedAnswers()
    for number in range(MOST + 1):
        answers.answer(str(number), at("1"), Hold(60, 60), asked)
    assert int(answers.answer("0", at("1"), Hold(60, 60), asked).rows.times[0]) == MOST + 2


def test_a_page_of_older_counts_says_so_and_is_drawn_again(
    filled: Settings, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_page(filled, "pipeline")  # the environment of its dashboard
    monkeypatch.setattr(queries, "COUNTS", Hold(60, 60))

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
        monkeypatch.setattr(queries, "COHORT", Hold(seconds, seconds))
        with reader(snapshot) as source:
            source.enrolled()
            return int(source.once_for(about)("counts", asked).times[0])

    assert [made("third", 0), made("third", 0), made("fourth", 60)] == [1, 1, 1]
    assert [made("third", 0, "another trial"), made("fourth", 0)] == [2, 3]

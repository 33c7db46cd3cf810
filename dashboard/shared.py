"""Answers about everybody, and what is made of them, once for all viewers of this process: all patients, all files."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

import pandas as pd
import streamlit as st

from stream.endpoints import database_url
from stream.errors import CannotStart
from stream.settings import Settings

MOST = 96
"""Answers that are kept: a dozen for each choice of a trial, an arm and a line that somebody looks at."""
T = TypeVar("T")


def address(settings: Settings) -> str:
    """Where the database is that pages ask, which what is kept of it hangs on; "" where none was ever started."""
    try:
        return database_url(settings, "dashboard")
    except CannotStart:
        return ""


class Once(Protocol):
    """Does work of a name once for all viewers; nobody may change what comes of it."""

    def __call__(self, name: str, work: Callable[[], T]) -> T:
        """What `work()` gives or gave."""


class SnapshotTime(NamedTuple):
    """A snapshot of the database, as the pulse names it, and the time there."""

    snapshot: str
    now: pd.Timestamp


FOR_GOOD = SnapshotTime("for good", pd.NaT)
"""What is made of answers of one moment is never another."""


class Hold(NamedTuple):
    """Seconds for which an answer holds whatever was committed, and those up to which it is shown as one of then."""

    fresh: float
    shown: float


class Answer(NamedTuple):
    """Rows (or what was made of some), the moment they are of, when they were read, and whether they hold no more."""

    rows: Any
    moment: SnapshotTime
    at: float
    is_behind: bool = False


class SharedAnswers:
    """Keeps answers by their question; who asks while another one waits for the answer gets the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asking: dict[str, threading.Lock] = {}
        self._kept: OrderedDict[str, Answer] = OrderedDict()

    def answer(self, question: str, moment: SnapshotTime, hold: Hold, ask: Callable[[], pd.DataFrame]) -> Answer:
        """What is known of `question`: of this moment or kept no longer than `hold` has it, else what `ask()` gives.

        The rows are everybody's and a copy of them is made when somebody changes one (pandas copies on write).
        """

        def serves(kept: Answer) -> bool:
            return kept.moment.snapshot == moment.snapshot or time.monotonic() - kept.at < hold.shown

        kept = self._standing(question, serves, moment, ask)
        holds = kept.moment.snapshot == moment.snapshot or time.monotonic() - kept.at < hold.fresh
        return kept._replace(rows=kept.rows.copy(deep=False), is_behind=not holds)

    def tell(self, answers: Mapping[str, Answer]) -> None:
        """Keep `answers` by their questions, in place of older ones."""
        for question, answer in answers.items():
            self._keep(question, answer)

    def made(self, question: str, make: Callable[[], T]) -> T:
        """What `make()` gives, made once; `question` says of which answers it is."""
        found: T = self._standing(question, lambda _: True, FOR_GOOD, make).rows
        return found

    def _standing(
        self, question: str, serves: Callable[[Answer], bool], moment: SnapshotTime, ask: Callable[[], Any]
    ) -> Answer:
        with self._lock:
            asking = self._asking.setdefault(question, threading.Lock())
        with asking:
            kept = self._kept.get(question)
            if kept is None or not serves(kept):
                kept = Answer(ask(), moment, time.monotonic())
                self._keep(question, kept)
            return kept

    def _keep(self, question: str, answer: Answer) -> None:
        with self._lock:
            self._kept[question] = answer
            self._kept.move_to_end(question)
            while len(self._kept) > MOST:
                oldest, _ = self._kept.popitem(last=False)
                self._asking.pop(oldest, None)


@st.cache_resource
def shared_answers() -> SharedAnswers:
    """Those of this process."""
    return SharedAnswers()

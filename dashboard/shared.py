"""Answers about everybody, and what is made of them, once for all viewers of this process: all patients, all files."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

import pandas as pd
import streamlit as st

MOST = 96
"""Answers that are kept: a dozen for each choice of a trial, an arm and a line that somebody looks at."""
FOR_GOOD = "for good"
"""In the place of a snapshot: what is made of answers of one moment is never another."""
T = TypeVar("T")


class Once(Protocol):
    """Does work of a name once for all viewers; nobody may change what comes of it."""

    def __call__(self, name: str, work: Callable[[], T]) -> T:
        """What `work()` gives or gave."""


class Answer(NamedTuple):
    """Rows (or what was made of some), the snapshot of the database they are of, and when they were read."""

    rows: Any
    snapshot: str
    at: float


class SharedAnswers:
    """Keeps answers by their question; who asks while another one waits for the answer gets the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asking: dict[str, threading.Lock] = {}
        self._kept: OrderedDict[str, Answer] = OrderedDict()

    def answer(self, question: str, snapshot: str, seconds: float, ask: Callable[[], pd.DataFrame]) -> Answer:
        """What is known of `question`: of this snapshot, or less than `seconds` old; else `ask()`.

        The rows are everybody's and a copy of them is made when somebody changes one (pandas copies on write).
        """
        kept = self._standing(question, snapshot, seconds, ask)
        return kept._replace(rows=kept.rows.copy(deep=False))

    def made(self, question: str, make: Callable[[], T]) -> T:
        """What `make()` gives, made once; `question` says of which answers it is."""
        found: T = self._standing(question, FOR_GOOD, 0, make).rows
        return found

    def _standing(self, question: str, snapshot: str, seconds: float, ask: Callable[[], Any]) -> Answer:
        with self._lock:
            asking = self._asking.setdefault(question, threading.Lock())
        with asking:
            kept = self._kept.get(question)
            if kept is None or (kept.snapshot != snapshot and time.monotonic() - kept.at >= seconds):
                kept = Answer(ask(), snapshot, time.monotonic())
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

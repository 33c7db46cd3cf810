"""Asks anew in the background what pages show of everybody, so that nobody waits where an older answer is kept."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from dashboard.pulse import pulse
from dashboard.queries import DatabaseAway, ViewReader, reading
from dashboard.shared import Answer, Hold, shared_answers
from stream import logs

AFTER_SECONDS = 1.5
"""So much later: the page that shows the older answers is drawn first, on the same cores."""
Make = Callable[[ViewReader], object]
"""What a page makes of answers about everybody that takes long, so that it is made before they are shown."""


class Again(NamedTuple):
    """What a page asked about everybody, and what it made of it, to be done again."""

    asked: Sequence[tuple[str, Mapping[str, object]]]
    make: Make


class FreshReader(ViewReader):
    """Asks anew what holds no more, all of it of one moment; others see it after `tell`."""

    def __init__(self, connection: Any, snapshot: str | None = None) -> None:
        super().__init__(connection, snapshot)
        self._fresh: dict[str, Answer] = {}

    def tell(self) -> None:
        """Let all viewers see what was answered."""
        shared_answers().tell(self._fresh)

    def _answer(self, question: str, hold: Hold, ask: Callable[[], pd.DataFrame]) -> Answer:
        if question not in self._fresh:
            kept = shared_answers().answer(question, self._moment, hold, ask)
            self._fresh[question] = Answer(ask(), self._moment, time.monotonic()) if kept.is_behind else kept
        return self._fresh[question]


class Background:
    """One thread of the process; what waits already or is being done is not begun twice."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "anew")
        self._lock = threading.Lock()
        self._waiting: dict[str, Future[None]] = {}

    def do(self, again: Again) -> Future[None]:
        """Done once all viewers see newer answers, or the database went away; its result raises all other errors."""
        with self._lock:
            self._waiting = {name: future for name, future in self._waiting.items() if not future.done()}
            name = str(again.asked)
            if name not in self._waiting:
                self._waiting[name] = self._thread.submit(_ask_anew, again)
            return self._waiting[name]


def _ask_anew(again: Again) -> None:
    time.sleep(AFTER_SECONDS)
    try:
        with reading() as connection:
            source = FreshReader(connection, pulse().snapshot())
            again.make(source)
            for sql, values in again.asked:
                source.of_all(sql, **values)
        source.tell()
    except DatabaseAway as error:
        logs.event("database_away", logging.WARNING, reason=error)


@st.cache_resource
def background() -> Background:
    """That of this process."""
    return Background()

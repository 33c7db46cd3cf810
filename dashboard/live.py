"""Keeps a page up to date by itself, and says so in one sentence while the database is away or frozen."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import NamedTuple

import pandas as pd
import streamlit as st

from dashboard import wording
from dashboard.anew import Again, Make, background
from dashboard.pulse import pulse
from dashboard.queries import DatabaseAway, ViewReader, reader
from stream import logs
from stream.settings import standing_settings

LOOK_SECONDS = 2
"""How often an open page looks whether anything was committed; the question is asked once for all viewers."""
AGES_SECONDS = 60
"""What says how long ago something was is drawn again after this, whatever was committed."""
_DRAWING = threading.BoundedSemaphore(4)
"""Pages drawn at a time: Python draws one after the other anyway, and who comes first is served first."""
Page = Callable[[ViewReader], Make | None]


class Drawn(NamedTuple):
    """How a page was drawn: from which snapshot (None: the database was away), and when, by the clock of this process.

    `behind`: the time of the oldest answer about everybody that holds no more; `again`: what the page asks about
    everybody, `newer`: that is being asked now.
    """

    snapshot: str | None
    at: float
    behind: pd.Timestamp | None = None
    again: Again | None = None
    newer: Future[None] | None = None


DRAWN = "drawn"
"""In the session: how the page was drawn."""


def live(page: Page, pause_seconds: float = LOOK_SECONDS / 2) -> None:
    """Draw `page` now, from one snapshot of the database, and again when something was committed since.

    Between two drawings lies `pause_seconds` at least: charts of a whole cohort must not move under the reader's eyes.
    What is known of everybody is drawn at once, with its time, and again once newer answers have come; a page may give
    back what it makes of such answers that takes long.
    """
    away = st.container(key="away")
    st.fragment(_draw)(page)
    with away:
        st.fragment(_look, run_every=LOOK_SECONDS)(pause_seconds)


def _draw(page: Page) -> None:
    try:
        now = pulse().snapshot()
        with _DRAWING, reader(now) as source:
            make = page(source)
        again = Again(source.about_all, make or _nothing) if source.about_all else None
        newer = background().do(again) if again and source.behind else None
        drawn = Drawn(source.drawn_from, time.monotonic(), source.behind, again, newer)
    except DatabaseAway as error:
        logs.event("database_away", logging.WARNING, reason=error)
        drawn = Drawn(None, time.monotonic())
    st.session_state[DRAWN] = drawn


def _nothing(_: ViewReader) -> None:
    """Of a page that makes nothing of its answers that takes long."""


def _look(pause_seconds: float) -> None:
    """Say that the database does not answer, or draw the page again where it would say something else now."""
    drawn = st.session_state.get(DRAWN, Drawn(None, 0.0))
    age = time.monotonic() - drawn.at
    try:
        now = pulse().snapshot()
    except DatabaseAway:
        st.error(wording.AWAY, icon=":material/cloud_off:")
        return
    if drawn.snapshot is None and age < LOOK_SECONDS / 2:
        st.error(wording.AWAY, icon=":material/cloud_off:")
        return
    if drawn.behind is not None:
        st.caption(wording.behind(drawn.behind, standing_settings().zone))
    if drawn.newer is None and age > pause_seconds and (now != drawn.snapshot or age > AGES_SECONDS):
        _draw_again(drawn)
    elif drawn.newer is not None and drawn.newer.done() and age > LOOK_SECONDS / 2:
        drawn.newer.result()
        st.rerun()


def _draw_again(drawn: Drawn) -> None:
    """At once, or once there are newer answers about everybody."""
    if drawn.again is None:
        st.rerun()
    st.session_state[DRAWN] = drawn._replace(newer=background().do(drawn.again))

"""Keeps a page up to date by itself, and says so in one sentence while the database is away or frozen."""

import logging
import threading
import time
from collections.abc import Callable

import streamlit as st

from dashboard import wording
from dashboard.pulse import pulse
from dashboard.queries import DatabaseAway, ViewReader, reader
from stream import logs

LOOK_SECONDS = 2
"""How often an open page looks whether anything was committed; the question is asked once for all viewers."""
AGES_SECONDS = 60
"""What says how long ago something was is drawn again after this, whatever was committed."""
_DRAWING = threading.BoundedSemaphore(4)
"""Pages drawn at a time: Python draws one after the other anyway, and who comes first is served first."""
DRAWN = "drawn"
"""In the session: the snapshot that the page was drawn from (None: the database was away), and when."""


def live(page: Callable[[ViewReader], None], pause_seconds: float = LOOK_SECONDS / 2) -> None:
    """Draw `page` now, from one snapshot of the database, and again when something was committed since.

    Between two drawings lies `pause_seconds` at least: charts of a whole cohort must not move under the reader's eyes.
    """
    away = st.container(key="away")
    st.fragment(_draw)(page)
    with away:
        st.fragment(_look, run_every=LOOK_SECONDS)(pause_seconds)


def _draw(page: Callable[[ViewReader], None]) -> None:
    try:
        now = pulse().snapshot()
        with _DRAWING, reader(now) as source:
            page(source)
        drawn_from = source.drawn_from
    except DatabaseAway as error:
        logs.event("database_away", logging.WARNING, reason=error)
        drawn_from = None
    st.session_state[DRAWN] = drawn_from, time.monotonic()


def _look(pause_seconds: float) -> None:
    """Say that the database does not answer, or draw the page again where it would say something else now."""
    drawn, at = st.session_state.get(DRAWN, (None, 0.0))
    age = time.monotonic() - at
    try:
        now = pulse().snapshot()
    except DatabaseAway:
        st.error(wording.AWAY, icon=":material/cloud_off:")
        return
    if drawn is None and age < LOOK_SECONDS / 2:
        st.error(wording.AWAY, icon=":material/cloud_off:")
    elif age > pause_seconds and (now != drawn or age > AGES_SECONDS):
        st.rerun()

"""Keeps a page up to date by itself, and says so in one sentence while the database is away."""

import logging
from collections.abc import Callable

import streamlit as st

from dashboard import wording
from dashboard.queries import DatabaseAway, ViewReader, reader
from stream import logs

REFRESH_SECONDS = 5
"""A forecast is stored about 2 s after its scan; shorter would redraw under the reader's hand for nothing."""


def live(page: Callable[[ViewReader], None], every: float = REFRESH_SECONDS) -> None:
    """Draw `page` now and every so many seconds, each time from a new snapshot of the database."""
    st.fragment(run_every=every)(_draw)(page)


def _draw(page: Callable[[ViewReader], None]) -> None:
    try:
        with reader() as source:
            page(source)
    except DatabaseAway as error:
        logs.event("database_away", logging.WARNING, reason=error)
        st.error(wording.AWAY, icon=":material/cloud_off:")

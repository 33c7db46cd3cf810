"""Whether the database answers and has changed: one small question for all viewers of this process."""

import select
import threading
import time

import streamlit as st

from dashboard.queries import ROLE, DatabaseAway
from dashboard.shared import address
from stream.errors import CannotStart
from stream.settings import Settings, standing_settings
from stream.storage.database import OtherSchema, Outage, ReaderConnection

FRESH_SECONDS, PATIENCE_SECONDS = 0.5, 2.0
"""For how long an answer holds, and how long one is waited for: a frozen database is told within five seconds."""


class Pulse:
    """Asks on a connection of its own; who comes while another one waits for the answer gets the same."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._connection: ReaderConnection | None = None
        self._answer: str | DatabaseAway = DatabaseAway("not asked yet")
        self._asked_at = 0.0

    def snapshot(self) -> str:
        """A text that is another one whenever something was committed; raises DatabaseAway without an answer."""
        with self._lock:
            if time.monotonic() - self._asked_at > FRESH_SECONDS:
                self._answer = self._ask()
                self._asked_at = time.monotonic()
            if isinstance(self._answer, DatabaseAway):
                raise self._answer
            return self._answer

    def _ask(self) -> str | DatabaseAway:
        try:
            if self._connection is None or self._connection.closed or _ended(self._connection):
                self._connection = ReaderConnection.open(self._settings, ROLE, PATIENCE_SECONDS)
                self._connection.autocommit = True
            return self._connection.snapshot()
        except (*Outage, *OtherSchema, CannotStart) as error:
            return DatabaseAway(str(error).splitlines()[0])


def _ended(idle: ReaderConnection) -> bool:
    """What a server sends unasked is its goodbye: a restart since the last question is no outage."""
    readable, _, _ = select.select([idle], [], [], 0)
    return bool(readable)


def pulse() -> Pulse:
    """The one of this process."""
    return _pulse(standing_settings())


@st.cache_resource(hash_funcs={Settings: address})
def _pulse(settings: Settings) -> Pulse:
    return Pulse(settings)

"""Why senders are not let in: what they hear, one line in the log, and how often, for people to see."""

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Sequence
from enum import StrEnum

from stream import logs
from stream.storage.database import Connection
from stream.storage.intake.refusals import Refusal, count_refusals, rename_refused
from stream.storage.patients.naming import name_anybody

KEPT = 200
"""Different refusals that are told apart between two reports; who comes under ever new names is counted as one."""


class RefusalCause(StrEnum):
    """Why somebody was not let in."""

    UNKNOWN_AE = "unknown_ae"
    ADDRESS = "address"
    CERTIFICATE = "certificate"
    CALLED_AE = "called_ae"
    ALL_TAKEN = "all_taken"
    ADDRESS_FULL = "address_full"
    SILENT = "silent"
    NO_REQUEST = "no_request"
    PROTOCOL_VERSION = "protocol_version"
    NO_TLS = "no_tls"
    TLS_VERSION = "tls_version"
    NO_CERTIFICATE = "no_certificate"
    UNTRUSTED_CERTIFICATE = "untrusted_certificate"
    EXPIRED_CERTIFICATE = "expired_certificate"
    DISTRUSTS_US = "distrusts_us"
    TLS = "tls"


WORDS = {
    RefusalCause.UNKNOWN_AE: "No peer has this AE title.",
    RefusalCause.ADDRESS: "The peer may not come from this address.",
    RefusalCause.CERTIFICATE: "The certificate is not the one of the peer.",
    RefusalCause.CALLED_AE: "It called another AE title than ours.",
    RefusalCause.ALL_TAKEN: "All places were taken.",
    RefusalCause.ADDRESS_FULL: "Its address had as many associations as one address may have.",
    RefusalCause.SILENT: "No association request came in time.",
    RefusalCause.NO_REQUEST: "What came was no association request.",
    RefusalCause.PROTOCOL_VERSION: "It spoke a version of the protocol that does not exist.",
    RefusalCause.NO_TLS: "It did not speak TLS.",
    RefusalCause.TLS_VERSION: "It spoke no TLS that is safe (1.2 or later).",
    RefusalCause.NO_CERTIFICATE: "It showed no certificate.",
    RefusalCause.UNTRUSTED_CERTIFICATE: "No authority of TLS_CLIENT_CA issued its certificate.",
    RefusalCause.EXPIRED_CERTIFICATE: "Its certificate has expired, or is not valid yet.",
    RefusalCause.DISTRUSTS_US: "It did not trust our certificate.",
    RefusalCause.TLS: "TLS failed.",
}

OF_THE_LIST = frozenset({RefusalCause.ADDRESS, RefusalCause.CERTIFICATE, RefusalCause.CALLED_AE})
"""Causes with which the AE title is one that an administrator wrote down; any other is a stranger's text."""

PERMANENT, TRANSIENT = 1, 2
USER, PROVIDER, PRESENTATION = 1, 2, 3
REJECTIONS = {
    RefusalCause.UNKNOWN_AE: (PERMANENT, USER, 3),
    RefusalCause.ADDRESS: (PERMANENT, USER, 3),
    RefusalCause.CERTIFICATE: (PERMANENT, USER, 3),
    RefusalCause.CALLED_AE: (PERMANENT, USER, 7),
    RefusalCause.PROTOCOL_VERSION: (PERMANENT, PROVIDER, 2),
    RefusalCause.ALL_TAKEN: (TRANSIENT, PRESENTATION, 2),
    RefusalCause.ADDRESS_FULL: (TRANSIENT, PRESENTATION, 2),
}
"""Result, source and reason that the sender hears (PS3.8 9.3.4): 3 calling and 7 called AE title not recognized, 2
of the provider's ACSE version not supported, 2 of presentation local limit exceeded. Who is not the peer does not hear
which part of the entry does not fit."""


class Refused(Exception):
    """The sender is not let in."""

    def __init__(self, cause: RefusalCause) -> None:
        super().__init__(WORDS[cause])
        self.cause = cause


class Refusals:
    """Counts refusals until they are written down, and logs each kind once a minute at most; for many threads.

    A stranger's AE title may be a patient's name, which the vault tells: rows have it, or its pseudonym, the log never.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: dict[tuple[str, str, str], Refusal] = {}
        self._logged_at: dict[tuple[str, str, str], float] = {}

    def count(self, cause: RefusalCause, calling_ae: str, peer: str) -> None:
        """One more; an AE title is a stranger's text, and only what may stand in one is kept of it."""
        name = "".join(char if char.isascii() and char.isprintable() else "?" for char in calling_ae)[:16]
        now = dt.datetime.now(dt.UTC)
        with self._lock:
            key = (name, peer, cause.value)
            if key not in self._counted and len(self._counted) >= KEPT:
                key = ("", "", cause.value)
            known = self._counted.get(key)
            times, since = (known.times, known.first_at) if known else (0, now)
            self._counted[key] = Refusal(*key, WORDS[cause], times + 1, since, now)
            if self._is_news(key):  # before anybody sees it counted
                listed = {"calling_ae": name} if cause in OF_THE_LIST else {}
                logs.event("sender_refused", logging.WARNING, **listed, peer=key[1], cause=cause, says=WORDS[cause])

    def pending(self) -> Sequence[Refusal]:
        """What was counted and is not written down yet."""
        with self._lock:
            return list(self._counted.values())

    def write_down(self, connection: Connection, pseudonym: Callable[[str], str]) -> None:
        """Add what was counted since the last time to the database; what comes meanwhile, or fails, is for the next.

        `pseudonym` of an AE title is written instead of one that names a patient.
        """
        pending = self.pending()
        named = name_anybody(connection, {one.calling_ae for one in pending if one.cause not in OF_THE_LIST})
        safe = {title: pseudonym(title) for title in sorted(named)}
        for title, instead in safe.items():
            rename_refused(connection, title, instead)
        count_refusals(
            connection, [one._replace(calling_ae=safe.get(one.calling_ae, one.calling_ae)) for one in pending]
        )
        with self._lock:
            for told in pending:
                key = told[:3]
                left = self._counted[key].times - told.times
                if left:
                    self._counted[key] = self._counted[key]._replace(times=left, first_at=told.last_at)
                else:
                    del self._counted[key]

    def _is_news(self, key: tuple[str, str, str]) -> bool:
        """Whether the same was not logged within a minute."""
        now = time.monotonic()
        if now - self._logged_at.get(key, -logs.AGAIN_AFTER_SECONDS) < logs.AGAIN_AFTER_SECONDS:
            return False
        if len(self._logged_at) >= KEPT:
            self._logged_at.clear()
        self._logged_at[key] = now
        return True

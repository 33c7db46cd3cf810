"""Room at the door: who waits to be let in, who is in, and that nobody keeps the others out."""

import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from stream.dicom.gateway.refusals import RefusalCause, Refused

MAX_ASSOCIATIONS = 64
"""pynetdicom's 10 are used up by one modality room; each open one costs two threads, so this is not unlimited."""

MOST_OF_ADDRESS = 32
"""Associations of one address: a PACS with many senders behind it, and not all there are."""

MOST_KEPT_FREE = MAX_ASSOCIATIONS // 2
"""Slots kept free for known AE titles that have none: each finds one, however busy the others are."""

MAX_WAITING = 256
"""Connections without an association; each costs a thread that sleeps."""

REQUEST_SECONDS = 15.0
"""An association request must have come after this, TLS included: patient with slow modalities."""


@dataclass(eq=False)
class Slot:
    """One connection from when it is there; `cause`: why it was closed on the sender, None where it was not."""

    address: str
    connection: socket.socket
    since: float = field(default_factory=time.monotonic)
    ae_title: str | None = None
    is_in: bool = False
    cause: RefusalCause | None = None

    def close(self, cause: RefusalCause | None = None) -> None:
        """End the connection; whoever reads from it reads its end."""
        self.cause = self.cause or cause
        with contextlib.suppress(OSError):  # the sender was faster
            socket.socket.shutdown(self.connection, socket.SHUT_RDWR)  # that of TLS would say good-bye first


class Slots:
    """All connections of the port, told apart by their address; for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots: set[Slot] = set()

    def enter(self, address: str, connection: socket.socket) -> Slot:
        """A slot to wait in; where there is none, the longest wait of the address that has most of them ends."""
        slot = Slot(address, connection)
        with self._lock:
            waiting = self._waiting()
            if len(waiting) >= MAX_WAITING:
                held = Counter(other.address for other in waiting)
                oldest = max(waiting, key=lambda other: (held[other.address], -other.since))
                oldest.close(RefusalCause.ALL_TAKEN)
                self._slots.discard(oldest)
            self._slots.add(slot)
        return slot

    def admit(self, slot: Slot, ae_title: str, known: Collection[str]) -> None:
        """Let in an association of `ae_title`; raises Refused where too many are in.

        `known`: the AE titles that a slot is kept free for, and that their address is not counted for, as long as
        they have no association.
        """
        with self._lock:
            inside = [other for other in self._slots if other.is_in]
            absent = set(known) - {other.ae_title for other in inside}
            kept_free = min(len(absent - {ae_title}), MOST_KEPT_FREE)
            if len(inside) >= MAX_ASSOCIATIONS - (0 if ae_title in absent else kept_free):
                raise Refused(RefusalCause.ALL_TAKEN)
            of_address = sum(other.address == slot.address for other in inside)
            if of_address >= MOST_OF_ADDRESS and ae_title not in absent:
                raise Refused(RefusalCause.ADDRESS_FULL)
            slot.ae_title, slot.is_in = ae_title, True

    def leave(self, slot: Slot) -> None:
        """The connection has ended; once left already is no error."""
        with self._lock:
            self._slots.discard(slot)

    def close_late(self) -> None:
        """End the waits that have been too long."""
        self._close(time.monotonic() - REQUEST_SECONDS, RefusalCause.SILENT)

    def close_waiting(self) -> None:
        """End all waits: the door closes."""
        self._close(time.monotonic(), None)

    def _close(self, until: float, cause: RefusalCause | None) -> None:
        with self._lock:
            late = [slot for slot in self._waiting() if slot.since <= until]
        for slot in late:
            slot.close(cause)

    def _waiting(self) -> list[Slot]:
        return [slot for slot in self._slots if not slot.is_in]

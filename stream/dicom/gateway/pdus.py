"""The upper layer of an association that somebody else began: PDUs in and out, bounded in size and time (PS3.8 9.3).

One thread per association, which sleeps in the system until something comes. The states of PS3.8 9.2 that an acceptor
can be in once it has accepted are those of this code: it reads (Sta6), or it has said good-bye and waits (Sta13).
"""

import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from typing import NamedTuple

MAX_PDU_BYTES = 131072
"""The largest dcmtk sends; each PDU costs two calls of the system and a few of Python."""

LONGEST_PDU_BYTES = MAX_PDU_BYTES + 65536
"""Most bytes read as one PDU: the negotiation is not bound by the agreed size, and 128 contexts with 12 transfer
syntaxes each take 50 KB. Without a bound the length a stranger writes is the memory we give."""

PDU_SECONDS = 60.0
"""One PDU must have come after this: 128 KB take a second on the slowest line, and who sends a byte now and then
must not hold a place for ever."""

MESSAGE_SECONDS = 60.0
LEAST_BYTES_A_SECOND = 8192
"""A message must have come after this, and a second more for each so many bytes of it: who says nothing once it is in,
or drips, holds a place no longer; a slow line may take hours for a whole body."""

IDLE_SECONDS = 120.0
"""Silence between two messages: patient with slow modalities, short enough that peers which vanished do not hold
their places for long."""

LOOK_SECONDS = 0.5
"""How often a reader that waits looks whether it has waited too long."""

GOOD_BYE_SECONDS = 5.0
"""How long who was told good-bye may take to hang up: closed at once, the connection would take our answer with it."""

DATA, RELEASE_REQUEST, RELEASE_ANSWER, ABORT = 4, 5, 6, 7
KINDS = range(1, 8)
IS_COMMAND, IS_LAST = 1, 2
BY_USER, BY_PROVIDER = 0, 2
"""Who aborts: the service, or the protocol."""


class HungUp(Exception):
    """The sender is gone, or has aborted."""


class Breach(Exception):
    """What came breaks the protocol, or is too late: the association is aborted by `source`; the text says why."""

    def __init__(self, reason: str, source: int = BY_PROVIDER) -> None:
        super().__init__(reason)
        self.source = source


class Fragment(NamedTuple):
    """A piece of a message; its bytes are there until the next one is asked for."""

    context_id: int
    is_command: bool
    is_last: bool
    data: memoryview


class PduLine:
    """A connection after its association was agreed on; used by one thread, apart from `stop`."""

    def __init__(self, connection: socket.socket, max_pdu_bytes: int) -> None:
        self._connection = connection
        self._answer_bytes = max_pdu_bytes or MAX_PDU_BYTES
        self._buffer = memoryview(bytearray(LONGEST_PDU_BYTES))
        self._pace = _Pace()
        self._stopped = False
        for direction in (
            socket.SO_RCVTIMEO,
            socket.SO_SNDTIMEO,
        ):  # settimeout would cost a call of the system per read
            seconds = LOOK_SECONDS if direction == socket.SO_RCVTIMEO else PDU_SECONDS
            wait = struct.pack("@ll", int(seconds), int(seconds % 1 * 1e6))
            connection.setsockopt(socket.SOL_SOCKET, direction, wait)
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fragments(self) -> Iterator[Fragment]:
        """Pieces of messages as they come, until the sender asks to release; raises HungUp, Breach and OSError."""
        while True:
            kind, length = self._head()
            body = self._read(length, time.monotonic() + PDU_SECONDS)
            if kind == RELEASE_REQUEST:
                return
            if kind == ABORT:
                raise HungUp
            if kind != DATA:
                raise Breach("what came does not belong here")
            yield from self._items(body)

    def message_ended(self) -> None:
        """All of a message is there and answered."""
        self._pace.rest()

    def send(self, context_id: int, command: bytes) -> None:
        """A message without a dataset, in as many pieces as the sender wants; raises OSError."""
        room = max(self._answer_bytes - 6, 1)
        for at in range(0, len(command), room):
            piece = command[at : at + room]
            control = IS_COMMAND | (IS_LAST if at + room >= len(command) else 0)
            head = struct.pack(">BBLLBB", DATA, 0, len(piece) + 6, len(piece) + 2, context_id, control)
            self._connection.sendall(head + piece)

    def release(self) -> None:
        """Agree to the end."""
        good_bye(self._connection, struct.pack(">BBLL", RELEASE_ANSWER, 0, 4, 0))

    def abort(self, source: int) -> None:
        """Say that it ends now."""
        good_bye(self._connection, aborting(source))

    def stop(self) -> None:
        """From another thread: nothing is read any more; what is in hand is finished."""
        self._stopped = True
        with contextlib.suppress(OSError):  # the sender was faster
            socket.socket.shutdown(self._connection, socket.SHUT_RD)

    @property
    def is_stopped(self) -> bool:
        """Whether it ends because we want it to."""
        return self._stopped

    def _head(self) -> tuple[int, int]:
        kind, length = struct.unpack(">BxL", self._read(6, None))
        if kind not in KINDS or length > LONGEST_PDU_BYTES:
            raise Breach("what came is no PDU, or longer than agreed")
        return kind, length

    def _items(self, body: memoryview) -> Iterator[Fragment]:
        """The presentation data values of a P-DATA-TF (PS3.8 9.3.5, E.2)."""
        at = 0
        while at < len(body):
            if at + 6 > len(body):
                raise Breach("a data PDU is cut short")
            length, context_id, control = struct.unpack_from(">LBB", body, at)
            end = at + 4 + length
            if length < 2 or end > len(body):
                raise Breach("a data PDU is cut short")
            self._pace.more(length - 2)
            yield Fragment(context_id, bool(control & IS_COMMAND), bool(control & IS_LAST), body[at + 6 : end])
            at = end

    def _read(self, size: int, deadline: float | None) -> memoryview:
        received, view = 0, self._buffer[:size]
        while received < size:
            try:
                got = self._connection.recv_into(view[received:])
            except (BlockingIOError, ssl.SSLWantReadError):  # nothing came while it waited
                got = None
            if got == 0:
                raise HungUp
            received += got or 0
            acknowledge_at_once(self._connection)
            if self._pace.is_late() or (deadline is not None and time.monotonic() > deadline):
                raise Breach("too slow")
        return view


class _Pace:
    """Since when a message is awaited or, once one has come, silence lasts; and how much of a message is there."""

    def __init__(self) -> None:
        self._since, self._held, self._awaited = time.monotonic(), 0, True

    def more(self, size: int) -> None:
        """So many bytes more of a message."""
        if not self._awaited:
            self._since, self._held, self._awaited = time.monotonic(), 0, True
        self._held += size

    def rest(self) -> None:
        """None is awaited."""
        self._since, self._awaited = time.monotonic(), False

    def is_late(self) -> bool:
        """Whether it has lasted too long."""
        allowed = MESSAGE_SECONDS + self._held / LEAST_BYTES_A_SECOND if self._awaited else IDLE_SECONDS
        return time.monotonic() - self._since > allowed


def aborting(source: int) -> bytes:
    """An A-ABORT (PS3.8 9.3.8), reason not given."""
    return struct.pack(">BBLBBBB", ABORT, 0, 4, 0, 0, source, 0)


def good_bye(connection: socket.socket, last_words: bytes) -> None:
    """Say the last words and wait until the sender hangs up; nothing is said where it has already."""
    until = time.monotonic() + GOOD_BYE_SECONDS
    with contextlib.suppress(OSError):
        connection.settimeout(GOOD_BYE_SECONDS)
        connection.sendall(last_words)
        socket.socket.shutdown(connection, socket.SHUT_WR)
        while connection.recv(4096) and time.monotonic() < until:
            pass


def acknowledge_at_once(connection: socket.socket) -> None:
    """Linux forgets it after a while, so it is said again with every read (tcp(7))."""
    if hasattr(socket, "TCP_QUICKACK"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

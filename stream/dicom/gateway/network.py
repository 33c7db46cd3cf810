"""What DICOM's connections need that pynetdicom does not give: answers without delay, and bounds on what is read.

The one place where pynetdicom is changed from outside: its settings, which it keeps in `pynetdicom._config`, and some
methods of each connection. A test compares what is replaced with what it was written against (pynetdicom 3.0.4).
"""

import functools
import logging
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from pynetdicom import _config, evt
from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.events import Event
from pynetdicom.pdu_primitives import P_DATA
from pynetdicom.transport import AssociationSocket

from stream import logs

MAX_PDU_BYTES = 131072
"""The largest dcmtk sends; every PDU costs the library a 1 ms sleep, so small ones (16 KB by default) are slow."""

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

MAX_OBJECT_BYTES = 2**30
"""Most bytes of one object: a whole-body series as one multi-frame object stays below. What is longer is held in no
memory: the association is aborted."""

MAX_WAITING = 4
"""Messages received and not yet answered: senders wait for an answer before they send the next."""

Message = tuple[int | None, Any]
"""Context ID and message, as the library hands them out; both None where there is none."""

_config.LOG_HANDLER_LEVEL = "none"  # its log lines cost time per PDU and quote identifiers
_config.STORE_SEND_CHUNKED_DATASET = True  # a file's own bytes are sent, neither decoded nor held in memory
logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)


def without_delay(event: Event) -> None:
    """Small messages leave at once, and peers that wait for acknowledgements (Nagle) get them at once.

    With default sockets a store of many files idles at some 20 files/s. A handler for EVT_CONN_OPEN.
    """
    connection = _plain(_socket(event))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _acknowledge_at_once(connection)


def within_bounds(event: Event) -> None:
    """Read PDUs of a stranger with a limit on size and time, and in large pieces. A handler for EVT_CONN_OPEN.

    Replaces two methods of this connection. Needless once the library lets a limit be set on the length of a PDU before
    it is read (`AssociationSocket.recv` takes as many bytes as the peer announces, 4096 at a time) and on the length
    and number of the messages that it gathers (`DIMSEServiceProvider.receive_primitive`).
    """
    connection, messages, dul = _socket(event), event.assoc.dimse, event.assoc.dul
    plain, pace = _plain(connection), _Pace()
    for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):  # settimeout would cost a call of the system per read
        plain.setsockopt(socket.SOL_SOCKET, direction, struct.pack("@ll", int(PDU_SECONDS), 0))
    read = functools.partial(receive, plain)
    connection.recv = read  # type: ignore[method-assign]  # the library has no place for it
    gather = functools.partial(_gather, messages, messages.receive_primitive, pace)
    messages.receive_primitive = gather  # type: ignore[method-assign]  # the library has no place for it
    expired = functools.partial(_expired, dul.idle_timer_expired, pace)
    dul.idle_timer_expired = expired  # type: ignore[method-assign]  # the library has no place for it


def begin(association: Association, request: bytearray, address: object, ended: Callable[[], None]) -> None:
    """Let an association begin whose request (the whole PDU) was read already.

    `ended` is called in its thread when it is over. An error in one of its two threads, which would leave the other one
    waiting and a traceback behind, ends this association and leaves a line.
    """
    evt.trigger(association, evt.EVT_CONN_OPEN, {"address": address})
    dul = association.dul
    pdu, asked = dul._decode_pdu(request)
    dul.event_queue.put(asked)
    dul._recv_pdu.put(pdu)
    run = functools.partial(_run, association, association.run, ended)
    association.run = run  # type: ignore[method-assign]  # the library has no place for it
    serve = functools.partial(_serve, association, dul.run)
    dul.run = serve  # type: ignore[method-assign]  # the library has no place for it
    association.start()


def _run(association: Association, run: Callable[[], None], ended: Callable[[], None]) -> None:
    try:
        run()
    except Exception as error:
        logs.event("association_failed", logging.ERROR, error=repr(error))
    finally:
        association.dul.kill_dul()
        ended()


def _serve(association: Association, serve: Callable[[], None]) -> None:
    try:
        serve()
    except Exception as error:
        logs.event("association_failed", logging.ERROR, error=repr(error))
        association._kill = True
        association.dul.to_user_queue.put(None)  # who waits for the request waits no more


class _Pace:
    """Since when a message is awaited (None: none is), and how much of it has come."""

    def __init__(self) -> None:
        self._since: float | None = time.monotonic()
        self._held = 0

    def told(self, held: int | None) -> None:
        """So many bytes of a message are there; None: all of it."""
        if held is None:
            self._since = None
        elif self._since is None:
            self._since = time.monotonic()
        self._held = held or 0

    def is_late(self) -> bool:
        """Whether the message should have come by now."""
        allowed = MESSAGE_SECONDS + self._held / LEAST_BYTES_A_SECOND
        return self._since is not None and time.monotonic() - self._since > allowed


def _expired(expired: Callable[[], bool], pace: _Pace) -> bool:
    if pace.is_late():
        logs.event("association_aborted", logging.WARNING, reason="too slow")
        return True
    return expired()


def answers_to_senders(association: Association) -> None:
    """Of an association that only sends, leave all that comes to whoever waits for an answer.

    The library's reactor, in a thread of its own, takes messages without waiting. It is asked to pause while a request
    is out, and may be told so between having paused and noting that it goes on: it then takes the answer and drops it,
    and the sender waits for nothing (1 of some 10,000 messages on a busy machine).
    """
    messages = association.dimse
    take = functools.partial(_take, messages.get_msg)
    messages.get_msg = take  # type: ignore[method-assign,assignment]  # the library has no place for it


def _take(take: Callable[[bool], Message], block: bool = False) -> Message:
    return take(block) if block else (None, None)


def _socket(event: Event) -> AssociationSocket:
    connection = event.assoc.dul.socket
    if connection is None:
        raise ConnectionError("the association has no connection")
    return connection


def _plain(connection: AssociationSocket) -> socket.socket:
    if connection.socket is None:
        raise ConnectionError("the connection is closed already")
    return connection.socket


def _gather(messages: DIMSEServiceProvider, take: Callable[[P_DATA], None], pace: _Pace, fragment: P_DATA) -> None:
    """Take a fragment of a message; where it grows beyond the bounds, forget it and abort the association."""
    take(fragment)
    message = messages.message
    parts = (message.encoded_command_set, message.data_set) if message else ()
    held = sum(part.tell() for part in parts if part is not None)
    pace.told(held if message else None)
    if held > MAX_OBJECT_BYTES or messages.msg_queue.qsize() > MAX_WAITING:
        messages.message = None
        logs.event("association_aborted", logging.WARNING, reason="too much at once", bytes=held)
        messages.dul.event_queue.put("Evt19")  # as the library does with a message it cannot read


def receive(connection: socket.socket, size: int) -> bytearray:
    """`size` bytes, fewer where the peer hung up; OSError, which ends the connection, beyond the bounds."""
    if size > LONGEST_PDU_BYTES:
        raise OSError("the PDU is longer than agreed")
    data, received, deadline = bytearray(size), 0, time.monotonic() + PDU_SECONDS
    with memoryview(data) as view:
        while received < size and (got := connection.recv_into(view[received:])):
            received += got
            _acknowledge_at_once(connection)
            if time.monotonic() > deadline:
                raise OSError("the PDU took too long")
    return data[:received]


def _acknowledge_at_once(connection: socket.socket) -> None:
    """Linux forgets it after a while, so it is said again with every read (tcp(7))."""
    if hasattr(socket, "TCP_QUICKACK"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

"""What DICOM's connections need that the library does not give: answers without delay, and bounds on what is read."""

import functools
import logging
import socket
import time

from pynetdicom import _config
from pynetdicom.events import Event

MAX_PDU_BYTES = 131072
"""The largest dcmtk sends; every PDU costs the library a 1 ms sleep, so small ones (16 KB by default) are slow."""

LONGEST_PDU_BYTES = MAX_PDU_BYTES + 65536
"""Most bytes read as one PDU: the negotiation is not bound by the agreed size, and 128 contexts with 12 transfer
syntaxes each take 50 KB. Without a bound the length a stranger writes is the memory we give."""

PDU_SECONDS = 60.0
"""One PDU must have come after this: 128 KB take a second on the slowest line, and who sends a byte now and then
must not hold a place for ever."""

_config.LOG_HANDLER_LEVEL = "none"  # its log lines cost time per PDU and quote identifiers
logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)


def without_delay(event: Event) -> None:
    """Small messages leave at once, and peers that wait for acknowledgements (Nagle) get them at once.

    With default sockets a store of many files idles at some 20 files/s. A handler for EVT_CONN_OPEN.
    """
    connection = event.assoc.dul.socket.socket
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _acknowledge_at_once(connection)


def within_bounds(event: Event) -> None:
    """Read PDUs of a stranger with a limit on size and time, and in large pieces. A handler for EVT_CONN_OPEN."""
    connection = event.assoc.dul.socket
    connection.recv = functools.partial(_receive, connection.socket)


def _receive(connection: socket.socket, size: int) -> bytearray:
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

"""What sending needs that pynetdicom does not give: no delay on small messages, and answers that are not lost.

The one place where pynetdicom is changed from outside: its settings, which it keeps in `pynetdicom._config`, and some
methods of each connection. A test compares what is replaced with what it was written against (pynetdicom 3.0.4).
"""

import functools
import logging
import socket
from collections.abc import Callable
from typing import Any

from pynetdicom import _config
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.transport import AssociationSocket

from stream.dicom.gateway.pdus import acknowledge_at_once

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
    acknowledge_at_once(connection)


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

"""The port: connections wait in threads that sleep until they have asked for an association, and are let in or not."""

import ipaddress
import logging
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any, NamedTuple

from pynetdicom.pdu import A_ASSOCIATE_RJ, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import A_ASSOCIATE

from stream import logs
from stream.dicom.gateway.guard import Guard
from stream.dicom.gateway.pdus import BY_PROVIDER, LONGEST_PDU_BYTES, HungUp, aborting, good_bye
from stream.dicom.gateway.peers import Peer
from stream.dicom.gateway.refusals import REJECTIONS, RefusalCause, Refusals, Refused
from stream.dicom.gateway.slots import Slot, Slots
from stream.dicom.gateway.tls import secured, shake_hands

REQUEST_PDU = 1
"""Type of an A-ASSOCIATE-RQ (PS3.8 9.3.2)."""

PROTOCOL_VERSION = 1
"""The only one there is (PS3.8 9.3.2)."""

Serve = Callable[[socket.socket, A_ASSOCIATE, Peer, str], None]
"""Called with the connection, the request, the peer and its address; returns when the association has ended."""


class Request(NamedTuple):
    """An association request as it came."""

    calling_ae: str
    called_ae: str
    asked: A_ASSOCIATE


class Door(ThreadingTCPServer):
    """Listens from when it is made; OSError where it cannot."""

    allow_reuse_address = True
    request_queue_size = 256
    daemon_threads = True  # who has asked for nothing yet holds up no end

    def __init__(self, address: tuple[str, int], guard: Guard, refusals: Refusals, serve: Serve) -> None:
        self.guard, self.refusals, self.serve = guard, refusals, serve
        self.slots = Slots()
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, Visitor)

    def service_actions(self) -> None:
        """Called twice a second."""
        self.slots.close_late()

    def shutdown(self) -> None:
        """Listen no more, and end all waits."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # whoever waits for the next connection wakes at once
        super().shutdown()
        self.server_close()
        self.slots.close_waiting()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """An error of ours or of the library ends this connection only."""
        if error := sys.exception():
            what = logs.kind_and_place(error)
            logs.event("connection_failed", logging.ERROR, peer=client_address[0], error=what)


class Visitor(BaseRequestHandler):
    """One connection from its first byte to its last, in a thread of its own."""

    server: Door

    def handle(self) -> None:
        """Wait for the request and decide on it."""
        slot = self.server.slots.enter(_plain_address(self.client_address[0]), self.request)
        calling_ae = ""
        try:
            certificate = self._secure(slot)
            request = _request(slot.connection)
            calling_ae = request.calling_ae
            peer = self.server.guard.check(*request[:2], slot.address, certificate)
            self.server.slots.admit(slot, calling_ae, self.server.guard.peers or ())
            self.server.serve(slot.connection, request.asked, peer, slot.address)
        except Refused as refused:
            self._turn_away(slot, refused.cause, calling_ae)
        except (OSError, HungUp):
            if slot.cause:
                self.server.refusals.count(slot.cause, calling_ae, slot.address)
        finally:
            self.server.slots.leave(slot)
            slot.close()
            slot.connection.close()

    def _secure(self, slot: Slot) -> str:
        """sha256 (hex) of the certificate that the sender shows, "" without TLS or certificate."""
        context = self.server.guard.tls
        if context is None:
            return ""
        slot.connection = self.request = connection = secured(slot.connection, context)
        return shake_hands(connection)

    def _turn_away(self, slot: Slot, cause: RefusalCause, calling_ae: str) -> None:
        """Say why, as far as DICOM has words for it, and count it."""
        self.server.refusals.count(cause, calling_ae, slot.address)
        if answer := _answer(cause):
            good_bye(slot.connection, answer)


def _request(connection: socket.socket) -> Request:
    """The first PDU; raises HungUp where it ends too early, Refused where it is something else."""
    head = _receive(connection, 6)
    length = int.from_bytes(head[2:], "big")
    if head[0] != REQUEST_PDU or length > LONGEST_PDU_BYTES:
        raise Refused(RefusalCause.NO_REQUEST)
    encoded = head + _receive(connection, length)
    try:
        pdu = A_ASSOCIATE_RQ()
        pdu.decode(encoded)
        asked = pdu.to_primitive()
    except Exception:  # the library raises what it likes on what is no request
        raise Refused(RefusalCause.NO_REQUEST) from None
    if pdu.protocol_version != PROTOCOL_VERSION:
        raise Refused(RefusalCause.PROTOCOL_VERSION)
    return Request(pdu.calling_ae_title.strip(), pdu.called_ae_title.strip(), asked)


def _receive(connection: socket.socket, size: int) -> bytes:
    """So many bytes, as they come; raises HungUp."""
    pieces = []
    while size and (piece := connection.recv(min(size, 4096))):
        pieces.append(piece)
        size -= len(piece)
    if size:
        raise HungUp
    return b"".join(pieces)


def _answer(cause: RefusalCause) -> bytes:
    """A-ASSOCIATE-RJ, or A-ABORT to who sent something else (PS3.8 9.2.3, AA-1); nothing where TLS has said it."""
    if cause is RefusalCause.NO_REQUEST:
        return aborting(BY_PROVIDER)
    if cause not in REJECTIONS:
        return b""
    rejection = A_ASSOCIATE_RJ()
    rejection.result, rejection.source, rejection.reason_diagnostic = REJECTIONS[cause]
    return rejection.encode()


def _plain_address(address: str) -> str:
    """An IPv4 address that came by IPv6 is the IPv4 address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return str((ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else ip)

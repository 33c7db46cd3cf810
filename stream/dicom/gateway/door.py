"""The port: connections wait outside the library, in threads that sleep, until they have asked for an association.

pynetdicom gives every connection two threads that look a thousand times a second whether something came, and one of its
slots before it has said anything; a peer that hangs up keeps it for as long as a request may take. So it sees only
those that are let in.
"""

import contextlib
import ipaddress
import logging
import socket
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.events import EventHandlerType
from pynetdicom.pdu import A_ABORT_RQ, A_ASSOCIATE_RJ, A_ASSOCIATE_RQ
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from stream import logs
from stream.dicom.gateway.guard import Guard
from stream.dicom.gateway.network import LONGEST_PDU_BYTES, begin, receive
from stream.dicom.gateway.peers import Peer
from stream.dicom.gateway.refusals import REJECTIONS, RefusalCause, Refusals, Refused
from stream.dicom.gateway.slots import Slot, Slots
from stream.dicom.gateway.tls import secured, shake_hands
from stream.dicom.reading.sop_classes import SOP_CLASSES, kind_of

REQUEST_PDU = 1
"""Type of an A-ASSOCIATE-RQ (PS3.8 9.3.2)."""

GOOD_BYE_SECONDS = 5.0
"""How long who was refused may take to hang up: closed at once, the connection would take our answer with it."""


class Hooks(NamedTuple):
    """Called before an association begins, and when it has ended."""

    enter: Callable[[Association, Peer], None]
    leave: Callable[[Association], None]


class HungUp(Exception):
    """The sender is gone without having asked for anything."""


class Request(NamedTuple):
    """An association request as it came."""

    calling_ae: str
    called_ae: str
    encoded: bytearray


class Door(ThreadedAssociationServer):
    """Listens from when it is made; OSError where it cannot."""

    request_queue_size = 256
    daemon_threads = True  # who has asked for nothing yet holds up no end

    def __init__(
        self,
        entity: AE,
        address: tuple[str, int],
        handlers: list[EventHandlerType],
        guard: Guard,
        refusals: Refusals,
        hooks: Hooks,
    ) -> None:
        self.guard, self.refusals, self.hooks = guard, refusals, hooks
        self.slots = Slots()
        contexts = entity.supported_contexts
        super().__init__(entity, address, entity.ae_title, contexts, evt_handlers=handlers, request_handler=Visitor)
        entity._servers.append(self)  # where the library looks for it when it ends

    def service_actions(self) -> None:
        """Called twice a second."""
        super().service_actions()
        self.slots.close_late()

    def shutdown(self) -> None:
        """Listen no more, and end all waits."""
        super().shutdown()
        self.slots.close_waiting()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """An error of ours or of the library ends this connection only."""
        logs.event("connection_failed", logging.ERROR, peer=client_address[0], error=repr(sys.exception()))


class Visitor(RequestHandler):
    """One connection, in a thread of its own until it is refused or its association has begun."""

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
            self._begin(slot, request, peer)
        except Refused as refused:
            self._turn_away(slot, refused.cause, calling_ae)
        except (OSError, HungUp):
            self._end(slot)
            if slot.cause:
                self.server.refusals.count(slot.cause, calling_ae, slot.address)
        except BaseException:
            self._end(slot)
            raise

    def _secure(self, slot: Slot) -> str:
        """sha256 (hex) of the certificate that the sender shows, "" without TLS or certificate."""
        context = self.server.guard.tls
        if context is None:
            return ""
        slot.connection = self.request = connection = secured(slot.connection, context)
        return shake_hands(connection)

    def _begin(self, slot: Slot, request: Request, peer: Peer) -> None:
        association = self._create_association()
        if peer.kinds:
            refused = {uid for uid in SOP_CLASSES if kind_of(uid) not in peer.kinds}
            contexts = association.acceptor.supported_contexts
            association.acceptor.supported_contexts = [cx for cx in contexts if cx.abstract_syntax not in refused]

        def ended() -> None:
            try:
                self.server.hooks.leave(association)
            finally:
                self._end(slot)

        self.server.hooks.enter(association, peer)
        begin(association, request.encoded, self.client_address, ended)

    def _turn_away(self, slot: Slot, cause: RefusalCause, calling_ae: str) -> None:
        """Say why, as far as DICOM has words for it, and count it."""
        self.server.refusals.count(cause, calling_ae, slot.address)
        with contextlib.suppress(OSError):
            slot.connection.settimeout(GOOD_BYE_SECONDS)
            if answer := _answer(cause):
                slot.connection.sendall(answer)
                socket.socket.shutdown(slot.connection, socket.SHUT_WR)
                while slot.connection.recv(4096):
                    pass
        self._end(slot)

    def _end(self, slot: Slot) -> None:
        self.server.slots.leave(slot)
        slot.close()
        slot.connection.close()


def _request(connection: socket.socket) -> Request:
    """The first PDU; raises HungUp where it ends too early, Refused where it is something else."""
    head = receive(connection, 6)
    if head and head[0] != REQUEST_PDU:
        raise Refused(RefusalCause.NO_REQUEST)
    length = int.from_bytes(head[2:], "big")
    if length > LONGEST_PDU_BYTES:
        raise Refused(RefusalCause.NO_REQUEST)
    encoded = head + receive(connection, length)
    if len(encoded) < 6 + length:
        raise HungUp
    try:
        pdu = A_ASSOCIATE_RQ()
        pdu.decode(bytes(encoded))
        pdu.to_primitive()
    except Exception:  # the library raises what it likes on what is no request
        raise Refused(RefusalCause.NO_REQUEST) from None
    return Request(pdu.calling_ae_title.strip(), pdu.called_ae_title.strip(), encoded)


def _answer(cause: RefusalCause) -> bytes:
    """A-ASSOCIATE-RJ, or A-ABORT to who sent something else (PS3.8 9.2.3, AA-1); nothing where TLS has said it."""
    if cause is RefusalCause.NO_REQUEST:
        abort = A_ABORT_RQ()
        abort.source, abort.reason_diagnostic = 2, 0
        return abort.encode()
    if cause not in REJECTIONS:
        return b""
    rejection = A_ASSOCIATE_RJ()
    rejection.result, rejection.source, rejection.reason_diagnostic = REJECTIONS[cause]
    return rejection.encode()


def _plain_address(address: str) -> str:
    """An IPv4 address that came by IPv6 is the IPv4 address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return str((ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else ip)

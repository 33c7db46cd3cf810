"""The DICOM door: C-ECHO and C-STORE, answered with success only when file, record and folder are durable."""

import datetime as dt
import logging
import socket
import threading
from collections.abc import Callable
from functools import partial

from pynetdicom.pdu_primitives import A_ASSOCIATE

from stream import logs
from stream.crash import reach
from stream.dicom.gateway.association import Association
from stream.dicom.gateway.door import Door
from stream.dicom.gateway.guard import Guard
from stream.dicom.gateway.limits import LongLooks, SharedRoom, limits_of
from stream.dicom.gateway.negotiation import negotiate
from stream.dicom.gateway.objects import IncomingObject, Intake, SenderVisit
from stream.dicom.gateway.pacing import Pacing
from stream.dicom.gateway.pdus import BY_USER, PduLine
from stream.dicom.gateway.peers import Peer
from stream.dicom.gateway.refusals import Refusals
from stream.dicom.gateway.spool import Spool
from stream.errors import CannotStart
from stream.settings import Settings

STOP_SECONDS = 5.0
"""How long the end of the service waits for a file in hand to be kept."""


class Receiver:
    """Listens on DICOM_HOST:DICOM_PORT and keeps what arrives in `spool`; `on_kept` is called after every record.

    The constructor raises WrongUse or CannotStart where the settings do not say who may come in.
    """

    def __init__(self, settings: Settings, spool: Spool, on_kept: Callable[[], None]) -> None:
        self.refusals = Refusals()
        self._settings = settings
        self._spool = spool
        self._on_kept = on_kept
        self._inside: dict[Association, threading.Thread] = {}
        self._lock = threading.Lock()
        self._guard = Guard(settings)
        self._pacing = Pacing()
        self._intake = Intake(spool, limits_of(settings), SharedRoom(), LongLooks(), self._kept)

    def start(self) -> None:
        """Open the door in threads of its own; CannotStart if the port is in use or the host is not ours."""
        address = (self._settings.dicom_host, self._settings.dicom_port)
        try:
            self._door = Door(address, self._guard, self.refusals, self._serve)
        except OSError as error:
            where = f"{address[0]}:{address[1]}"
            raise CannotStart(f"Cannot listen on {where} ({error.strerror}); set DICOM_HOST or DICOM_PORT.") from None
        threading.Thread(target=self._door.serve_forever, name="door", daemon=True).start()
        known_as, lets_in = self._settings.dicom_ae_title, self._guard.lets_in()
        logs.event("receiver_started", host=address[0], port=address[1], ae_title=known_as, lets_in=lets_in)

    def stop(self) -> None:
        """Close the door and end every association; what was answered with success is kept."""
        self._door.shutdown()
        self._pacing.stop()
        with self._lock:
            inside = dict(self._inside)
        for association in inside:
            association.stop()
        for thread in inside.values():
            thread.join(STOP_SECONDS)

    def _serve(self, connection: socket.socket, request: A_ASSOCIATE, peer: Peer, address: str) -> None:
        """One association, in the thread of its connection."""
        agreement = negotiate(request, peer.kinds)
        line = PduLine(connection, agreement.max_pdu_bytes)
        visit = SenderVisit(peer, address)
        association = Association(line, agreement.contexts, partial(IncomingObject, self._intake, visit))
        with self._lock:
            self._inside[association] = threading.current_thread()
        try:
            connection.sendall(agreement.answer)
            association.serve()
        except Exception as error:
            logs.event("association_failed", logging.ERROR, error=logs.kind_and_place(error))
            line.abort(BY_USER)
        finally:
            self._leave(visit)
            with self._lock:  # last: `stop` waits for what is kept of its end
                del self._inside[association]

    def _kept(self, peer: Peer) -> None:
        self._on_kept()
        self._pacing.keep(peer)

    def _leave(self, visit: SenderVisit) -> None:
        """Called after its last store."""
        if not visit.study_uids:
            return
        reach("receiver.association_ended")
        try:
            self._spool.close_association(visit.association, tuple(visit.study_uids), dt.datetime.now(dt.UTC))
            reach("receiver.end_kept")
        except OSError as error:  # the quiet time completes its scans instead
            logs.event("association_end_not_recorded", logging.WARNING, reason=error.strerror)
        self._on_kept()

"""The DICOM door: C-ECHO and C-STORE, answered with success only when file, record and folder are durable."""

import datetime as dt
import logging
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event, EventHandlerType

from stream import logs
from stream.crash import reach
from stream.dicom.gateway.content import DatasetContent, read_content
from stream.dicom.gateway.door import Door, Hooks
from stream.dicom.gateway.guard import Guard
from stream.dicom.gateway.network import MAX_PDU_BYTES, within_bounds, without_delay
from stream.dicom.gateway.pacing import Pacing
from stream.dicom.gateway.peers import Peer
from stream.dicom.gateway.refusals import Refusals
from stream.dicom.gateway.slots import MAX_ASSOCIATIONS
from stream.dicom.gateway.spool import Arrival, Spool
from stream.dicom.reading.sop_classes import SOP_CLASSES, TRANSFER_SYNTAXES, kind_of
from stream.errors import CannotStart, Refuse
from stream.settings import Settings

SUCCESS = 0x0000
DOES_NOT_MATCH = 0xA900  # PS3.4 B.2.3: data set does not match SOP class

ACSE_SECONDS, DIMSE_SECONDS, NETWORK_SECONDS = 15, 60, 120
"""Negotiation, one message, and silence inside an association: patient with slow modalities, short enough that
peers which vanished do not hold their places for long."""

STOP_SECONDS = 5.0
"""How long the end of the service waits for a file in hand to be kept."""

VERIFICATION = UID("1.2.840.10008.1.1")
IMPLEMENTATION_UID = UID("2.25.147285614120436285713064271520431094217")
IMPLEMENTATION_VERSION = "SCANSTREAM"


@dataclass
class _Visit:
    """One association while it lasts."""

    peer: Peer
    address: str
    association: str = field(default_factory=lambda: secrets.token_hex(8))
    study_uids: dict[str, None] = field(default_factory=dict)


class Receiver:
    """Listens on DICOM_HOST:DICOM_PORT and keeps what arrives in `spool`; `on_kept` is called after every record.

    The constructor raises WrongUse or CannotStart where the settings do not say who may come in.
    """

    def __init__(self, settings: Settings, spool: Spool, on_kept: Callable[[], None]) -> None:
        self.refusals = Refusals()
        self._settings = settings
        self._spool = spool
        self._on_kept = on_kept
        self._visits: dict[Association, _Visit] = {}
        self._lock = threading.Lock()
        self._guard = Guard(settings)
        self._pacing = Pacing()
        self._entity = _entity(settings.dicom_ae_title)

    def start(self) -> None:
        """Open the door in threads of its own; CannotStart if the port is in use or the host is not ours."""
        address = (self._settings.dicom_host, self._settings.dicom_port)
        handlers: list[EventHandlerType] = [
            (evt.EVT_CONN_OPEN, without_delay),
            (evt.EVT_CONN_OPEN, within_bounds),
            (evt.EVT_C_ECHO, lambda _: SUCCESS),
            (evt.EVT_C_STORE, self._on_store),
        ]
        hooks = Hooks(self._enter, self._leave)
        try:
            self._door = Door(self._entity, address, handlers, self._guard, self.refusals, hooks)
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
        inside = self._door.active_associations
        for association in inside:
            association.abort()
        for association in inside:
            association.join(STOP_SECONDS)

    def _on_store(self, event: Event) -> Dataset | int:
        try:
            self._keep(event)
        except Refuse as refusal:
            logs.event("instance_refused", logging.WARNING, status=f"0x{refusal.status:04X}", reason=refusal)
            return _status(refusal)
        self._on_kept()
        self._pacing.keep(self._visits[event.assoc].peer)
        return SUCCESS

    def _keep(self, event: Event) -> None:
        visit, request = self._visits[event.assoc], _store_request(event)
        syntax = event.context.transfer_syntax
        encoded = request.DataSet.getbuffer() if request.DataSet else memoryview(b"")
        content = read_content(encoded, syntax)
        _check_command(request, content)
        arrival = Arrival(
            content_sha256=content.sha256,
            calling_ae=visit.peer.ae_title,
            peer=visit.address,
            association=visit.association,
            transfer_syntax=str(syntax),
            received_at=dt.datetime.now(dt.UTC),
        )
        self._spool.keep(_file(content, syntax, encoded), arrival)
        reach("receiver.kept")
        if content.study_uid:
            visit.study_uids[content.study_uid] = None

    def _enter(self, association: Association, peer: Peer) -> None:
        with self._lock:
            self._visits[association] = _Visit(peer, str(association.requestor.address))

    def _leave(self, association: Association) -> None:
        """Called in the association's own thread, so after its last store."""
        with self._lock:
            visit = self._visits.pop(association)
        if not visit.study_uids:
            return
        reach("receiver.association_ended")
        try:
            self._spool.close_association(visit.association, tuple(visit.study_uids), dt.datetime.now(dt.UTC))
            reach("receiver.end_kept")
        except OSError as error:  # the quiet time completes its scans instead
            logs.event("association_end_not_recorded", logging.WARNING, reason=error.strerror)
        self._on_kept()


def _entity(ae_title: str) -> AE:
    entity = AE(ae_title=ae_title)
    entity.maximum_associations = 2 * MAX_ASSOCIATIONS  # the door counts them; the library's count lags behind
    entity.maximum_pdu_size = MAX_PDU_BYTES
    entity.acse_timeout, entity.dimse_timeout = ACSE_SECONDS, DIMSE_SECONDS
    entity.network_timeout = NETWORK_SECONDS
    entity.add_supported_context(VERIFICATION)
    for sop_class in SOP_CLASSES:
        entity.add_supported_context(sop_class, list(TRANSFER_SYNTAXES[kind_of(sop_class)]))
    return entity


def _store_request(event: Event) -> C_STORE:
    if not isinstance(event.request, C_STORE):
        raise TypeError("a handler of EVT_C_STORE was called for another request")
    return event.request


def _check_command(request: C_STORE, content: DatasetContent) -> None:
    command = request.AffectedSOPClassUID, request.AffectedSOPInstanceUID
    if (content.sop_class_uid, content.sop_instance_uid) != command:
        raise Refuse(DOES_NOT_MATCH, "SOP class or instance UID is not the command's.")


def _file(content: DatasetContent, syntax: str, encoded: memoryview) -> Iterator[bytes | memoryview]:
    """The file that is kept: an empty preamble, our file meta, and the dataset byte for byte as received."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(content.sop_class_uid)
    meta.MediaStorageSOPInstanceUID = UID(content.sop_instance_uid)
    meta.TransferSyntaxUID = UID(syntax)
    meta.ImplementationClassUID = IMPLEMENTATION_UID
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION
    buffer = DicomBytesIO()
    write_file_meta_info(buffer, meta)
    yield b"\0" * 128 + b"DICM" + buffer.getvalue()
    yield encoded


def _status(refusal: Refuse) -> Dataset:
    status = Dataset()
    status.Status = refusal.status
    status.ErrorComment = str(refusal)[:64]  # LO
    return status

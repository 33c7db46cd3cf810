"""One object from its command to its answer: written as it comes, looked at when whole, durable before success."""

import datetime as dt
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from pydicom.uid import DeflatedExplicitVRLittleEndian as DEFLATED

from stream import logs
from stream.crash import reach
from stream.dicom.gateway.association import SUCCESS
from stream.dicom.gateway.commands import Command
from stream.dicom.gateway.content import DatasetContent, read_content
from stream.dicom.gateway.encoding import MAX_NESTED_BYTES, header
from stream.dicom.gateway.incoming import IncomingFile
from stream.dicom.gateway.limits import MIB, OUT_OF_RESOURCES, SMALL_BYTES, LongLooks, ObjectLimits, SharedRoom
from stream.dicom.gateway.negotiation import IMPLEMENTATION_UID, IMPLEMENTATION_VERSION, Context
from stream.dicom.gateway.pdus import Breach
from stream.dicom.gateway.peers import Peer
from stream.dicom.gateway.spool import Arrival, Spool
from stream.dicom.reading.sop_classes import kind_of
from stream.errors import Refuse

DOES_NOT_MATCH = 0xA900  # PS3.4 B.2.3: data set does not match SOP class
NOT_SUPPORTED = 0x0122  # PS3.7 C.4.2: SOP class not supported, here: in this context

LOOK_BYTES = 64 * MIB
"""How often a long object looks whether the disk still has room."""


class Intake(NamedTuple):
    """What all objects share: the spool, the limits, memory and processor, and who is told of each that is kept."""

    spool: Spool
    limits: ObjectLimits
    room: SharedRoom
    looks: LongLooks
    kept: Callable[[Peer], None]


@dataclass
class SenderVisit:
    """One association while it lasts: who sends, and the studies that it touched."""

    peer: Peer
    address: str
    association: str = field(default_factory=lambda: secrets.token_hex(8))
    study_uids: dict[str, None] = field(default_factory=dict)


class IncomingObject:
    """An object that is being received. Of what is refused the rest is heard and forgotten."""

    def __init__(self, intake: Intake, visit: SenderVisit, command: Command, context: Context) -> None:
        self._intake, self._visit, self._command = intake, visit, command
        self._syntax = context.transfer_syntax
        self._file: IncomingFile | None = None
        self._refusal: Refuse | None = None
        self._bytes = 0
        if command.sop_class_uid != context.abstract_syntax:
            self._refuse(NOT_SUPPORTED, "SOP class is not the one of the context.")
            return
        try:
            self._check_disk()
            if self._refusal is None:
                self._file = intake.spool.incoming(file_head(command, self._syntax))
        except OSError as error:
            self._refuse(OUT_OF_RESOURCES, f"Cannot store: {error.strerror}")

    def take(self, piece: memoryview) -> None:
        """Write more of the dataset; raises Breach where it does not end."""
        most = self._intake.limits.object_bytes
        before, self._bytes = self._bytes, self._bytes + len(piece)
        if self._bytes > 2 * most:
            raise Breach("an object does not end")
        if self._bytes > most:
            self._refuse(OUT_OF_RESOURCES, f"Larger than {most // MIB} MiB.")
        if self._file is None:
            return
        try:
            self._file.write(piece)
            if before // LOOK_BYTES != self._bytes // LOOK_BYTES:
                self._check_disk()
        except OSError as error:
            self._refuse(OUT_OF_RESOURCES, f"Cannot store: {error.strerror}")

    def keep(self) -> tuple[int, str]:
        """Success once it is durable; what the sender hears."""
        try:
            self._keep()
        except Refuse as refusal:
            self._refuse(refusal.status, str(refusal))
        if self._refusal is None:
            self._intake.kept(self._visit.peer)
            return SUCCESS, ""
        logs.event("instance_refused", logging.WARNING, status=f"0x{self._refusal.status:04X}", reason=self._refusal)
        return self._refusal.status, str(self._refusal)

    def drop(self) -> None:
        """Let it go: what was not kept is removed."""
        if self._file:
            self._file.drop()
        self._file = None

    def _keep(self) -> None:
        if self._file is None:
            return
        content = self._content(self._file)
        _check_command(self._command, content)
        visit = self._visit
        arrival = Arrival(
            content_sha256=content.sha256,
            calling_ae=visit.peer.ae_title,
            peer=visit.address,
            association=visit.association,
            received_at=dt.datetime.now(dt.UTC),
        )
        self._intake.spool.keep(self._file, arrival)
        reach("receiver.kept")
        if content.study_uid:
            visit.study_uids[content.study_uid] = None

    def _content(self, file: IncomingFile) -> DatasetContent:
        limits = self._intake.limits.of_kind(kind_of(self._command.sop_class_uid), self._bytes)
        inflates = self._syntax == DEFLATED
        size = limits.inflated_bytes if inflates else min(self._bytes, MAX_NESTED_BYTES)
        needed = 2 * size if inflates or size > SMALL_BYTES else 0
        with self._intake.room.take(needed), self._intake.looks.begin() as goes_on:
            return read_content(file.dataset(), self._syntax, limits, goes_on)

    def _check_disk(self) -> None:
        if self._intake.spool.free_bytes() < self._intake.limits.free_bytes:
            self._refuse(OUT_OF_RESOURCES, "The disk is nearly full.")

    def _refuse(self, status: int, reason: str) -> None:
        """What is refused first counts."""
        self._refusal = self._refusal or Refuse(status, reason)
        self.drop()


def _check_command(command: Command, content: DatasetContent) -> None:
    if (content.sop_class_uid, content.sop_instance_uid) != (command.sop_class_uid, command.sop_instance_uid):
        raise Refuse(DOES_NOT_MATCH, "SOP class or instance UID is not the command's.")


def file_head(command: Command, syntax: str) -> bytes:
    """What stands before the dataset, kept byte for byte, in a file: empty preamble and file meta (PS3.10 7.1)."""
    uids = {
        0x00020002: command.sop_class_uid,
        0x00020003: command.sop_instance_uid,
        0x00020010: syntax,
        0x00020012: IMPLEMENTATION_UID,
    }
    meta = header(0x00020001, "OB", 2) + b"\0\1"
    for tag, uid in uids.items():
        value = uid.encode("latin-1")
        meta += header(tag, "UI", len(value) + len(value) % 2) + value + b"\0" * (len(value) % 2)
    meta += header(0x00020013, "SH", len(IMPLEMENTATION_VERSION)) + IMPLEMENTATION_VERSION.encode()
    length = header(0x00020000, "UL", 4) + len(meta).to_bytes(4, "little")
    return b"\0" * 128 + b"DICM" + length + meta

"""Command sets of DIMSE messages, read and written: Implicit VR Little Endian (PS3.7 6.3, 9.3, E.1)."""

import struct
from typing import NamedTuple

C_STORE, C_ECHO, C_CANCEL = 0x0001, 0x0030, 0x0FFF
RESPONSE = 0x8000
NO_DATASET = 0x0101

SOP_CLASS, FIELD, MESSAGE_ID, ANSWERED_ID = 0x0002, 0x0100, 0x0110, 0x0120
DATASET_TYPE, STATUS, COMMENT, SOP_INSTANCE = 0x0800, 0x0900, 0x0902, 0x1000

MAX_COMMAND_BYTES = 16384
"""A C-STORE request takes some 200."""

MAX_UID_BYTES = 64
MAX_COMMENT = 64
"""Of an LO (PS3.5 6.2)."""


class NoCommand(Exception):
    """The bytes are no command set, or lack what every request has."""


class Command(NamedTuple):
    """A request, as far as the door looks at it."""

    field: int
    message_id: int
    has_dataset: bool
    sop_class_uid: str
    sop_instance_uid: str


def read_command(encoded: bytes) -> Command:
    """The command of a message; raises NoCommand."""
    values = _elements(encoded)
    return Command(
        _number(values, FIELD),
        _number(values, MESSAGE_ID) if MESSAGE_ID in values else 0,
        _number(values, DATASET_TYPE) != NO_DATASET,
        _uid(values, SOP_CLASS),
        _uid(values, SOP_INSTANCE),
    )


def answer(request: Command, status: int, comment: str = "") -> bytes:
    """The response to a request, encoded."""
    values = {
        FIELD: struct.pack("<H", request.field | RESPONSE),
        ANSWERED_ID: struct.pack("<H", request.message_id),
        DATASET_TYPE: struct.pack("<H", NO_DATASET),
        STATUS: struct.pack("<H", status),
    }
    for element, uid in ((SOP_CLASS, request.sop_class_uid), (SOP_INSTANCE, request.sop_instance_uid)):
        if uid:
            values[element] = _even(uid.encode("latin-1"), b"\0")
    if comment:
        values[COMMENT] = _even(comment[:MAX_COMMENT].encode("ascii", "replace"), b" ")
    encoded = b"".join(
        struct.pack("<HHL", 0, element, len(values[element])) + values[element] for element in sorted(values)
    )
    return struct.pack("<HHLL", 0, 0, 4, len(encoded)) + encoded


def _elements(encoded: bytes) -> dict[int, bytes]:
    values: dict[int, bytes] = {}
    at = 0
    while at < len(encoded):
        if at + 8 > len(encoded):
            raise NoCommand
        group, element, length = struct.unpack_from("<HHL", encoded, at)
        at += 8 + length
        if group or at > len(encoded):
            raise NoCommand
        values[element] = encoded[at - length : at]
    return values


def _number(values: dict[int, bytes], element: int) -> int:
    value = values.get(element, b"")
    if len(value) != 2:
        raise NoCommand
    return int.from_bytes(value, "little")


def _uid(values: dict[int, bytes], element: int) -> str:
    """A UID as it stands there, "" where there is none."""
    uid = values.get(element, b"").rstrip(b"\0 ")
    if len(uid) > MAX_UID_BYTES:
        raise NoCommand
    return uid.decode("latin-1")


def _even(value: bytes, padding: bytes) -> bytes:
    return value + padding * (len(value) % 2)

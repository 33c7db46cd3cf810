"""Conversations and datasets that are nearly right: changed where the standard gives structure, and by chance."""

import random
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pydicom import Dataset

from tests.dicom.factories import encoded
from tests.dicom.gateway.test_conformance import SCRIPTS, command, data, item, request
from tests.dicom.gateway.test_fuzz import spoiled

STORE, SUCCESS = 0x0001, 0x0000
PATIENCE_SECONDS = 60.0
LENGTHS = (0, 1, 7, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
SHORTEST, ABORT = 6, b"\7\0\0\0\0\4\0\0\0\0"
STATUS = struct.pack("<HHL", 0x0000, 0x0900, 2)


def conversations(rng: random.Random) -> Iterator[bytes]:
    """What senders could say, without end: half of them go wrong only once they are let in."""
    usual = [[request(), *script] for script in SCRIPTS.values()]
    while True:
        first, *rest = _pdus(b"".join(rng.choice(usual)))
        if rng.random() < 0.5:
            yield b"".join(_rearranged(rng, [first, *rest]))
        else:
            yield first + b"".join(_rearranged(rng, rest))


def _pdus(said: bytes) -> list[bytes]:
    found = []
    while said:
        (length,) = struct.unpack_from(">L", said, 2)
        found.append(said[: 6 + length])
        said = said[6 + length :]
    return found


def _rearranged(rng: random.Random, pdus: Sequence[bytes]) -> list[bytes]:
    changed = list(pdus)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(changed) + 1)
        pdu = next((one for one in changed[at:] if len(one) > SHORTEST), ABORT)
        changed[at : at + 1] = rng.choice(CHANGES)(rng, pdu)
    return changed


def _as_it_is_long(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">L", len(body)) + body


def _inner_length(rng: random.Random, pdu: bytes) -> bytes:
    """A length of an item within says something else."""
    size, order = rng.choice([(2, ">H"), (4, ">L"), (4, "<L")])
    at = rng.randrange(6, max(7, len(pdu) - size))
    return pdu[:at] + struct.pack(order, rng.choice(LENGTHS) & (256**size - 1)) + pdu[at + size :]


CHANGES: tuple[Callable[[random.Random, bytes], list[bytes]], ...] = (
    lambda rng, pdu: [],
    lambda rng, pdu: [pdu, pdu],
    lambda rng, pdu: [bytes([rng.randrange(256)]) + pdu[1:]],
    lambda rng, pdu: [pdu[:2] + struct.pack(">L", rng.choice(LENGTHS)) + pdu[6:]],
    lambda rng, pdu: [pdu[: rng.randrange(len(pdu))]],
    lambda rng, pdu: [_as_it_is_long(pdu[:2], spoiled(rng, pdu[6:]))],
    lambda rng, pdu: [_inner_length(rng, pdu)],
    lambda rng, pdu: [_as_it_is_long(b"\4\0", _value(rng)), pdu],
    lambda rng, pdu: [rng.choice([request(), b"\5\0\0\0\0\4\0\0\0\0", b"\6\0\0\0\0\4\0\0\0\0"]), pdu],
    lambda rng, pdu: [rng.randbytes(rng.randrange(200))],
)
"""A PDU left out, said twice, of another type or length, cut, its content or a length in it changed, a value or another
PDU before it, noise."""


def _value(rng: random.Random) -> bytes:
    """A presentation data value of any context and control, of a length that may not be its own."""
    content = rng.choice([command(rng.randrange(0x10000)), rng.randbytes(20), b""])
    return struct.pack(">LBB", rng.choice([len(content) + 2, *LENGTHS]), rng.randrange(256), rng.randrange(8)) + content


def datasets(rng: random.Random, made: Sequence[Dataset]) -> Iterator[tuple[Dataset, bytes]]:
    """What was made of these, without end: spoiled bytes, or elements that were moved about."""
    whole = [(one, encoded(one)) for one in made]
    while True:
        one, said = rng.choice(whole)
        yield one, spoiled(rng, said) if rng.random() < 0.5 else _moved_about(rng, said)


def _moved_about(rng: random.Random, said: bytes) -> bytes:
    """Pieces that look like elements at other places, nested anew, or with another VR or length."""
    at = [place for place in range(0, len(said) - 8, 2) if said[place + 4 : place + 6].isupper()]
    for _ in range(rng.randint(1, 3)):
        start, end = sorted(rng.sample(at, 2))
        piece = said[start:end]
        said = rng.choice(
            [
                said[:start] + said[end:],
                said[:end] + piece + said[end:],
                said[:start] + _sequence(piece, rng) + said[end:],
                said[: start + 4] + rng.choice(VRS) + said[start + 6 :],
                said[: start + 6] + struct.pack("<H", rng.choice(LENGTHS) & 0xFFFF) + said[start + 8 :],
            ]
        )
    return said


VRS = (b"SQ", b"UN", b"OB", b"UI", b"PN", b"DS", b"UT", b"FD", b"ZZ")


def _sequence(piece: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.choice([1, 1, 3, 40])):
        piece = struct.pack("<HHL", 0xFFFE, 0xE000, len(piece)) + piece
        piece = struct.pack("<HH2sHL", 0x0008, 0x1140, b"SQ", 0, len(piece)) + piece
    return piece


@dataclass
class Sender:
    """Sends datasets as they are, one association after the other where the receiver ends one."""

    port: int
    contexts: dict[int, str]
    connection: socket.socket | None = None

    def store(self, sop_class: str, instance: str, dataset: bytes) -> int | None:
        """The status that was answered; None where the association ended instead."""
        try:
            self.connection = self.connection or self._associated()
            context = next(number for number, known in self.contexts.items() if known == sop_class)
            asked = command(STORE, sop_class, instance, dataset=0)
            self.connection.sendall(data(item(3, asked, context)) + data(item(2, dataset, context)))
            return self._status()
        except ConnectionError:
            self.close()
            return None

    def close(self) -> None:
        if self.connection:
            self.connection.close()
        self.connection = None

    def _associated(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS)
        connection.sendall(request(self.contexts))
        self.connection = connection
        assert self._pdu()[0] == 2
        return connection

    def _status(self) -> int:
        answer = self._pdu()
        _, found, after = answer.partition(STATUS)
        if not found:
            raise ConnectionAbortedError
        return int.from_bytes(after[:2], "little")

    def _pdu(self) -> bytes:
        head = self._read(6)
        return head + self._read(int.from_bytes(head[2:], "big"))

    def _read(self, size: int) -> bytes:
        assert self.connection is not None
        read = b""
        while len(read) < size:
            piece = self.connection.recv(size - len(read))
            if not piece:
                raise ConnectionResetError
            read += piece
        return read


def said_to(port: int, said: bytes) -> None:
    """One conversation; the receiver may end it when it likes. TimeoutError where it neither answers nor ends."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        try:
            connection.sendall(said)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
        except TimeoutError:
            raise
        except OSError:
            pass  # it has heard enough

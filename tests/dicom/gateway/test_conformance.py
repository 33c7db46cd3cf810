"""The door beside pynetdicom's own acceptor: told the same, both answer the same; and senders that end anywhere."""

import socket
import struct
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread, uid
from pynetdicom import AE, evt
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import A_ASSOCIATE, ImplementationClassUIDNotification, MaximumLengthNotification
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import CTImageStorage, UltrasoundImageStorage, Verification

from stream.dicom.gateway.spool import InstanceRecord
from stream.dicom.reading.sop_classes import SOP_CLASSES, TRANSFER_SYNTAXES, kind_of
from stream.endpoints import free_port
from tests.dicom.factories import dataset_bytes, encoded, make_image, make_sr, save
from tests.dicom.gateway.running import Gateway
from tests.programs import needs_program
from tests.waiting import wait_until

ECHO, STORE, FIND, CANCEL = 0x0030, 0x0001, 0x0020, 0x0FFF
RELEASE, ABORT = struct.pack(">BBLL", 5, 0, 4, 0), struct.pack(">BBLL", 7, 0, 4, 0)
CONTEXTS = {1: Verification, 3: CTImageStorage, 5: UltrasoundImageStorage}
IMAGE = make_image(np.ones((64, 64)), SOPClassUID=CTImageStorage, Modality="CT")


@pytest.fixture(scope="module")
def library() -> Iterator[int]:
    """Port of pynetdicom's acceptor with the same contexts, which takes everything."""
    entity = AE("SCANSTREAM")
    entity.maximum_pdu_size = 131072
    entity.add_supported_context(Verification)
    for sop_class in SOP_CLASSES:
        entity.add_supported_context(sop_class, list(TRANSFER_SYNTAXES[kind_of(sop_class)]))
    port = free_port()
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_STORE, lambda _: 0)])
    yield port
    server.shutdown()


def request(contexts: dict[int, str] = CONTEXTS, max_pdu: int = 16384, version: int = 1) -> bytes:
    """A-ASSOCIATE-RQ."""
    longest, implementation = MaximumLengthNotification(), ImplementationClassUIDNotification()
    longest.maximum_length_received, implementation.implementation_class_uid = max_pdu, "1.2.3"
    asked = A_ASSOCIATE()
    asked.application_context_name = "1.2.840.10008.3.1.1.1"
    asked.calling_ae_title, asked.called_ae_title = "TEST", "SCANSTREAM"
    asked.user_information = [longest, implementation]
    proposed = [build_context(abstract) for abstract in contexts.values()]
    for context_id, context in zip(contexts, proposed, strict=True):
        context.context_id = context_id
    asked.presentation_context_definition_list = proposed
    pdu = A_ASSOCIATE_RQ()
    pdu.from_primitive(asked)
    pdu.protocol_version = version
    return pdu.encode()


def command(field: int, sop_class: str = Verification, instance: str = "", dataset: int = 0x0101) -> bytes:
    """A command set."""
    is_answer = bool(field & 0x8000)
    values = {0x0002: _uid(sop_class), 0x0100: struct.pack("<H", field), 0x0120 if is_answer else 0x0110: b"\7\0"}
    values |= {0x0700: b"\0\0"} if field == STORE else {}
    values |= {0x0800: struct.pack("<H", dataset)} | ({0x0900: b"\0\0"} if is_answer else {})
    values |= {0x1000: _uid(instance)} if instance else {}
    content = b"".join(struct.pack("<HHL", 0, tag, len(value)) + value for tag, value in values.items())
    return struct.pack("<HHLL", 0, 0, 4, len(content)) + content


def _uid(text: str) -> bytes:
    return text.encode() + b"\0" * (len(text) % 2)


def item(control: int, content: bytes, context: int = 1) -> bytes:
    """A presentation data value; `control`: 1 command, 2 last."""
    return struct.pack(">LBB", len(content) + 2, context, control) + content


def data(*items: bytes) -> bytes:
    """A P-DATA-TF."""
    content = b"".join(items)
    return struct.pack(">BBL", 4, 0, len(content)) + content


def store(encoded_dataset: bytes, size: int, context: int = 3) -> bytes:
    """All of a C-STORE, its dataset in pieces of `size`."""
    asked = command(STORE, CTImageStorage, IMAGE.SOPInstanceUID, dataset=0)
    pieces = [encoded_dataset[at : at + size] for at in range(0, len(encoded_dataset), size)]
    parts = [data(item(0, piece, context)) for piece in pieces[:-1]]
    return b"".join([data(item(3, asked, context)), *parts, data(item(2, pieces[-1], context))])


ECHO_ONCE = command(ECHO)
DATASET = encoded(IMAGE)
SCRIPTS: dict[str, list[bytes]] = {
    "echo": [data(item(3, ECHO_ONCE)), RELEASE],
    "echo twice": [data(item(3, ECHO_ONCE)), data(item(3, ECHO_ONCE)), RELEASE],
    "a command byte by byte": [
        b"".join(data(item(1, ECHO_ONCE[at : at + 1])) for at in range(len(ECHO_ONCE) - 1))
        + data(item(3, ECHO_ONCE[-1:])),
        RELEASE,
    ],
    "a command in one PDU of two values": [data(item(1, ECHO_ONCE[:9]), item(3, ECHO_ONCE[9:])), RELEASE],
    "an empty PDU before": [data() + data(item(3, ECHO_ONCE)), RELEASE],
    "an empty last piece": [data(item(1, ECHO_ONCE), item(3, b"")), RELEASE],
    "a store": [store(DATASET, 4096), RELEASE],
    "a store byte by byte": [store(DATASET[:300], 1), RELEASE],
    "a cancel is not answered": [data(item(3, command(CANCEL))) + data(item(3, ECHO_ONCE)), RELEASE],
    "an answer is not answered": [data(item(3, command(ECHO | 0x8000))) + data(item(3, ECHO_ONCE)), RELEASE],
    "release at once": [RELEASE],
    "release in the middle of a message": [data(item(1, ECHO_ONCE[:9])) + RELEASE],
    "a context that was not asked for": [data(item(3, ECHO_ONCE, 99))],
    "a context that was not taken": [
        data(item(3, command(STORE, UltrasoundImageStorage, "1.2", 0), 5), item(2, b"", 5)),
    ],
    "another service": [data(item(3, command(FIND, dataset=0)), item(2, b""))],
    "a second request": [request()],
    "an acceptance": [struct.pack(">BBL", 2, 0, 68) + b"\0\1" + bytes(66)],
    "an answer to no release": [struct.pack(">BBLL", 6, 0, 4, 0)],
    "a PDU that does not exist": [struct.pack(">BBLL", 8, 0, 4, 0)],
    "a value longer than its PDU": [struct.pack(">BBLLBB", 4, 0, 6, 2000, 1, 3)],
    "a value without a head": [struct.pack(">BBL", 4, 0, 3) + b"\0\0\0"],
    "no command": [data(item(3, b"\xff" * 40))],
}
OTHERWISE = {
    "a store byte by byte": [b"\4", b"\6"],  # of what is no dataset: the reference takes it, the door refuses
    "another service": [b"\7"],  # the reference takes it for an echo
    "no command": [b"\7"],  # the reference hangs up without a word
}
"""By script the kinds of PDU that the door answers where the reference, rightly or not, does otherwise."""


def talk(port: int, steps: Sequence[bytes], asked: bytes | None = None) -> list[bytes]:
    """What is answered, PDU by PDU, one after each step; b"" for the end of the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        reader = connection.makefile("rb")
        heard = []
        for step in (request() if asked is None else asked, *steps):
            connection.sendall(step)
            head = reader.read(6)
            heard.append(head + reader.read(int.from_bytes(head[2:6], "big")) if head else b"")
        return heard


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_door_answers_what_the_library_answers(gateway: Gateway, library: int, script: str) -> None:
    ours, theirs = talk(gateway.port, SCRIPTS[script])[1:], talk(library, SCRIPTS[script])[1:]
    if script in OTHERWISE:
        assert ([pdu[:1] for pdu in ours], ours != theirs) == (OTHERWISE[script], True)
    else:
        assert ours == theirs


@pytest.mark.parametrize(
    "asked",
    [
        request(),
        request({1: UltrasoundImageStorage}),
        request({1: Verification, 3: Verification}),
        request({2 * n + 1: sop_class for n, sop_class in enumerate([*SOP_CLASSES, UltrasoundImageStorage])}),
        request(max_pdu=0),
        request(version=2),
    ],
    ids=["some", "none", "the same twice", "all", "any length", "another protocol"],
)
def test_the_door_takes_the_contexts_that_the_library_takes(gateway: Gateway, library: int, asked: bytes) -> None:
    (ours,), (theirs,) = talk(gateway.port, [], asked), talk(library, [], asked)
    assert ours[:1] == theirs[:1]
    if ours[0] != 2:
        assert ours == theirs
    else:
        assert _taken(ours) == _taken(theirs)


def _taken(answer: bytes) -> list[tuple[object, ...]]:
    pdu = A_ASSOCIATE_AC()
    pdu.decode(answer)
    decided = pdu.to_primitive()
    contexts = decided.presentation_context_definition_results_list
    found = [(cx.context_id, cx.result, *(cx.transfer_syntax if cx.result == 0 else ())) for cx in contexts]
    return [*found, (decided.maximum_length_received, decided.calling_ae_title, decided.called_ae_title)]


@pytest.mark.parametrize("max_pdu", [7, 30, 4096])
def test_an_answer_comes_in_pieces_as_small_as_the_sender_wants_them(gateway: Gateway, max_pdu: int) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as connection:
        connection.sendall(request(max_pdu=max_pdu) + data(item(3, ECHO_ONCE)) + RELEASE)
        heard = connection.makefile("rb").read()
    pdus = _pdus(heard)
    assert [pdu[0] for pdu in pdus] == [2, *[4] * (len(pdus) - 2), 6]
    assert max(len(pdu) for pdu in pdus[1:-1]) <= max_pdu + 6
    answer = b"".join(pdu[12:] for pdu in pdus[1:-1])
    assert struct.pack("<HHLH", 0, 0x0900, 2, 0) in answer


def _pdus(heard: bytes) -> list[bytes]:
    found = []
    while heard:
        end = 6 + int.from_bytes(heard[2:6], "big")
        found.append(heard[:end])
        heard = heard[end:]
    return found


WHOLE = request() + store(DATASET, 4096)
BORDERS = [0, *(sum(map(len, _pdus(WHOLE)[:number])) for number in range(1, len(_pdus(WHOLE))))]
ANYWHERE = sorted({*range(0, len(WHOLE), 997), *BORDERS, *(border + 6 for border in BORDERS), len(WHOLE) - 1})


@pytest.mark.parametrize(("steps", "last"), [(ANYWHERE, b""), (BORDERS, ABORT)], ids=["hangs up", "aborts"])
def test_a_sender_that_ends_at_any_step_leaves_nothing_behind(gateway: Gateway, steps: list[int], last: bytes) -> None:
    for end in steps:
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as connection:
            connection.sendall(WHOLE[:end] + last)
            connection.shutdown(socket.SHUT_WR)
            connection.makefile("rb").read()
    wait_until(lambda: list(gateway.spool.folder.iterdir()) == [])
    assert len(talk(gateway.port, [store(DATASET, 4096), RELEASE])) == 3
    assert len(gateway.records(2)) == 2


@pytest.fixture
def storescu(gateway: Gateway) -> Callable[..., None]:
    def run(*arguments: object) -> None:
        command = [needs_program("storescu"), "-R", "-aec", "SCANSTREAM", "127.0.0.1", str(gateway.port)]
        subprocess.run([*command, *map(str, arguments)], check=True)

    return run


@pytest.mark.parametrize("size", [4096, 16384, 65536, 131072])
@pytest.mark.parametrize("proposed", ["-xi", "-xe"])
def test_dcmtk_stores_with_every_size_of_pdu(
    gateway: Gateway, storescu: Callable[..., None], tmp_path: Path, size: int, proposed: str
) -> None:
    syntax = {"-xi": uid.ImplicitVRLittleEndian, "-xe": uid.ExplicitVRLittleEndian}[proposed]
    made = [make_image(np.ones((300, 300))), make_sr(), make_image(np.ones((3, 5)))]
    paths = [save(dataset, tmp_path / f"{number}.dcm", syntax) for number, dataset in enumerate(made)]
    storescu("-pdu", size, "--max-send-pdu", size, proposed, *paths)
    kept = [record for record in gateway.records(4) if isinstance(record, InstanceRecord)]
    assert [dataset_bytes(gateway.spool.file(record)) for record in kept] == [dataset_bytes(path) for path in paths]
    assert {dcmread(gateway.spool.file(record)).file_meta.TransferSyntaxUID for record in kept} == {syntax}


def test_a_class_of_object_comes_in_its_own_context_only(gateway: Gateway) -> None:
    asked = command(STORE, CTImageStorage, IMAGE.SOPInstanceUID, dataset=0)
    contexts = {1: Verification, 3: uid.Comprehensive3DSRStorage}
    (_, answer) = talk(gateway.port, [data(item(3, asked, 3), item(2, DATASET, 3))], request(contexts))
    assert struct.pack("<HHLH", 0, 0x0900, 2, 0x0122) in answer
    assert gateway.records(0) == []

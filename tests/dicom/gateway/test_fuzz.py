"""Conversations that go wrong at random: nothing of ours fails, nothing is left behind, the next sender is served."""

import random
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from stream.dicom.gateway.content import read_content
from stream.endpoints import free_port
from stream.errors import Refuse
from stream.settings import Settings
from tests.dicom.factories import encoded, make_image, make_sr, save
from tests.dicom.gateway.running import Gateway
from tests.dicom.gateway.test_conformance import DATASET, RELEASE, SCRIPTS, request, store
from tests.waiting import wait_until

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # the libraries say what they think of it

CONVERSATIONS, FILES = 300, 3000
SYNTAXES = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.80")


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    gateway = Gateway(Settings(data_dir=tmp_path / "data", dicom_port=free_port()))
    yield gateway
    gateway.stop()


def spoiled(rng: random.Random, said: bytes) -> bytes:
    """Some bytes changed, left out, said twice or made up; lengths and types of PDUs among them."""
    data = bytearray(said)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        end = at + rng.choice([1, 2, 4, 6, 12, 100])
        data[at:end] = rng.choice([b"", data[at:end] * 2, rng.randbytes(end - at), b"\xff" * 4, b"\0" * 4])
    return bytes(data)


@pytest.mark.parametrize("kept", [0, len(request())], ids=["from the start", "once it is in"])
def test_no_conversation_disturbs_the_next_one(
    gateway: Gateway, tmp_path: Path, caplog: pytest.LogCaptureFixture, kept: int
) -> None:
    rng = random.Random(kept)
    usual = [request() + b"".join(script) for script in SCRIPTS.values()]
    usual.append(request() + store(DATASET, 512) + store(DATASET, 4096) + RELEASE)
    for _ in range(CONVERSATIONS):
        said = rng.choice(usual)
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as connection:
            try:
                connection.sendall(said[:kept] + spoiled(rng, said[kept:]))
                with suppress(OSError):  # the other side may have hung up
                    connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass
            except ConnectionError:
                pass  # it has heard enough
    assert gateway.store(save(make_sr(), tmp_path / "sr.dcm")) == [0]
    wait_until(lambda: not list(gateway.spool.folder.glob(".writing-*")))
    assert [record.message for record in caplog.records if "failed" in record.message] == []


@pytest.mark.parametrize("made", ["image", "report"])
def test_every_spoiled_dataset_is_understood_or_refused(made: str) -> None:
    rng, whole = random.Random(made), encoded({"image": make_image(), "report": make_sr()}[made])
    refused = 0
    for _ in range(FILES):
        try:
            read_content(spoiled(rng, whole), rng.choice(SYNTAXES))
        except Refuse as refusal:
            refused += 1
            assert refusal.status == 0xC000
    assert 0 < refused < FILES

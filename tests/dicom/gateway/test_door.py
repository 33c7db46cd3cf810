"""Who is let in, what the others hear, and that nobody keeps those out who may come in."""

import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.sop_class import Verification

from stream.dicom.gateway import association as served
from stream.dicom.gateway import pdus, slots
from stream.dicom.gateway.guard import Guard
from stream.endpoints import free_port
from stream.errors import WrongUse
from stream.settings import Settings
from stream.storage.intake.refusals import Refusal
from tests.dicom.factories import make_image, make_sr, save
from tests.dicom.gateway.running import Gateway
from tests.programs import needs_program
from tests.waiting import wait_until

Start = Callable[..., Gateway]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a gateway with these peers (text of the file, None for no file) and settings."""
    started: list[Gateway] = []

    def run(peers: str | None = None, **settings: object) -> Gateway:
        chosen = Settings(data_dir=tmp_path / "data", dicom_port=free_port(), **settings)
        chosen.data_dir.mkdir()
        if peers is not None:
            chosen.peers.write_text(peers)
        started.append(Gateway(chosen))
        return started[-1]

    yield run
    for gateway in started:
        gateway.stop()


def peer(ae_title: str, **fields: object) -> str:
    """An entry of the list."""
    lines = [f"{name} = {value!r}".replace("'", '"') for name, value in {"ae_title": ae_title, **fields}.items()]
    return "\n".join(["[[peer]]", *lines, ""])


def echo(gateway: Gateway, calling: str = "CT1", called: str = "SCANSTREAM") -> str:
    """What dcmtk's echoscu says: nothing where it is let in."""
    command = [needs_program("echoscu"), "-aet", calling, "-aec", called, "127.0.0.1", str(gateway.port)]
    return subprocess.run(command, capture_output=True, text=True).stderr


def refused(gateway: Gateway, count: int = 1) -> list[Refusal]:
    """Refusals by sender and cause, once `count` are there."""
    wait_until(lambda: sum(one.times for one in gateway.receiver.refusals.pending()) >= count)
    return sorted(gateway.receiver.refusals.pending())


def associate(gateway: Gateway, calling: str = "CT1", source: str = "127.0.0.1") -> Association:
    """An association from one of this machine's own addresses, for an echo at once and whatever else it asks."""
    entity = AE(calling)
    entity.add_requested_context(Verification)
    return entity.associate("127.0.0.1", gateway.port, ae_title="SCANSTREAM", bind_address=(source, 0))


def connect(gateway: Gateway, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", gateway.port), timeout=20, source_address=(source, 0))


def test_without_a_list_everybody_on_this_machine_is_let_in_by_whatever_name(start: Start) -> None:
    assert echo(start(), "ANYBODY", "ANYTHING") == ""


@pytest.mark.parametrize(
    ("calling", "called", "fields", "heard", "cause"),
    [
        ("CT2", "SCANSTREAM", {}, "Calling AE Title Not Recognized", "unknown_ae"),
        ("ct1", "SCANSTREAM", {}, "Calling AE Title Not Recognized", "unknown_ae"),
        ("CT1", "SCANSTREAM", {"address": "10.1.2.0/24"}, "Calling AE Title Not Recognized", "address"),
        ("CT1", "PACS", {}, "Called AE Title Not Recognized", "called_ae"),
    ],
)
def test_who_is_not_on_the_list_hears_why_and_is_counted(
    start: Start, calling: str, called: str, fields: dict[str, str], heard: str, cause: str
) -> None:
    gateway = start(peer("CT1", **fields))
    said = echo(gateway, calling, called)
    assert "Rejected Permanent, Source: Service User" in said
    assert heard in said
    assert [one[:3] for one in refused(gateway)] == [(calling, "127.0.0.1", cause)]


def test_a_peer_at_its_address_is_let_in(start: Start) -> None:
    gateway = start(peer("CT1", address=["10.1.2.3", "127.0.0.0/8"]))
    assert echo(gateway) == ""
    assert gateway.receiver.refusals.pending() == []


def test_a_refusal_leaves_one_line_that_names_the_cause(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    gateway = start(peer("CT1"))
    for _ in range(3):
        echo(gateway, "CT2")
    assert [one.times for one in refused(gateway, 3)] == [3]
    (line,) = (record.message for record in caplog.records if "sender_refused" in record.message)
    assert "peer=127.0.0.1 cause=unknown_ae" in line
    assert "CT2" not in line  # a stranger's text may be a patient's name


def test_a_list_that_changes_counts_at_once_and_one_that_is_wrong_or_gone_does_not(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = start(peer("CT1"))
    assert echo(gateway, "CT2") != ""
    gateway.settings.peers.write_text(peer("CT1") + peer("CT2"))
    assert echo(gateway, "CT2") == ""
    gateway.settings.peers.write_text("[[peer]]\n")
    assert echo(gateway, "CT2") == ""
    assert "peers.toml, line 1, ae_title: it is missing" in caplog.text
    gateway.settings.peers.unlink()
    assert (echo(gateway, "CT2"), echo(gateway, "CT3") != "") == ("", True)


def test_a_peer_that_may_send_reports_only_is_offered_nothing_else(start: Start, tmp_path: Path) -> None:
    gateway = start(peer("TEST", kinds=["sr"]))
    assert gateway.store(save(make_sr(), tmp_path / "sr.dcm")) == [0]
    assert gateway.store(save(make_image(), tmp_path / "ct.dcm")) == [None]


def test_a_sender_with_a_pace_waits_for_its_answers_and_no_other_does(start: Start, tmp_path: Path) -> None:
    gateway = start(peer("TEST", files_per_minute=120) + peer("OTHER"))
    began = time.monotonic()
    assert gateway.store(*[save(make_sr(), tmp_path / f"{number}.dcm") for number in range(4)]) == [0] * 4
    assert time.monotonic() - began >= 3 * 60 / 120


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.7"])
def test_a_port_for_the_network_needs_somebody_who_says_who_may_come_in(tmp_path: Path, host: str) -> None:
    with pytest.raises(WrongUse, match="nothing says who may come in.*SCANSTREAM_OPEN=yes"):
        Guard(Settings(data_dir=tmp_path, dicom_host=host))
    assert "everybody in the network" in Guard(Settings(data_dir=tmp_path, dicom_host=host, open=True)).lets_in()
    (tmp_path / "peers.toml").write_text(peer("CT1"))
    assert "1 peers of" in Guard(Settings(data_dir=tmp_path, dicom_host=host)).lets_in()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_a_port_for_this_machine_needs_nothing(tmp_path: Path, host: str) -> None:
    assert "everybody on this machine" in Guard(Settings(data_dir=tmp_path, dicom_host=host)).lets_in()


def test_a_certificate_that_nobody_is_asked_for_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "peers.toml").write_text(peer("CT1", certificate="0f" * 32))
    with pytest.raises(WrongUse, match="CT1 has a certificate, and nobody is asked for one"):
        Guard(Settings(data_dir=tmp_path))


def test_those_who_connect_and_say_nothing_keep_nobody_out(start: Start) -> None:
    gateway = start()
    silent = [connect(gateway) for _ in range(2 * slots.MAX_ASSOCIATIONS)]
    assert echo(gateway) == ""
    for connection in silent:
        connection.close()


def test_who_is_gone_without_a_word_leaves_nothing_behind(start: Start) -> None:
    gateway = start()
    for _ in range(2 * slots.MAX_ASSOCIATIONS):
        connect(gateway).close()
    assert echo(gateway) == ""
    assert gateway.receiver.refusals.pending() == []


def test_the_longest_wait_of_the_fullest_address_ends_for_the_next(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "MAX_WAITING", 4)
    gateway = start()
    other = connect(gateway, "127.0.0.2")
    many = [connect(gateway, "127.0.0.3") for _ in range(4)]
    assert many[0].recv(1) == b""
    for connection in (other, *many[1:]):
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1)
    assert [one[:3] for one in refused(gateway)] == [("", "127.0.0.3", "all_taken")]


def test_who_drips_a_request_is_cut_off_and_counted(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "REQUEST_SECONDS", 0.1)
    gateway = start()
    dripping = connect(gateway)
    dripping.sendall(b"\x01\x00\x00")
    assert dripping.recv(1) == b""
    assert [one.cause for one in refused(gateway)] == ["silent"]


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
        b"\x04\0\0\0\0\x04abcd",
        b"\x01\0\0\0\0\x04abcd",
        b"\x01\0" + b"\xff" * 4,
    ],
    ids=["http", "data", "short", "huge"],
)
def test_who_asks_for_something_else_is_aborted_and_counted(start: Start, said: bytes) -> None:
    gateway = start()
    with connect(gateway) as stranger:
        stranger.sendall(said)
        assert stranger.makefile("rb").read() == b"\x07\0\0\0\0\x04\0\0\x02\0"  # A-ABORT, of the provider
    assert [one.cause for one in refused(gateway)] == ["no_request"]


def test_a_full_house_says_so_and_a_place_is_free_as_soon_as_somebody_is_gone(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "MAX_ASSOCIATIONS", 2)
    gateway = start()
    first, second = associate(gateway), associate(gateway)
    assert not associate(gateway).is_established
    assert [one[:3] for one in refused(gateway)] == [("CT1", "127.0.0.1", "all_taken")]
    first.dul.socket.socket.close()
    wait_until(lambda: associate(gateway).is_established)
    second.release()


def test_one_address_cannot_take_all_places(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "MOST_OF_ADDRESS", 2)
    gateway = start()
    inside = [associate(gateway, source="127.0.0.2") for _ in range(2)]
    assert not associate(gateway, source="127.0.0.2").is_established
    inside.append(associate(gateway, source="127.0.0.3"))
    assert all(association.is_established for association in inside)
    assert [one.cause for one in refused(gateway)] == ["address_full"]
    for association in inside:
        association.abort()


def test_a_place_is_kept_for_each_peer_that_has_none(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "MAX_ASSOCIATIONS", 4)
    gateway = start(peer("CT1") + peer("CT2") + peer("CT3"))
    inside = [associate(gateway, "CT1") for _ in range(2)]
    assert not associate(gateway, "CT1").is_established
    inside += [associate(gateway, "CT2"), associate(gateway, "CT3")]
    assert all(association.is_established for association in inside)
    for association in inside:
        association.abort()


def test_who_is_in_and_says_nothing_is_put_out(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdus, "MESSAGE_SECONDS", 0.1)
    association = associate(start())
    assert association.is_established
    wait_until(lambda: association.is_aborted)


def test_a_slow_line_that_brings_something_is_not(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdus, "MESSAGE_SECONDS", 5.0)
    association = associate(start())
    assert [association.send_c_echo().Status for _ in range(3)] == [0, 0, 0]
    monkeypatch.setattr(pdus, "MESSAGE_SECONDS", 0.0)
    assert association.send_c_echo().Status == 0
    association.release()


def test_an_error_of_ours_ends_one_association_and_leaves_one_line(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    gateway = start()
    other, broken = associate(gateway), associate(gateway)

    def fails(*_: object) -> None:
        raise RuntimeError("quotes 19500523")

    monkeypatch.setattr(served, "answer", fails)
    assert "Status" not in broken.send_c_echo()
    monkeypatch.undo()
    assert other.send_c_echo().Status == 0
    other.release()
    assert echo(gateway) == ""
    (line,) = (record.message for record in caplog.records if "failed" in record.message)
    assert re.fullmatch(r'association_failed error="RuntimeError at receiver.py:.* > test_door.py:\d+"', line)
    assert "19500523" not in caplog.text
    assert "Traceback" not in capfd.readouterr().err

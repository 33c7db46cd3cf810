"""DICOM over TLS with dcmtk as the foreign sender: who is let in, and what the log says of who is not."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from stream.dicom.gateway.guard import Guard
from stream.endpoints import free_port
from stream.errors import CannotStart, WrongUse
from stream.settings import Settings
from tests.dicom.factories import dataset_bytes, make_image, save
from tests.dicom.gateway.certificates import Identity, authority, issued, openssl
from tests.dicom.gateway.running import Gateway
from tests.programs import needs_program
from tests.waiting import wait_until


class Hospital(NamedTuple):
    """Its authority, another one, and what they issued."""

    authority: Identity
    other: Identity
    server: Identity
    scanner: Identity
    stranger: Identity
    expired: Identity


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    folder = tmp_path_factory.mktemp("certificates")
    ours, other = authority(folder, "hospital"), authority(folder, "elsewhere")
    names = [issued(ours, "server"), issued(ours, "scanner"), issued(other, "stranger"), issued(ours, "expired", -1)]
    return Hospital(ours, other, *names)


@pytest.fixture
def start(tmp_path: Path, hospital: Hospital) -> Iterator[Callable[..., Gateway]]:
    """Starts a gateway that asks for a certificate, unless `mutual` is false, with these peers."""
    started: list[Gateway] = []

    def run(peers: str | None = None, mutual: bool = True, server: Identity = hospital.server) -> Gateway:
        settings = Settings(
            data_dir=tmp_path / "data",
            dicom_port=free_port(),
            tls_certificate=server.certificate,
            tls_key=server.key,
            tls_client_ca=hospital.authority.certificate if mutual else None,
        )
        settings.data_dir.mkdir()
        if peers is not None:
            settings.peers.write_text(peers)
        started.append(Gateway(settings))
        return started[-1]

    yield run
    for gateway in started:
        gateway.stop()


def store(gateway: Gateway, path: Path, trusted: Identity, shown: Identity | None, calling: str = "CT1") -> str:
    """What dcmtk's storescu says, in TLS, trusting an authority and showing a certificate or none."""
    who = ["+tls", shown.key, shown.certificate] if shown else ["+tla"]
    to = ["-aet", calling, "-aec", "SCANSTREAM", "127.0.0.1", gateway.port]
    command = [needs_program("storescu"), "-v", "-R", *who, "+cf", trusted.certificate, *to, path]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True).stderr


def causes(gateway: Gateway) -> list[str]:
    """Why senders were refused, once one was."""
    wait_until(lambda: bool(gateway.receiver.refusals.pending()))
    return [one.cause for one in gateway.receiver.refusals.pending()]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return save(make_image(), tmp_path / "ct.dcm")


def test_a_sender_with_a_certificate_stores_byte_for_byte(
    start: Callable[..., Gateway], hospital: Hospital, image: Path
) -> None:
    gateway = start()
    assert "Store Response (Success)" in store(gateway, image, hospital.authority, hospital.scanner)
    instance, _ = gateway.records(2)
    assert dataset_bytes(gateway.spool.file(instance)) == dataset_bytes(image)
    assert gateway.receiver.refusals.pending() == []


def test_without_a_client_authority_nobody_has_to_show_one(
    start: Callable[..., Gateway], hospital: Hospital, image: Path
) -> None:
    assert "(Success)" in store(start(mutual=False), image, hospital.authority, None)


@pytest.mark.parametrize(
    ("shown", "cause"),
    [(None, "no_certificate"), ("stranger", "untrusted_certificate"), ("expired", "expired_certificate")],
)
def test_who_shows_no_certificate_of_ours_is_refused_and_counted(
    start: Callable[..., Gateway],
    hospital: Hospital,
    image: Path,
    caplog: pytest.LogCaptureFixture,
    shown: str | None,
    cause: str,
) -> None:
    gateway = start()
    assert "(Success)" not in store(gateway, image, hospital.authority, getattr(hospital, shown) if shown else None)
    assert causes(gateway) == [cause]
    assert f"sender_refused peer=127.0.0.1 cause={cause}" in caplog.text
    assert gateway.records(0) == []


def test_who_does_not_trust_us_is_counted(start: Callable[..., Gateway], hospital: Hospital, image: Path) -> None:
    gateway = start()
    assert "(Success)" not in store(gateway, image, hospital.other, hospital.scanner)
    assert causes(gateway) == ["distrusts_us"]


def test_a_plain_sender_is_refused_and_a_plain_look_at_the_port_is_not(
    start: Callable[..., Gateway], hospital: Hospital, image: Path
) -> None:
    gateway = start()
    socket.create_connection(("127.0.0.1", gateway.port)).close()
    assert gateway.receiver.refusals.pending() == []
    echo = [needs_program("echoscu"), "127.0.0.1", str(gateway.port)]
    assert subprocess.run(echo, capture_output=True).returncode != 0
    assert causes(gateway) == ["no_tls"]


@pytest.mark.parametrize("version", ["tls1", "tls1_1"])
def test_an_old_tls_is_refused(start: Callable[..., Gateway], hospital: Hospital, tmp_path: Path, version: str) -> None:
    gateway = start()
    told = _client(gateway, hospital, f"-{version}", "-cipher", "ALL:@SECLEVEL=0")
    assert "Cipher is (NONE)" in told
    assert causes(gateway) == ["tls_version"]


@pytest.mark.parametrize("cipher", ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA"])
def test_a_cipher_without_forward_secrecy_or_authentication_is_refused(
    start: Callable[..., Gateway], hospital: Hospital, cipher: str
) -> None:
    gateway = start()
    assert "Cipher is (NONE)" in _client(gateway, hospital, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")
    assert causes(gateway) == ["tls_version"]


@pytest.mark.parametrize("version", ["tls1_2", "tls1_3"])
def test_a_tls_of_today_is_spoken(start: Callable[..., Gateway], hospital: Hospital, version: str) -> None:
    assert "Verify return code: 0 (ok)" in _client(start(), hospital, f"-{version}")


def _client(gateway: Gateway, hospital: Hospital, *words: str) -> str:
    """What openssl's client says of its handshake."""
    files = [
        "-cert",
        hospital.scanner.certificate,
        "-key",
        hospital.scanner.key,
        "-CAfile",
        hospital.authority.certificate,
    ]
    command = [needs_program("openssl"), "s_client", "-connect", f"127.0.0.1:{gateway.port}", *files, *words]
    return subprocess.run(list(map(str, command)), input="", capture_output=True, text=True).stdout


def test_a_peer_is_known_by_its_certificate(start: Callable[..., Gateway], hospital: Hospital, image: Path) -> None:
    gateway = start(f'[[peer]]\nae_title = "CT1"\ncertificate = "{hospital.scanner.fingerprint}"\n')
    assert "(Success)" in store(gateway, image, hospital.authority, hospital.scanner)
    assert "Calling AE Title Not Recognized" in store(gateway, image, hospital.authority, hospital.server)
    assert [one[:3] for one in gateway.receiver.refusals.pending()] == [("CT1", "127.0.0.1", "certificate")]


def test_who_begins_a_handshake_and_stops_keeps_nobody_out(
    start: Callable[..., Gateway], hospital: Hospital, image: Path
) -> None:
    gateway = start()
    half = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(80)]
    for connection in half:
        connection.sendall(b"\x16\x03\x01\x02\x00")
    assert "(Success)" in store(gateway, image, hospital.authority, hospital.scanner)
    for connection in half:
        connection.close()


def test_a_new_certificate_is_taken_up_and_one_that_does_not_fit_is_not(
    start: Callable[..., Gateway], hospital: Hospital, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = Identity(tmp_path / "own.key", tmp_path / "own.pem")
    for old, new in zip(hospital.server, own, strict=True):
        shutil.copy(old, new)
    gateway = start(mutual=False, server=own)

    def shown() -> bytes:
        pem = ssl.get_server_certificate(("127.0.0.1", gateway.port))
        return ssl.PEM_cert_to_DER_cert(pem)

    before, renewed = shown(), issued(hospital.authority, "renewed")
    shutil.copy(renewed.certificate, own.certificate)
    assert shown() == before, "its key is not there yet"
    assert "not_read_again" in caplog.text
    shutil.copy(renewed.key, own.key)
    assert shown() == ssl.PEM_cert_to_DER_cert(renewed.certificate.read_text())


def test_files_that_do_not_fit_are_one_sentence(hospital: Hospital, tmp_path: Path) -> None:
    locked = tmp_path / "locked.key"
    openssl("ec", "-in", hospital.server.key, "-aes256", "-passout", "pass:word", "-out", locked)
    certificate = hospital.server.certificate
    for error, said, files in [
        (CannotStart, "No such file", {"tls_certificate": tmp_path / "none.pem"}),
        (CannotStart, "MISMATCH", {"tls_certificate": certificate, "tls_key": hospital.scanner.key}),
        (WrongUse, "asks for a password", {"tls_certificate": certificate, "tls_key": locked}),
        (WrongUse, "need SCANSTREAM_TLS_CERTIFICATE", {"tls_client_ca": hospital.authority.certificate}),
        (CannotStart, "TLS_CLIENT_CA cannot be used", {
            "tls_certificate": certificate, "tls_key": hospital.server.key, "tls_client_ca": tmp_path}),
    ]:  # fmt: skip
        with pytest.raises(error, match=said):
            Guard(Settings(data_dir=tmp_path, **files))


def test_tls_lets_a_port_be_opened_to_a_network(hospital: Hospital, tmp_path: Path) -> None:
    files = {"tls_certificate": hospital.server.certificate, "tls_key": hospital.server.key}
    settings = Settings(data_dir=tmp_path, dicom_host="0.0.0.0", **files)
    assert Guard(settings).lets_in() == "everybody in the network by TLS"
    mutual = settings.model_copy(update={"tls_client_ca": hospital.authority.certificate})
    assert "whoever has a certificate of" in Guard(mutual).lets_in()

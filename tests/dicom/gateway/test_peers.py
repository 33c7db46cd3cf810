"""What `peers.toml` may say, and that a mistake in it is named by line and field."""

from pathlib import Path

import pytest

from stream.dicom.gateway.guard import Guard
from stream.dicom.gateway.peers import parse_peers, read_peers, with_issuers
from stream.dicom.reading.header import read_header
from stream.errors import WrongUse
from stream.settings import Settings
from stream.vocabulary import IssuerSource
from tests.dicom.factories import make_sr

FILE = """
# the scanners of the second floor
[[peer]]
ae_title = "CT1"
address = ["10.1.2.0/24", "2001:db8::7"]
certificate = "SHA256 Fingerprint={colons}"
issuer = "NORTH"
kinds = ["image", "sr"]
files_per_minute = 600

[[peer]]
ae_title = " PACS "
"""
DIGEST = "0f" * 32


def test_a_peer_is_read_as_it_is_written() -> None:
    peers = parse_peers(FILE.format(colons=":".join(["0F"] * 32)).encode(), "peers.toml")
    assert list(peers) == ["CT1", "PACS"]
    scanner, pacs = peers.values()
    assert (scanner.certificate, scanner.issuer, scanner.kinds) == (DIGEST, "NORTH", ("image", "sr"))
    assert scanner.files_per_minute == 600
    assert [scanner.is_at(address) for address in ("10.1.2.9", "10.1.3.9", "2001:db8::7")] == [True, False, True]
    assert pacs.is_at("192.0.2.1")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('address = "10.1.2.0"', "line 2, ae_title: it is missing"),
        ('ae_title = "CT1"\nadress = "10.1.2.3"', "line 4, adress: there is no such field"),
        ('ae_title = "CT1"\n\naddress = "10.1.2"', "line 5, address: '10.1.2' is no address or network"),
        ('ae_title = "CT1"\naddress = "10.1.2.3/24"', "line 4, address: .*host bits"),
        ('ae_title = "CT1"\naddress = []', "line 4, address: the list is empty"),
        ('ae_title = "LONGER_THAN_SIXTEEN"', "line 3, ae_title: 'LONGER_THAN_SIXTEEN' is no AE title"),
        ('ae_title = "CT1"\ncertificate = "abc"', "line 4, certificate: 'abc' is no sha256 of a certificate"),
        ('ae_title = "CT1"\nkinds = ["ct"]', "line 4, kinds: 'ct' is none of image, seg"),
        ('ae_title = "CT1"\nissuer = "A,B"', "line 4, issuer: 'A,B' is no issuer"),
        ('ae_title = "CT1"\nfiles_per_minute = 0', "line 4, files_per_minute: 0 is no whole number"),
        ('ae_title = "CT1"\n[[peer]]\nae_title = "CT1"', "line 5, ae_title: CT1 is there already"),
        ("ae_title = CT1", "cannot be read: .*line 3"),
        ('ae_title = "CT1"\n[other]', "tables \\[\\[peer\\]\\] and nothing else"),
    ],
)
def test_a_mistake_is_named_by_line_and_field(entry: str, said: str) -> None:
    with pytest.raises(WrongUse, match=f"^peers.toml.*{said}") as caught:
        parse_peers(f"\n[[peer]]\n{entry}\n".encode(), "peers.toml")
    assert "\n" not in str(caught.value)


def test_a_list_of_nobody_is_a_list_and_no_file_is_none(tmp_path: Path) -> None:
    file = tmp_path / "peers.toml"
    assert read_peers(file) is None
    file.touch()
    assert read_peers(file) == {}


def test_the_issuer_of_a_peer_counts_as_one_of_the_settings_does(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, issuer="MAIN,PACS2=SOUTH")
    peers = parse_peers(b'[[peer]]\nae_title = "CT1"\nissuer = "NORTH"\n', "peers.toml")
    who = {
        title: read_header(make_sr(), with_issuers(settings, peers), title).patient for title in ("CT1", "PACS2", "CT2")
    }
    assert {title: (one.issuer, one.issuer_source) for title, one in who.items()} == {
        "CT1": ("NORTH", IssuerSource.SENDER),
        "PACS2": ("SOUTH", IssuerSource.SENDER),
        "CT2": ("MAIN", IssuerSource.DEFAULT),
    }


def test_two_issuers_for_one_sender_are_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "peers.toml").write_text('[[peer]]\nae_title = "CT1"\nissuer = "NORTH"\n')
    with pytest.raises(WrongUse, match="name different issuers for CT1"):
        Guard(Settings(data_dir=tmp_path, issuer="CT1=SOUTH"))

"""Who may come in: `peers.toml`, a table `[[peer]]` for each sender."""

import ipaddress
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from stream.dicom.reading.sop_classes import TRANSFER_SYNTAXES
from stream.errors import CannotStart, WrongUse
from stream.settings import Settings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

HEADER = re.compile(r"\s*\[\[\s*peer\s*\]\]")
KINDS = tuple(TRANSFER_SYNTAXES)
FINGERPRINT = re.compile(r"[0-9a-f]{64}")
LEAST_A_MINUTE = 6
"""Fewer files a minute would let a sender wait longer for an answer than senders wait."""


@dataclass(frozen=True)
class Peer:
    """A sender that may come in.

    Empty `networks`: from anywhere; empty `certificate` (sha256, hex): with any; empty `kinds` (of
    stream/dicom/reading/sop_classes.py): all; empty `issuer`: that of the settings.
    """

    ae_title: str
    networks: tuple[Network, ...] = ()
    certificate: str = ""
    issuer: str = ""
    kinds: tuple[str, ...] = ()
    files_per_minute: int | None = None

    def is_at(self, address: str) -> bool:
        """Whether it may come from this IP address."""
        return not self.networks or any(ipaddress.ip_address(address) in network for network in self.networks)


Peers = dict[str, Peer]
"""By AE title."""


class WrongEntry(Exception):
    """A field is wrong: which, and why."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field


def read_peers(file: Path) -> Peers | None:
    """Peers by AE title, None where there is no such file; WrongUse names file, line and field that are wrong."""
    try:
        return parse_peers(file.read_bytes(), file.name)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CannotStart(f"{file} cannot be read ({error.strerror}): correct its rights.") from None


def parse_peers(content: bytes, name: str) -> Peers:
    """Peers by AE title of a file called `name`; errors as for `read_peers`."""
    try:
        text = content.decode()
        tables = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WrongUse(f"{name} cannot be read: {error}.") from None
    lines = text.splitlines()
    headers = [number for number, line in enumerate(lines) if HEADER.match(line)]
    entries = tables.get("peer", [])
    if tables.keys() - {"peer"} or not isinstance(entries, list) or len(entries) != len(headers):
        raise WrongUse(f"{name}: it holds tables [[peer]] and nothing else; `scanstream peers add` writes one.")
    peers: Peers = {}
    for entry, (start, end) in zip(entries, pairwise([*headers, len(lines)]), strict=True):
        try:
            peer = read_entry(entry)
            if peer.ae_title in peers:
                raise WrongEntry("ae_title", f"{peer.ae_title} is there already; it may have several addresses")
        except WrongEntry as error:
            line = _line_of(error.field, lines[start:end]) + start + 1
            raise WrongUse(f"{name}, line {line}, {error}.") from None
        peers[peer.ae_title] = peer
    return peers


def with_issuers(settings: Settings, peers: Peers | None) -> Settings:
    """The settings with what the list says of issuers; WrongUse where they say another one of the same sender."""
    told = {title: peer.issuer for title, peer in (peers or {}).items() if peer.issuer}
    for title, issuer in told.items():
        if settings.names_issuer_for(title) and settings.issuer_for(title) != issuer:
            raise WrongUse(f"SCANSTREAM_ISSUER and {settings.peers} name different issuers for {title}: keep one.")
    pairs = [f"{title}={issuer}" for title, issuer in told.items()]
    return settings.model_copy(update={"issuer": ",".join([*pairs, settings.issuer])}) if pairs else settings


def fingerprint(text: str) -> str:
    """A sha256 of a certificate as lower-case hex, however tools write it; WrongUse where it is none."""
    found = text.lower().removeprefix("sha256").lstrip(":= ").removeprefix("fingerprint=").replace(":", "")
    if not FINGERPRINT.fullmatch(found):
        raise WrongUse(f"{text!r} is no sha256 of a certificate: `openssl x509 -noout -fingerprint -sha256` shows it")
    return found


def read_entry(entry: Mapping[str, Any]) -> Peer:
    """A peer by the fields of the file; raises WrongEntry."""
    if unknown := sorted(entry.keys() - READERS.keys()):
        raise WrongEntry(unknown[0], f"there is no such field; there are {', '.join(READERS)}")
    if "ae_title" not in entry:
        raise WrongEntry("ae_title", "it is missing")
    return Peer(**dict(_value(field, given) for field, given in entry.items()))


def _value(field: str, given: object) -> tuple[str, Any]:
    name, read = READERS[field]
    try:
        return name, read(given)
    except (ValueError, WrongUse) as error:
        raise WrongEntry(field, str(error)) from None


def _ae_title(given: object) -> str:
    """PS3.5 6.2, AE: up to 16 characters, blanks around it do not count; comma and = would be taken apart in ISSUER."""
    title = _text(given).strip()
    if not 0 < len(title) <= 16 or not title.isascii() or not title.isprintable() or set(title) & set("\\,="):
        raise ValueError(f"{given!r} is no AE title (1 to 16 characters of ASCII, without backslash, comma and =)")
    return title


def _networks(given: object) -> tuple[Network, ...]:
    return tuple(map(_network, _texts(given)))


def _network(given: str) -> Network:
    try:
        return ipaddress.ip_network(given)
    except ValueError as error:
        raise ValueError(f"{given!r} is no address or network, as 10.1.2.3 or 10.1.2.0/24 ({error})") from None


def _kinds(given: object) -> tuple[str, ...]:
    kinds = tuple(_texts(given))
    if strange := sorted(set(kinds) - set(KINDS)):
        raise ValueError(f"{strange[0]!r} is none of {', '.join(KINDS)}")
    return kinds


def _issuer(given: object) -> str:
    issuer = _text(given).strip()
    if not issuer or "," in issuer:
        raise ValueError(f"{given!r} is no issuer (a text without a comma)")
    return issuer


def _number(given: object) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or given < LEAST_A_MINUTE:
        raise ValueError(f"{given!r} is no whole number from {LEAST_A_MINUTE} on")
    return given


def _certificate(given: object) -> str:
    return fingerprint(_text(given))


READERS = {
    "ae_title": ("ae_title", _ae_title),
    "address": ("networks", _networks),
    "certificate": ("certificate", _certificate),
    "issuer": ("issuer", _issuer),
    "kinds": ("kinds", _kinds),
    "files_per_minute": ("files_per_minute", _number),
}
"""By field of the file: the attribute of Peer, and how it is read."""


def _text(given: object) -> str:
    if not isinstance(given, str):
        raise ValueError(f"{given!r} is no text in quotes")
    return given


def _texts(given: object) -> list[str]:
    """One text, or a list of them."""
    texts = given if isinstance(given, list) else [given]
    if not texts:
        raise ValueError("the list is empty")
    return [_text(one) for one in texts]


def _line_of(field: str, lines: Collection[str]) -> int:
    """Which of the lines of an entry gives the field; its head where none does."""
    given = re.compile(rf"""\s*["']?{re.escape(field)}["']?\s*=""")
    return next((number for number, line in enumerate(lines) if given.match(line)), 0)

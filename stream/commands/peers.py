"""Commands about the senders that may come in: list, add, remove, check."""

import ipaddress
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stream.errors import AnswerIsNo, CannotStart, WrongUse
from stream.settings import Settings, load_settings
from stream.terminal.options import Json
from stream.terminal.questions import ask
from stream.terminal.refusals import refusal_words

if TYPE_CHECKING:
    from stream.dicom.gateway.peers import Peer

COLUMNS = ("ae_title", "address", "certificate", "issuer", "kinds", "files_per_minute", "files", "last_file", "refused")

Title = Annotated[str, typer.Argument(metavar="AE", help="AE title, as the sender calls itself.")]
Addresses = Annotated[list[str] | None, typer.Option(help="Address or network; several times for several.")]
Certificate = Annotated[str | None, typer.Option(help="Its certificate: a PEM file, or the sha256 of it.")]


def register(app: typer.Typer) -> None:
    """Add peers."""
    peers = typer.Typer(help="Who may send: the list in peers.toml, and who was refused.", no_args_is_help=True)
    peers.command("list", epilog="Example: scanstream peers list")(list_peers)
    peers.command("add", epilog="Example: scanstream peers add CT1 --address 10.1.2.3 --issuer NORTH")(add)
    peers.command("remove", epilog="Example: scanstream peers remove CT1")(remove)
    peers.command("check", epilog="Example: scanstream peers check CT1 --address 10.1.2.3")(check)
    app.add_typer(peers, name="peers", epilog="Example: scanstream peers list")


def list_peers(as_json: Json = False) -> None:
    """Every peer with what it sent last and how often it was refused; then who else was refused."""
    from stream.terminal.printing import print_json, print_table

    settings = load_settings()
    peers = _peers(settings)
    sent, refused = _history(settings)
    rows = [_row(peer, sent, refused) for peer in (peers or {}).values()]
    others = [row for row in refused if row["sender"] not in (peers or {})]
    if as_json:
        print_json({"file": str(settings.peers), "listed": peers is not None, "peers": rows, "refused": refused})
        return
    if rows:
        print_table(rows, COLUMNS)
    print(_sentence(settings, peers))
    for row in others:
        print(f"refused {refusal_words(row)}")


def add(
    title: Title,
    address: Addresses = None,
    certificate: Certificate = None,
    issuer: Annotated[str | None, typer.Option(help="Issuer of its patient IDs, where its files name none.")] = None,
    kinds: Annotated[list[str] | None, typer.Option(help="image, seg, sr, kos, rtstruct, reg; all without it.")] = None,
    files_per_minute: Annotated[int | None, typer.Option(help="Its pace; more wait for their answer.")] = None,
) -> None:
    """Let a sender in. With the first one nobody else is let in any more."""
    from stream.dicom.gateway.peers_file import add_peer

    settings = load_settings()
    _check_title(settings, title)
    given = {
        "ae_title": title,
        "address": address,
        "certificate": certificate and _fingerprint(certificate),
        "issuer": issuer,
        "kinds": kinds,
        "files_per_minute": files_per_minute,
    }
    add_peer(settings.peers, {name: value for name, value in given.items() if value is not None and value != []})
    print(f"{title} may send from the next association on. {_sentence(settings, _peers(settings))}")


def remove(title: Title) -> None:
    """Let a sender in no more; an association that it has goes on."""
    from stream.dicom.gateway.peers_file import remove_peer

    settings = load_settings()
    remove_peer(settings.peers, title)
    print(f"{title} may send no more. {_sentence(settings, _peers(settings))}")


def check(
    title: Annotated[str | None, typer.Argument(metavar="AE", help="Whether this one would be let in.")] = None,
    address: Annotated[str | None, typer.Option(help="From where it comes.")] = None,
    certificate: Certificate = None,
) -> None:
    """Whether the list can be read, and who would be let in; exit 1 where AE would not."""
    from stream.dicom.gateway.guard import Guard, check_peer
    from stream.dicom.gateway.refusals import Refused

    settings = load_settings()
    lets_in = Guard(settings).lets_in()
    peers = _peers(settings)
    if title is None:
        print(f"The DICOM port lets in {lets_in}.")
        return
    shown = _fingerprint(certificate) if certificate else None
    if title not in (peers or {}) and settings.pseudonym_key_file.exists():
        print(f"Where {title} names a patient, {_pseudonym(settings, title)} is shown in its place.")
    try:
        if peers is not None:
            check_peer(peers, title, called_us=True, address=address and _ip(address), certificate=shown)
    except Refused as refused:
        raise AnswerIsNo(f"{title} is not let in. {refused}") from None
    print(f"{title} is let in.")


def _pseudonym(settings: Settings, title: str) -> str:
    from stream.dicom.pseudonyms import Pseudonyms, load_or_make_key

    return Pseudonyms(load_or_make_key(settings.pseudonym_key_file)).sender(title)


def _check_title(settings: Settings, title: str) -> None:
    """WrongUse where it is the name or the ID of a patient: views and logs say it of every file."""
    from stream.storage.patients.naming import why_not_written

    try:
        refused = ask(settings, "gateway", lambda connection: why_not_written(connection, [], "", title))
    except CannotStart as error:
        print(f"Whether the AE title names a patient is not known now. {error}", file=sys.stderr)
        return
    if refused:
        raise WrongUse(f"{title} cannot be an AE title here. {refused}")


def _peers(settings: Settings) -> "dict[str, Peer] | None":
    from stream.dicom.gateway.peers import read_peers

    return read_peers(settings.peers)


def _sentence(settings: Settings, peers: "dict[str, Peer] | None") -> str:
    if peers is None:
        return f"There is no {settings.peers}: everybody who reaches the DICOM port may send."
    count = "nobody else" if peers else "nobody"
    return f"By {settings.peers} {count} may send."


def _history(settings: Settings) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """Rows of sender by AE title, and rows of refusal; nothing, and a word on it, where Postgres is away."""
    from stream.storage.reading import views

    try:
        sent, refused = ask(
            settings, "reader", lambda connection: (views.senders(connection), views.refusals(connection))
        )
    except CannotStart as error:
        print(f"Who sent and who was refused is not known now. {error}", file=sys.stderr)
        return {}, []
    return {row["sender"]: row for row in sent}, refused


def _row(peer: "Peer", sent: dict[str, dict[str, Any]], refused: list[dict[str, Any]]) -> dict[str, Any]:
    known = sent.get(peer.ae_title, {})
    return {
        "ae_title": peer.ae_title,
        "address": ", ".join(map(str, peer.networks)) or "any",
        "certificate": f"{peer.certificate[:16]}…" if peer.certificate else "any",
        "issuer": peer.issuer,
        "kinds": ", ".join(peer.kinds) or "all",
        "files_per_minute": peer.files_per_minute,
        "files": known.get("files", 0),
        "last_file": known.get("last_received_at"),
        "refused": sum(row["times"] for row in refused if row["sender"] == peer.ae_title),
    }


def _ip(given: str) -> str:
    try:
        return str(ipaddress.ip_address(given))
    except ValueError:
        raise WrongUse(f"{given} is no address, as 10.1.2.3.") from None


def _fingerprint(given: str) -> str:
    """sha256 of the certificate in a PEM file, or as it was given."""
    from stream.dicom.gateway.peers import fingerprint
    from stream.dicom.gateway.tls import pem_fingerprint

    file = Path(given)
    return pem_fingerprint(file) if file.is_file() else fingerprint(given)

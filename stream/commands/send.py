"""The command send: files and folders by C-STORE."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stream.errors import AnswerIsNo, WrongUse
from stream.settings import Settings, load_settings
from stream.terminal.options import Json

if TYPE_CHECKING:
    from stream.dicom.gateway.sender import SendResult

CALLING_AE = "SCANSTREAM_SEND"


def register(app: typer.Typer) -> None:
    """Add send."""
    app.command(epilog="Example: scanstream send ./scans --to SCANSTREAM@127.0.0.1:11112")(send)


def send(
    paths: Annotated[list[Path], typer.Argument(help="DICOM files and folders of them.")],
    to: Annotated[
        str | None, typer.Option(help="AE@HOST:PORT; default: what runs on DATA_DIR, else by settings.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Send files and folders by C-STORE; exit code 1 if one was not stored."""
    settings = load_settings()
    ae_title, host, port = _address(to, settings)
    if missing := [path for path in paths if not path.exists()]:
        raise WrongUse(f"{missing[0]} does not exist.")

    from stream.dicom.gateway import sender
    from stream.terminal.progress import progress

    files = sender.files_in(paths)
    if not files:
        raise WrongUse(f"{paths[0]} holds no file.")
    sent = []
    with progress("Sending", len(files)) as advance:
        for file in sender.send(files, host, port, ae_title, CALLING_AE):
            sent.append(file)
            advance(1)
    _print_sent(sent, as_json)
    if failed := sum(file.status != 0 for file in sent):
        raise AnswerIsNo(f"{failed} of {len(sent)} files were not stored.")


def _address(to: str | None, settings: Settings) -> tuple[str, str, int]:
    """AE title, host and port of AE@HOST:PORT, else of the running service; WrongUse where it is written otherwise."""
    if to is None:
        from stream.local.listening import as_running

        settings = as_running(settings)
        return settings.dicom_ae_title, settings.dicom_host, settings.dicom_port
    ae_title, _, rest = to.partition("@")
    host, _, port = rest.rpartition(":")
    if not (0 < len(ae_title) <= 16 and host and port.isdecimal() and 0 < int(port) < 65536):
        raise WrongUse(f"{to} is no address: write AE@HOST:PORT, such as SCANSTREAM@127.0.0.1:11112.")
    return ae_title, host.strip("[]"), int(port)


def _print_sent(sent: list["SendResult"], as_json: bool) -> None:
    """How many files had which status, and by name those that were not stored."""
    from stream.terminal.printing import print_json, print_table

    by_status = Counter((_code(file), file.meaning) for file in sent)
    table = [{"status": code, "meaning": meaning, "files": n} for (code, meaning), n in sorted(by_status.items())]
    failed = [
        {"path": str(file.path), "status": _code(file), "meaning": file.meaning} for file in sent if file.status != 0
    ]
    if as_json:
        print_json({"files": len(sent), "statuses": table, "failed": failed})
        return
    print_table(table, ("status", "meaning", "files"))
    if failed:
        print()
        print_table(failed, ("path", "status", "meaning"))


def _code(file: "SendResult") -> str:
    return "none" if file.status is None else f"0x{file.status:04X}"

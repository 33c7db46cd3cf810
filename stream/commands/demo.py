"""Commands that bring scans in: demo and send."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stream.commands.status import Json
from stream.errors import AnswerIsNo, CannotStart, WrongUse
from stream.settings import Settings, load_settings

if TYPE_CHECKING:
    from stream.dicom.gateway.sender import Sent

CALLING_AE = "SCANSTREAM_SEND"
PORTS = {"dicom_port": "DICOM", "dashboard_port": "Dashboard"}


def register(app: typer.Typer) -> None:
    """Add demo and send."""
    app.command(epilog="Example: scanstream demo --once")(demo)
    app.command(epilog="Example: scanstream send ./scans --to SCANSTREAM@127.0.0.1:11112")(send)


def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop after the last forecast is stored and checked.")] = False,
    patients: Annotated[int, typer.Option(min=1, help="How many simulated patients.")] = 40,
) -> None:
    """Everything on this machine with a simulated cohort, until Ctrl-C."""
    settings = _settings_of_demo()

    from stream.simulated.demo import run

    run(settings, patients, once)


def send(
    paths: Annotated[list[Path], typer.Argument(help="DICOM files and folders of them.")],
    to: Annotated[str | None, typer.Option(help="AE@HOST:PORT; default: the service of these settings.")] = None,
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
        for one in sender.send(files, host, port, ae_title, CALLING_AE):
            sent.append(one)
            advance(1)
    _print_sent(sent, as_json)
    if failed := sum(one.status != 0 for one in sent):
        raise AnswerIsNo(f"{failed} of {len(sent)} files were not stored.")


def _settings_of_demo() -> Settings:
    """A folder of the demo's own and ports that are free, unless they were chosen."""
    settings = load_settings()
    own: dict[str, object] = {}
    if "data_dir" not in settings.model_fields_set:
        own["data_dir"] = settings.data_dir / "demo"
    for name, what in PORTS.items():
        if name not in settings.model_fields_set:
            own[name] = _free(getattr(settings, name), what)
    return load_settings(**own)


def _free(port: int, what: str) -> int:
    """`port`, or another one where it is in use, and says so."""
    from stream.endpoints import check_port, free_port

    try:
        check_port("127.0.0.1", port, "")
    except CannotStart:
        other = free_port()
        print(f"Port {port} is in use: {what} listens on {other} instead.")
        return other
    return port


def _address(to: str | None, settings: Settings) -> tuple[str, str, int]:
    """AE title, host and port of AE@HOST:PORT; WrongUse where it is written otherwise."""
    if to is None:
        return settings.dicom_ae_title, settings.dicom_host, settings.dicom_port
    ae_title, _, rest = to.partition("@")
    host, _, port = rest.rpartition(":")
    if not (0 < len(ae_title) <= 16 and host and port.isdecimal() and 0 < int(port) < 65536):
        raise WrongUse(f"{to} is no address: write AE@HOST:PORT, such as SCANSTREAM@127.0.0.1:11112.")
    return ae_title, host.strip("[]"), int(port)


def _print_sent(sent: list["Sent"], as_json: bool) -> None:
    """How many files had which status, and by name those that were not stored."""
    from stream.terminal.printing import print_json, print_table

    by_status = Counter((_code(one), one.meaning) for one in sent)
    table = [{"status": code, "meaning": meaning, "files": n} for (code, meaning), n in sorted(by_status.items())]
    failed = [{"path": str(one.path), "status": _code(one), "meaning": one.meaning} for one in sent if one.status != 0]
    if as_json:
        print_json({"files": len(sent), "statuses": table, "failed": failed})
        return
    print_table(table, ("status", "meaning", "files"))
    if failed:
        print()
        print_table(failed, ("path", "status", "meaning"))


def _code(one: "Sent") -> str:
    return "none" if one.status is None else f"0x{one.status:04X}"

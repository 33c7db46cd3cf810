"""The command status: how much has arrived, how far it came, what is pending."""

import time
from typing import Annotated, Any

import typer

from stream.errors import AnswerIsNo
from stream.settings import Settings, load_settings
from stream.terminal.options import Json
from stream.terminal.questions import ask
from stream.vocabulary import Receipt


def register(app: typer.Typer) -> None:
    """Add status."""
    app.command(epilog="Example: scanstream status --wait 60")(status)


def status(
    wait: Annotated[
        float | None, typer.Option(help="Wait until nothing is pending, this many seconds at most.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Counts of files and scans; `pending` is what was accepted and has no end yet, spool included."""
    settings = load_settings()
    until = time.monotonic() + (wait or 0.0)
    counts = _counts(settings)
    while wait is not None and counts["pending"] and time.monotonic() < until:
        time.sleep(0.2)
        counts = _counts(settings)
    _print(counts, as_json)
    if wait is not None and counts["pending"]:
        raise AnswerIsNo(f"{counts['pending']} are still pending after {wait:g} seconds.")


def _counts(settings: Settings) -> dict[str, Any]:
    from stream.storage.reading.views import counts

    # the spool first: what leaves it meanwhile is then counted twice rather than not at all
    spooled = sum(1 for path in settings.spool.glob("*.json") if not path.name.startswith("."))
    files, scans = ask(settings, "reader", counts)
    return {
        "files": {receipt.value: files[receipt] for receipt in Receipt},
        "scans": scans,
        "spool": spooled,
        "pending": files["pending"] + spooled,
    }


def _print(counts: dict[str, Any], as_json: bool) -> None:
    from stream.terminal.printing import print_json

    if as_json:
        print_json(counts)
        return
    print("files   " + " · ".join(f"{count} {name}" for name, count in counts["files"].items()))
    print("scans   " + (" · ".join(f"{count} {name}" for name, count in counts["scans"].items()) or "none yet"))
    print(f"pending {counts['pending']}")

"""The command status: how much has arrived, how far it came, what is pending, and how the service runs."""

import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from stream.disks import FREE_BYTES, Disk, gibibytes
from stream.errors import AnswerIsNo
from stream.settings import Settings, load_settings
from stream.terminal.options import Json
from stream.terminal.questions import ask
from stream.terminal.refusals import refusal_words
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
    """Counts of files and scans, and what runs; `pending` is what was accepted and has no end yet, spool included."""
    settings = load_settings()
    until = time.monotonic() + (wait or 0.0)
    counts = counts_of(settings)
    while wait is not None and counts["pending"] and time.monotonic() < until:
        time.sleep(0.2)
        counts = counts_of(settings)
    _print(counts | _running(settings) | {"undecided": _undecided(settings)}, as_json)
    if wait is not None and counts["pending"]:
        raise AnswerIsNo(f"{counts['pending']} are still pending after {wait:g} seconds.")


def counts_of(settings: Settings) -> dict[str, Any]:
    """Files and scans by status, files in the spool, and what is pending; CannotStart where Postgres is away."""
    from stream.dicom.gateway.spool import Spool
    from stream.storage.reading.views import counts

    # the spool first: what leaves it meanwhile is then counted twice rather than not at all
    spooled = Spool(settings.spool).waiting()
    files, scans = ask(settings, "reader", counts)
    return {
        "files": {receipt.value: files[receipt] for receipt in Receipt},
        "scans": scans,
        "spool": spooled,
        "pending": files["pending"] + spooled,
    }


def _running(settings: Settings) -> dict[str, Any]:
    from stream.storage.reading.views import running

    return ask(settings, "reader", running)


def _undecided(settings: Settings) -> int:
    """For how many causes something was set aside that nobody has decided on; rows of tables and messages too."""
    from stream.storage.reading.listing import PageChoice, SetAsideFilter, set_aside_causes

    wanted = SetAsideFilter(waiting=True)
    return ask(settings, "reader", lambda connection: set_aside_causes(connection, wanted, PageChoice(1)).total)


def _print(counts: dict[str, Any], as_json: bool) -> None:
    from stream.terminal.printing import print_json

    if as_json:
        print_json(counts)
        return
    print("files   " + _counted(counts["files"]))
    print("scans   " + (_counted(counts["scans"]) or "none yet"))
    print(f"pending {counts['pending']}")
    if undecided := counts["undecided"]:
        print(f"decide  {undecided:,} causes of what was set aside: `scanstream set-aside list --waiting`")
    _print_running(counts)


def _counted(by_status: Mapping[str, int]) -> str:
    """`217 accepted · 0 set aside`."""
    return " · ".join(f"{count} {name.replace('_', ' ')}" for name, count in by_status.items())


def _print_running(counts: Mapping[str, Any]) -> None:
    heard, missed = ([row for row in counts["processes"] if row["is_heard"] == heard] for heard in (True, False))
    print("running " + (" · ".join(map(_process, heard)) or "nothing: start it with `scanstream up`"))
    for row in missed:
        print(f"missed  {row['name']}, last heard {row['heard_at']:%Y-%m-%d %H:%M} UTC")
    speed = counts["throughput"]
    print(f"speed   {speed['files_hour']} files received · {speed['scans_hour']} scans applied in the last hour")
    for row in counts["refusals"]:
        print(f"refused {refusal_words(row)}")
    for row in counts["disks"]:
        print(f"disk    {_disk(row)}")


def _process(row: Mapping[str, Any]) -> str:
    return f"{row['name']} on {row['device']}" if row["device"] else str(row["name"])


def _disk(row: Mapping[str, Any]) -> str:
    disk = Disk(row["folders"], row["free_bytes"], row["total_bytes"])
    low = f": less than {gibibytes(FREE_BYTES)}, make room" if disk.is_low else ""
    return f"{gibibytes(disk.free_bytes)} of {gibibytes(disk.total_bytes)} free for {', '.join(disk.folders)}{low}"

"""The command verify: checks the invariants."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from stream.errors import AnswerIsNo
from stream.settings import Settings, load_settings
from stream.terminal.options import Json
from stream.terminal.questions import connected

if TYPE_CHECKING:
    from stream.services.verify.finding import Finding


def register(app: typer.Typer) -> None:
    """Add verify."""
    app.command(epilog="Example: scanstream verify --sample 5")(verify)


def verify(
    sample: Annotated[
        float, typer.Option(min=0.01, max=100, help="Percent of files, timelines and rows to look at, by chance.")
    ] = 100.0,
    as_json: Json = False,
) -> None:
    """Check the invariants, one line each with how many were checked; exit code 1 if one fails.

    The service may run meanwhile. With --sample it is done in minutes on large databases: for every night.
    """
    settings = load_settings()
    findings = _findings(settings, sample)
    if as_json:
        from stream.terminal.printing import print_json

        print_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            outcome = "FAILED" if finding.failed else "ok    "
            print(f"{finding.invariant:13} {outcome} {finding.checked:8} {finding.says}")
            for failure in finding.first:
                print(f"{'':13} {failure}")
    if failed := [finding.invariant for finding in findings if finding.failed]:
        raise AnswerIsNo(f"{', '.join(failed)} does not hold.")


def _findings(settings: Settings, percent: float) -> list["Finding"]:
    from stream.storage.last_verify import note_verify
    from stream.wiring.verifying import findings

    with connected(settings, "worker") as connection, connected(settings, "vault") as vault:
        found = findings(settings, connection, vault, percent)
        note_verify(connection, dt.datetime.now(dt.UTC), percent, [each.invariant for each in found if each.failed])
    return found

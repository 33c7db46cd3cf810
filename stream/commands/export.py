"""The command export: a patient's tables as CSV, and the page for the tumour board as PDF."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from stream.errors import CannotStart
from stream.settings import load_settings
from stream.terminal.options import Patient
from stream.terminal.questions import day_written, find_patient


def register(app: typer.Typer) -> None:
    """Add export."""
    app.command(epilog="Example: scanstream export PEPRFRP56HFE3XF5TUD7HTWRHWZ --pdf --to board")(export)


def export(
    patient: Patient,
    csv: Annotated[bool, typer.Option("--csv", help="The tables, a file each with the columns of its view.")] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="One page for the tumour board.")] = False,
    to: Annotated[Path, typer.Option(help="Folder to write to.")] = Path(),
    as_of: Annotated[str | None, typer.Option(help="As it was known at the end of a day, YYYY-MM-DD.")] = None,
) -> None:
    """A patient's files, named by pseudonym: CSV and PDF, or one of them; prints what was written."""
    settings = load_settings()
    pseudonym = find_patient(settings, patient)
    kinds = [name for name, asked in (("--csv", csv or not pdf), ("--pdf", pdf or not csv)) if asked]
    day = [] if as_of is None else ["--as-of", day_written(as_of).isoformat()]
    # by its name: the pages read from this package, which knows nothing of them
    words = [sys.executable, "-m", "dashboard.patient.export", *kinds, *day, "--", pseudonym, str(to)]
    ended = subprocess.run(words, env=settings.environment(), capture_output=True, text=True)
    print(ended.stdout, end="")
    if ended.returncode:
        raise CannotStart(ended.stderr.strip().splitlines()[-1])

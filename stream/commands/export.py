"""The command export: a patient's tables as CSV and page for the tumour board as PDF, or a cohort's table as CSV."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from stream.errors import AnswerIsNo, CannotStart, WrongUse
from stream.settings import Settings, load_settings
from stream.terminal.questions import day_written, find_timeline
from stream.vocabulary import RECIST

COHORT = "cohort"


def register(app: typer.Typer) -> None:
    """Add export."""
    app.command(
        epilog="Example: scanstream export PEPRFRP56HFE3XF5TUD7HTWRHWZ --pdf --to board; "
        "scanstream export cohort --csv --trial POPLAR --line 1"
    )(export)


def export(
    what: Annotated[
        str, typer.Argument(metavar="PATIENT|cohort", help="A patient, as other commands take one, or the word cohort.")
    ],
    csv: Annotated[bool, typer.Option("--csv", help="The tables, a file each with the columns of its view.")] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="One page for the tumour board, of a patient.")] = False,
    to: Annotated[Path, typer.Option(help="Folder to write to.")] = Path(),
    as_of: Annotated[str | None, typer.Option(help="Of a patient: as known at the end of a day, YYYY-MM-DD.")] = None,
    trial: Annotated[str | None, typer.Option(help="Of a cohort: this trial only.")] = None,
    arm: Annotated[str | None, typer.Option(help="Of a cohort: this arm only.")] = None,
    disease: Annotated[str | None, typer.Option(help="Of a cohort: this disease only.")] = None,
    line: Annotated[int | None, typer.Option(min=1, help="Of a cohort: this line of therapy only.")] = None,
    criterion: Annotated[str | None, typer.Option(help="Of a cohort: judged by this; else by RECIST 1.1.")] = None,
) -> None:
    """A patient's files, named by pseudonym, or what became of each line of a cohort; prints what was written."""
    settings = load_settings()
    chosen = {"trial": trial, "arm": arm, "disease": disease, "line": line, "criterion": criterion}
    if what.casefold() == COHORT:
        if pdf or as_of:
            raise WrongUse("--pdf and --as-of are of one patient: name the patient instead of cohort.")
        _cohort(settings, chosen, to)
    elif given := [name for name, value in chosen.items() if value is not None]:
        raise WrongUse(f"--{given[0]} chooses from a cohort: write `scanstream export cohort`, or leave it out.")
    else:
        _patient(settings, what, {"--csv": csv or not pdf, "--pdf": pdf or not csv}, to, as_of)


def _patient(settings: Settings, patient: str, kinds: dict[str, bool], to: Path, as_of: str | None) -> None:
    day = [] if as_of is None else ["--as-of", day_written(as_of).isoformat()]
    asked = [name for name, wanted in kinds.items() if wanted]
    pseudonym = find_timeline(settings, patient)
    print(_written(settings, "dashboard.patient.export", *asked, *day, "--", pseudonym, str(to)), end="")


def _cohort(settings: Settings, chosen: dict[str, str | int | None], to: Path) -> None:
    wanted = {**chosen, "criterion": chosen["criterion"] or RECIST}
    options = [f"--{name}={value}" for name, value in wanted.items() if value is not None]
    told = _written(settings, "dashboard.cohort.export", *options, "--", str(to))
    if not told:
        raise AnswerIsNo("No line of therapy is of what was asked for: nothing was written.")
    print(told, end="")


def _written(settings: Settings, module: str, *words: str) -> str:
    """What `module` prints; by its name: the pages read from this package, which knows nothing of them."""
    command = [sys.executable, "-m", module, *words]
    ended = subprocess.run(command, env=settings.environment(), capture_output=True, text=True)
    if ended.returncode:
        raise CannotStart(ended.stderr.strip().splitlines()[-1])
    return ended.stdout

"""The command `doctor`: checks machine, services, settings and weights; each finding with its cure."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from stream.errors import AnswerIsNo
from stream.settings import PREFIX, Settings

HELP = "Checks machine, services, settings and weights; each finding with its cure. Exit code 1 if something is wrong."
NAMES = ", ".join(name.upper() for name in Settings.model_fields)


def register(app: typer.Typer) -> None:
    """Add doctor."""
    text = f"{HELP}\n\nSettings, each with {PREFIX} before it: {NAMES}."
    app.command(help=text, epilog="Example: scanstream doctor")(doctor)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False) -> None:
    """Print what was found; AnswerIsNo where something is wrong."""
    from stream.local.doctor import examine

    results = examine()
    if as_json:
        print(json.dumps([{**asdict(result), "well": result.well} for result in results], indent=1))
    else:
        for result in results:
            mark = "well " if result.well else "WRONG"
            print(f"{mark}  {result.check:<12} {result.detail}")
            if result.cure:
                print(f"{'':<20}→ {result.cure}")
    if wrong := [result.check for result in results if not result.well]:
        raise AnswerIsNo(f"something is wrong with {', '.join(wrong)}.")

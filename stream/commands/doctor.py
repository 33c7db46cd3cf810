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
    told = f"{HELP}\n\nSettings, each with {PREFIX} before it: {NAMES}."
    app.command(help=told, epilog="Example: scanstream doctor")(doctor)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False) -> None:
    """Print what was found; AnswerIsNo where something is wrong."""
    from stream.local.doctor import examine

    findings = examine()
    if as_json:
        print(json.dumps([{**asdict(finding), "well": finding.well} for finding in findings], indent=1))
    else:
        for finding in findings:
            mark = "well " if finding.well else "WRONG"
            print(f"{mark}  {finding.check:<12} {finding.detail}")
            if finding.cure:
                print(f"{'':<20}→ {finding.cure}")
    if wrong := [finding.check for finding in findings if not finding.well]:
        raise AnswerIsNo(f"something is wrong with {', '.join(wrong)}.")

"""Options that several commands have."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Why = Annotated[str | None, typer.Option(help="Why, in your words: it is kept in the log.")]
By = Annotated[str | None, typer.Option(help="Who decided it; without it the user of this machine.")]
Patient = Annotated[str, typer.Argument(help="Pseudonym, or the hospital's ID (with the vault role).")]
Scan = Annotated[str, typer.Argument(help="Pseudonym of the scan, or the Study Instance UID (with the vault role).")]

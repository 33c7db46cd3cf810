"""Options that several commands have."""

from typing import Annotated

import typer

ROWS_ON_A_PAGE = 20
PATIENT_HELP = "Pseudonym or a part of it, or the hospital's ID (with the vault role)."
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Why = Annotated[str | None, typer.Option(help="Why, in your words: it is kept in the log.")]
By = Annotated[str | None, typer.Option(help="Who decided it; without it the user of this machine.")]
Patient = Annotated[str, typer.Argument(help=PATIENT_HELP)]
Scan = Annotated[str, typer.Argument(help="Pseudonym of the scan, or the Study Instance UID (with the vault role).")]
Limit = Annotated[int | None, typer.Option(min=1, help=f"Rows on a page; {ROWS_ON_A_PAGE} unless you say so.")]
Page = Annotated[int, typer.Option(min=1, help="Which page.")]
Every = Annotated[bool, typer.Option("--all", help="All rows instead of a page; so does --json without --limit.")]

"""The command import: what is known of patients beside their scans."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from stream.errors import AnswerIsNo, WrongUse
from stream.settings import load_settings
from stream.terminal.options import By, Json, Why
from stream.terminal.questions import day_written
from stream.terminal.signing import signed


def register(app: typer.Typer) -> None:
    """Add import."""
    app.command("import", epilog="Example: scanstream import ./trial --issuer NORTH")(import_tables)


def import_tables(
    folder: Annotated[Path, typer.Argument(help="Folder with clinical, treatments, outcomes, measurements .csv.")],
    issuer: Annotated[str | None, typer.Option(help="Issuer of the patient IDs in the tables.")] = None,
    baseline_date: Annotated[
        str | None, typer.Option(help="Day 0 (YYYY-MM-DD) of patients for whom clinical.csv gives none.")
    ] = None,
    keep: Annotated[
        list[str] | None, typer.Option(help="Another column of clinical.csv that is a clinical fact; may be repeated.")
    ] = None,
    why: Why = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Bring in what is known beside the scans: clinical facts, treatments, outcomes, earlier visits.

    Exit code 1 if not all of it could be used.
    """
    from stream.services.facts.table_columns import check_kept, left_out
    from stream.terminal.printing import print_json
    from stream.wiring.importing import import_folder

    settings = load_settings()
    if not folder.is_dir():
        raise WrongUse(f"{folder} is no folder.")
    issuer = settings.issuer_for("") if issuer is None else issuer
    baseline = day_written(baseline_date) if baseline_date else None
    check_kept(folder, kept := {name.strip().lower() for name in keep or []})
    who = signed(settings, by, why, role="gateway").by
    counts = import_folder(settings, folder, issuer, who, why, baseline, kept)
    unread = left_out(folder, kept)
    if as_json:
        print_json({**counts, "left_out": unread})
    else:
        _tell(counts, unread)
    if aside := counts["set_aside"]:
        raise AnswerIsNo(
            f"{aside} of the entries are not used, as their day is missing or cannot be. `scanstream set-aside list "
            "--waiting` names each: correct it in the tables and import them again."
        )


def _tell(counts: Mapping[str, int], unread: Sequence[str]) -> None:
    print(" · ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if name != "starts_alone"))
    if alone := counts["starts_alone"]:
        print(
            f"A treatment_start without a row in treatments.csv ({alone} patients) is no treatment: days count "
            "from it, but no line of therapy begins with it, and the first visit is the baseline."
        )
    if unread:
        print(f"Not read: {', '.join(unread)}. --keep NAME makes a column of clinical.csv a clinical fact.")

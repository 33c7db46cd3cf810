"""Commands about timelines: verify, replay, import; and db for other clients."""

import datetime as dt
import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from stream import logs
from stream.commands.status import By, Json, Why
from stream.errors import AnswerIsNo, CannotStart, WrongUse
from stream.settings import Settings, load_settings


def register(app: typer.Typer) -> None:
    """Add verify, replay, import and db."""
    app.command(epilog="Example: scanstream verify --sample 5")(verify)
    app.command(epilog="Example: scanstream replay --model progression; scanstream replay --remeasure")(replay)
    app.command("import", epilog="Example: scanstream import ./trial --issuer NORTH")(import_tables)
    db = typer.Typer(help="The database for other clients, and its migrations.", no_args_is_help=True)
    db.command("url", epilog='Example: psql "$(scanstream db url)"')(url)
    db.command("upgrade", epilog="Example: scanstream db upgrade")(upgrade)
    app.add_typer(db, name="db", epilog='Example: psql "$(scanstream db url --role reader)"')


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
        for one in findings:
            print(f"{one.invariant:13} {'ok    ' if not one.failed else 'FAILED'} {one.checked:8} {one.says}")
            for failure in one.first:
                print(f"{'':13} {failure}")
    if failed := [one.invariant for one in findings if one.failed]:
        raise AnswerIsNo(f"{', '.join(failed)} does not hold.")


def replay(
    patient: Annotated[str | None, typer.Option(help="Pseudonym of one patient; else all.")] = None,
    model: Annotated[str | None, typer.Option(help="Name of one model; else all.")] = None,
    remeasure: Annotated[
        bool, typer.Option("--remeasure", help="Measure the files in the archive again first, with today's reader.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Fold again from stored timepoints, and say what changed."""
    if remeasure:
        _remeasure(patient, model, as_json)
        return
    from stream.services.recovery import replay as again
    from stream.terminal.printing import print_json
    from stream.terminal.progress import progress
    from stream.wiring.replaying import replaying

    settings = load_settings()
    with _connected(settings, "worker") as connection:
        weights = again.weights_of(connection, model)
        if not weights:
            raise AnswerIsNo(f"No active weights of model {model}: `scanstream model list` names them.")
        waiting = [one for one in again.timelines_of(connection, weights) if patient in (None, one[0])]
        if not waiting:
            raise AnswerIsNo(f"Nothing to fold again for {patient or 'any patient'}.")
        patients = [one[0] for one in waiting]
        before = again.standing(connection, patients)
        total = sum(steps for _, steps in waiting)
        with replaying(settings) as (_, hands), progress("replay", total) as advance:
            for done in again.replay(hands, waiting, weights):
                advance(done)
        changed, largest = again.compare(before, again.standing(connection, patients))
    if as_json:
        print_json({"timelines": len(waiting), "changed": changed, "largest_difference": largest})
    else:
        print(f"{len(waiting)} timelines folded again; {changed} forecasts changed, by {largest:.2g} at most.")


def _remeasure(patient: str | None, model: str | None, as_json: bool) -> None:
    from stream.terminal.printing import print_json
    from stream.terminal.progress import progress
    from stream.wiring.remeasuring import Remeasuring

    if model:
        raise WrongUse("Measuring again is for all models: leave --model away.")
    settings = load_settings()
    with _connected(settings, "worker") as connection:
        again = Remeasuring(settings, connection, patient)
        with progress("measure", again.total) as advance:
            outcomes = [one for batch in again.outcomes(advance) for one in batch]
    named = {word: [one for one in outcomes if one.what == word] for word in ("same", "changed", "failed")}
    if as_json:
        numbers = {word: len(found) for word, found in named.items()}
        print_json({"measured": len(outcomes), **numbers, "outcomes": [vars(one) for one in outcomes]})
    else:
        for one in (*named["changed"], *named["failed"]):
            print(f"{one.what:8} scan {one.scan_uid} revision {one.revision}: {one.says}")
        counts = ", ".join(f"{len(found)} {word}" for word, found in named.items())
        print(f"{len(outcomes)} scans measured again: {counts}.")
    if named["failed"]:
        raise AnswerIsNo(f"{len(named['failed'])} of {len(outcomes)} scans could not be measured again.")


def import_tables(
    folder: Annotated[Path, typer.Argument(help="Folder with clinical, treatments, outcomes, measurements .csv.")],
    issuer: Annotated[str | None, typer.Option(help="Issuer of the patient IDs in the tables.")] = None,
    why: Why = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Bring in what is known beside the scans: clinical facts, treatments, outcomes, earlier visits."""
    from stream.terminal.printing import print_json
    from stream.wiring.importing import import_folder

    settings = load_settings()
    if not folder.is_dir():
        raise WrongUse(f"{folder} is no folder.")
    issuer = settings.issuer_for("") if issuer is None else issuer
    counts = import_folder(settings, folder, issuer, by or getpass.getuser(), why)
    if as_json:
        print_json(counts)
    else:
        print(" · ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items()))


def url(role: Annotated[str, typer.Option(help="Role to log in as, without the prefix.")] = "reader") -> None:
    """Address for psql, pandas and other clients."""
    from stream.endpoints import libpq_url

    print(libpq_url(load_settings(), role))


def upgrade() -> None:
    """Bring the database to the version of this ScanStream."""
    from stream.storage import database

    logs.setup("db")
    settings = load_settings()
    try:
        database.upgrade(settings)
        print(f"The database has version {database.version(settings)}.")
    except database.Outage:
        raise CannotStart("Postgres does not answer: start it, or correct SCANSTREAM_DATABASE_URL.") from None


def _findings(settings: Settings, percent: float) -> list[Any]:
    from stream.archive.kept_weights import forecasters
    from stream.archive.originals import Archive
    from stream.services.verify import acceptance, audit_chain, chains, row_hashes, standing_folds

    with _connected(settings, "worker") as connection, _connected(settings, "vault") as vault:
        return [
            acceptance.files(connection, Archive(settings.archive).path, percent),
            acceptance.ends(connection, dt.datetime.now(dt.UTC)),
            chains.identity(connection),
            chains.versions(connection),
            *standing_folds.standing_folds(connection, forecasters(settings, "cpu"), percent=percent),
            chains.transactions(connection),
            chains.fold_chain(connection, percent),
            row_hashes.row_hashes(connection, percent),
            audit_chain.audit_log(connection),
            acceptance.identifiers(connection, acceptance.originals(vault), percent),
        ]


def _connected(settings: Settings, role: str) -> Any:
    from stream.storage.database import Outage, connect

    try:
        return connect(settings, role, timeouts=False)
    except Outage:
        raise CannotStart("Postgres does not answer: start the service with `scanstream up`.") from None

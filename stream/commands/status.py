"""Commands that ask: status, risk."""

import time
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import typer

from stream.errors import AnswerIsNo, CannotStart, WrongUse
from stream.settings import Settings, load_settings

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Why = Annotated[str | None, typer.Option(help="Why, in your words: it is kept in the log.")]
By = Annotated[str | None, typer.Option(help="Who decided it; without it the user of this machine.")]
Result = TypeVar("Result")


def register(app: typer.Typer) -> None:
    """Add status and risk."""
    app.command(epilog="Example: scanstream status --wait 60")(status)
    app.command(epilog="Example: scanstream risk PEPRFRP56HFE3XF5TUD7HTWRHWZ --json")(risk)


def status(
    wait: Annotated[
        float | None, typer.Option(help="Wait until nothing is pending, this many seconds at most.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Counts of files and scans; `pending` is what was accepted and has no end yet, spool included."""
    settings = load_settings()
    until = time.monotonic() + (wait or 0.0)
    found = _status(settings)
    while wait is not None and found["pending"] and time.monotonic() < until:
        time.sleep(0.2)
        found = _status(settings)
    _print_status(found, as_json)
    if wait is not None and found["pending"]:
        raise AnswerIsNo(f"{found['pending']} are still pending after {wait:g} seconds.")


def risk(
    patient: Annotated[
        str | None, typer.Argument(help="Pseudonym, or the hospital's ID (with the vault role).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Current risks, highest first: of all patients, or of one."""
    from stream.storage.views import current_risk
    from stream.terminal.printing import print_json, print_table

    settings = load_settings()
    patients = find_patient(settings, patient) if patient else None
    rows = ask(settings, "reader", lambda connection: current_risk(connection, patients))
    if as_json:
        print_json(rows)
        return
    columns = ("patient_id", "endpoint", "horizon_kind", "horizon_days", "risk", "risk_low", "risk_high", "model",
               "acquired_at", "provisional")  # fmt: skip
    print_table(rows, columns)


def _status(settings: Settings) -> dict[str, Any]:
    from stream.storage.views import counts

    # the spool first: what leaves it meanwhile is then counted twice rather than not at all
    spooled = sum(1 for path in settings.spool.glob("*.json") if not path.name.startswith("."))
    files, scans = ask(settings, "reader", counts)
    return {
        "files": {name: files[name] for name in ("accepted", "duplicate", "set_aside")},
        "scans": scans,
        "spool": spooled,
        "pending": files["pending"] + spooled,
    }


def _print_status(found: dict[str, Any], as_json: bool) -> None:
    from stream.terminal.printing import print_json

    if as_json:
        print_json(found)
        return
    print("files   " + " · ".join(f"{count} {name}" for name, count in found["files"].items()))
    print("scans   " + (" · ".join(f"{count} {name}" for name, count in found["scans"].items()) or "none yet"))
    print(f"pending {found['pending']}")


def find_patient(settings: Settings, patient: str, role: str = "reader") -> list[str]:
    """Pseudonyms of a patient named by pseudonym or hospital ID (one per issuer); AnswerIsNo where there is none."""
    from stream.storage import vault
    from stream.storage.views import knows_patient

    if ask(settings, role, lambda connection: knows_patient(connection, patient)):
        return [patient]
    try:
        found = ask(settings, "vault", lambda connection: vault.find_patient(connection, patient))
    except WrongUse:
        found = []
    if not found:
        raise AnswerIsNo(f"No patient {patient} is known here; hospital IDs need the vault role's password.")
    return found


def ask(settings: Settings, role: str, question: Callable[[Any], Result]) -> Result:
    """The answer of Postgres as `role`; CannotStart where it cannot be reached."""
    from stream.storage.database import Outage, connect

    try:
        with connect(settings, role) as connection:
            return question(connection)
    except Outage:
        raise CannotStart("Postgres does not answer: start the service with `scanstream up`.") from None

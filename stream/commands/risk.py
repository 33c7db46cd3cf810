"""The command risk: current risks of all patients or of one."""

from typing import Annotated

import typer

from stream.settings import load_settings
from stream.terminal.options import Json
from stream.terminal.questions import ask, find_patients
from stream.vocabulary import UNKNOWN_DISEASE

COLUMNS = (
    "patient_id",
    "endpoint",
    "horizon_kind",
    "horizon_days",
    "risk",
    "risk_low",
    "risk_high",
    "model",
    "acquired_at",
    "line",
    "valid_until",
    "risk_ahead",
    "stale",
    "provisional",
)
CLOSED = ("patient_id", "line", "endpoint", "status", "since", "scan_uid")


def register(app: typer.Typer) -> None:
    """Add risk."""
    app.command(epilog="Example: scanstream risk PEPRFRP56HFE3XF5TUD7HTWRHWZ --json")(risk)


def risk(
    patient: Annotated[
        str | None, typer.Argument(help="Pseudonym, or the hospital's ID (with the vault role).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Current risks, highest first, and whose question is closed since when: of all patients, or of one.

    A risk counts from the day of its scan to valid_until; risk_ahead is what of it lies between today and then, given
    that nothing has happened so far.
    """
    from stream.storage.reading.courses import closed_questions
    from stream.storage.reading.views import current_risk, of_unknown_disease
    from stream.terminal.printing import print_json, print_table

    settings = load_settings()
    patients = find_patients(settings, patient) if patient else None
    rows = ask(settings, "reader", lambda connection: current_risk(connection, patients))
    if as_json:
        print_json(rows)
        return
    print_table(rows, COLUMNS)
    if closed := ask(settings, "reader", lambda connection: closed_questions(connection, patients)):
        print("\nNot forecast, as the question is not open:")
        print_table(closed, CLOSED)
    if patients and ask(settings, "reader", lambda connection: of_unknown_disease(connection, patients)):
        print(UNKNOWN_DISEASE)

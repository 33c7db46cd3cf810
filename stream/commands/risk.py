"""The command risk: current risks of all patients or of one."""

from typing import Annotated

import typer

from stream.settings import load_settings
from stream.terminal.options import PATIENT_HELP, Every, Json, Limit, Page
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
CLOSED = ("patient_id", "line", "endpoint", "status", "since", "because")


def register(app: typer.Typer) -> None:
    """Add risk."""
    app.command(epilog="Example: scanstream risk --endpoint progression --horizon 180 --limit 50")(risk)


def risk(
    patient: Annotated[str | None, typer.Argument(help=PATIENT_HELP)] = None,
    disease: Annotated[str | None, typer.Option(help="Of patients with this disease only.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="Of this endpoint only, as progression.")] = None,
    horizon: Annotated[int | None, typer.Option(help="Within this many days only.")] = None,
    limit: Limit = None,
    page: Page = 1,
    every: Every = False,
    as_json: Json = False,
) -> None:
    """Current risks, highest first, and whose question is closed since when: of all patients, or of one.

    A risk counts from the day of its scan to valid_until; risk_ahead is what of it lies between today and then, given
    that nothing has happened so far.
    """
    from stream.storage.reading.listing import RiskFilter, closed_questions, current_risks
    from stream.storage.reading.views import of_unknown_disease
    from stream.terminal.paging import page_choice, print_listing
    from stream.terminal.printing import print_json

    choice = page_choice(limit, page, every, as_json)
    settings = load_settings()
    patients = find_patients(settings, patient) if patient else None
    wanted = RiskFilter(patients, disease, endpoint, horizon)
    risks = ask(settings, "reader", lambda connection: current_risks(connection, wanted, choice))
    if as_json:
        print_json(risks.rows)
        return
    print_listing(risks, choice, COLUMNS)
    closed = ask(settings, "reader", lambda connection: closed_questions(connection, wanted, choice))
    if closed.rows:
        print("\nNot forecast, as the question is not open:")
        print_listing(closed, choice, CLOSED)
    if patients and ask(settings, "reader", lambda connection: of_unknown_disease(connection, patients)):
        print(UNKNOWN_DISEASE)

"""The command risk: current risks of all patients or of one."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from stream.errors import WrongUse
from stream.settings import Settings, load_settings
from stream.terminal.days import PatientDays
from stream.terminal.options import PATIENT_HELP, Every, Json, Limit, Page
from stream.terminal.questions import ask, days_of, find_timelines
from stream.vocabulary import ENDPOINTS, EXPLANATIONS, UNKNOWN_DISEASE

if TYPE_CHECKING:
    from stream.storage.reading.listing import Listing, PageChoice


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
    """Current risks, the patient with the highest first, and whose question is closed since when.

    A risk counts from the day of its scan until the day named; from today: what of it lies between today and then,
    given that nothing has happened so far. --horizon 180 leaves one row of each patient.
    """
    from stream.storage.reading.listing import RiskFilter, closed_questions, current_risks
    from stream.terminal.paging import page_choice
    from stream.terminal.printing import print_json

    if endpoint and endpoint not in ENDPOINTS:
        raise WrongUse(f"There is no endpoint {endpoint}; there are {', '.join(ENDPOINTS)}.")
    choice = page_choice(limit, page, every, as_json)
    settings = load_settings()
    patients = find_timelines(settings, patient) if patient else None
    wanted = RiskFilter(patients, disease, endpoint, horizon)
    risks = ask(settings, "reader", lambda connection: current_risks(connection, wanted, choice))
    if as_json:
        print_json(risks.rows)
        return
    closed = ask(settings, "reader", lambda connection: closed_questions(connection, wanted, choice))
    told = sorted({row["patient_id"] for row in [*risks.rows, *closed.rows]})
    _print(risks, closed, choice, days_of(settings, told), bool(patient))
    is_any = bool(risks.rows or closed.rows)
    if wanted == RiskFilter() and choice.page == 1 and not is_any:
        print("Send scans by `scanstream send`, or bring in tables by `scanstream import`.")
    for sentence in _why_none(settings, patients or [], is_any):
        print(sentence)


def _print(risks: "Listing", closed: "Listing", choice: "PageChoice", days: PatientDays, of_one: bool) -> None:
    """Both lists; of one patient whose questions are all closed only the second."""
    from stream.terminal.paging import print_listing
    from stream.terminal.risk_story import CLOSED_COLUMNS, RISK_COLUMNS, closed_row, risk_row

    if risks.rows or not (of_one and closed.rows):
        told = [risk_row(row, days) for row in risks.rows]
        print_listing(risks._replace(rows=told), choice, RISK_COLUMNS)
    if closed.rows:
        print("Not forecast:" if of_one and not risks.rows else "\nNot forecast, as the question is not open:")
        told = [closed_row(row, days) for row in closed.rows]
        print_listing(closed._replace(rows=told), choice, CLOSED_COLUMNS)


def _why_none(settings: Settings, patients: Sequence[str], is_any: bool) -> list[str]:
    """What to do where the disease of one of `patients` is unknown; where nothing was found, why not."""
    from stream.storage.reading.views import of_unknown_disease, reasons_of_last

    is_unknown = ask(settings, "reader", partial(of_unknown_disease, patients=patients))
    if is_unknown:
        return [UNKNOWN_DISEASE]
    if is_any:
        return []
    reasons = [ask(settings, "reader", partial(reasons_of_last, patient_id=patient)) for patient in patients]
    return [EXPLANATIONS.get(reason, f"{reason}.") for of_patient in reasons for reason in of_patient]

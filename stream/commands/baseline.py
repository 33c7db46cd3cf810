"""The command baseline: a person says that a line of therapy begins anew; it is logged with who, when and why."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from stream import logs
from stream.errors import AnswerIsNo, WrongUse
from stream.settings import load_settings
from stream.terminal.options import By, Json, Patient
from stream.terminal.printing import print_end
from stream.terminal.questions import answer_in_time, ask, day_written, find_patient
from stream.terminal.signing import signed

if TYPE_CHECKING:
    from stream.storage.database import Connection


def register(app: typer.Typer) -> None:
    """Add baseline."""
    app.command(epilog='Example: scanstream baseline 4711 --at 2026-03-01 --why "second line"')(baseline)


def baseline(
    patient: Patient,
    at: Annotated[str, typer.Option(help="The day on which the line begins, as YYYY-MM-DD.")],
    why: Annotated[str, typer.Option(help="Why, in your words: it is kept in the log.")],
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take back what was said of this day.")] = False,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Begin a new line of therapy by hand: its baseline is the last visit with lesions on or before the day."""
    from stream.services.facts.baselines import accept_baseline, is_folded
    from stream.services.facts.bells import patient_bell
    from stream.wiring.bells import ring

    logs.setup("baseline")
    settings = load_settings()
    now = dt.datetime.now(dt.UTC)
    start = dt.datetime.combine(_day(at, now.astimezone(settings.zone).date()), dt.time.min, settings.zone)
    received_as = find_patient(settings, patient)
    who = signed(settings, by, why, received_as).by

    def accept(connection: "Connection") -> bool:
        return accept_baseline(connection, received_as, start, withdraw, who, why, now)

    if not ask(settings, "worker", accept):
        raise AnswerIsNo("Nothing begins on this day." if withdraw else "A line begins on this day already.")
    ring(settings, [patient_bell(received_as)])
    done = answer_in_time(settings, lambda connection: is_folded(connection, received_as, start) or None)
    fields = {"patient_id": received_as, "at": at, "outcome": done and "done"}
    print_end(as_json, fields, "The baseline")


def _day(text: str, today: dt.date) -> dt.date:
    """WrongUse where it is no day, or lies in the future: nothing was seen of it yet."""
    day = day_written(text)
    if day > today:
        raise WrongUse(f"{text} lies in the future.")
    return day

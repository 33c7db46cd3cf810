"""The command response: the verdicts of a patient, visit by visit, in sentences."""

from typing import Annotated, Any

import typer

from stream.settings import load_settings
from stream.terminal.days import PatientDays
from stream.terminal.options import Json, Patient
from stream.terminal.questions import ask, days_of, find_timeline
from stream.terminal.risk_story import answered
from stream.vocabulary import RECIST


def register(app: typer.Typer) -> None:
    """Add response."""
    app.command(epilog="Example: scanstream response PEPRFRP56HFE3XF5TUD7HTWRHWZ")(response)


def response(
    patient: Patient,
    criterion: Annotated[str, typer.Option(help="Criterion to judge by.")] = RECIST,
    as_json: Json = False,
) -> None:
    """What each visit says of the response, line by line of therapy, and which questions are still open."""
    from stream.storage.reading.courses import endpoint_statuses, lesions_followed, responses, scans_after_death
    from stream.terminal.printing import print_json

    settings = load_settings()
    patient_id = find_timeline(settings, patient)
    verdicts = ask(settings, "reader", lambda connection: responses(connection, patient_id, criterion))
    statuses = ask(settings, "reader", lambda connection: endpoint_statuses(connection, patient_id))
    if as_json:
        print_json({"responses": verdicts, "endpoint_statuses": statuses})
        return
    later = ask(settings, "reader", lambda connection: scans_after_death(connection, patient_id))
    lesions = ask(settings, "reader", lambda connection: lesions_followed(connection, patient_id))
    days = days_of(settings, [patient_id])
    for text in [*_story(verdicts, statuses, days), *_not_sure(lesions), *_after_death(patient_id, later, days)]:
        print(text)


def _story(verdicts: list[dict[str, Any]], statuses: list[dict[str, Any]], days: PatientDays) -> list[str]:
    if not verdicts:
        return ["No visit of this patient says anything of lesions yet."]
    told: list[str] = []
    for number in sorted({row["line"] for row in verdicts}):
        told += ["", f"Line {number}"] if told else [f"Line {number}"]
        of_line = [row for row in verdicts if row["line"] == number]
        told += [f"  {days.of(row['patient_id'], row['acquired_at'])}  {row['trace']}" for row in of_line]
        told += [f"  {_status(row, days)}" for row in statuses if row["line"] == number]
    return told


def _not_sure(lesions: list[dict[str, Any]]) -> list[str]:
    """A verdict hangs on it: what a report calls by another name is a new lesion until a person says otherwise."""
    named = {f"{row['lesion_label']} ({row['lesion_id'][-6:]})" for row in lesions if row["perhaps"]}
    if not named:
        return []
    names = ", ".join(sorted(named))
    return [
        "",
        f"Not sure: {names} may be a lesion that was known before; `scanstream lesions` says which, and links them.",
    ]


def _after_death(patient_id: str, later: list[dict[str, Any]], days: PatientDays) -> list[str]:
    if not later:
        return []
    those = ", ".join(days.of(patient_id, row["acquired_at"]) for row in later)
    died = days.of(patient_id, later[0]["died_at"])
    return [
        "",
        f"The patient died on {died}, scans came after that ({those}): "
        "that day is wrong, or these are somebody else's.",
    ]


def _status(row: dict[str, Any], days: PatientDays) -> str:
    since = f" since {days.of(row['patient_id'], row['since'])}" if row["since"] else ""
    if row["status"] == "open":
        return f"{row['endpoint']}: open{since}"
    # what has occurred is told by its verdict above
    why = "" if row["status"] == "occurred" else f": {row['because']}"
    return f"{row['endpoint']}: {answered(row['status'])}{since}{why}"

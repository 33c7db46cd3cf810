"""The commands merge, unmerge and move: who is one person, and whose a scan is; each is logged."""

import uuid
from typing import Annotated

import typer

from stream import logs
from stream.errors import AnswerIsNo
from stream.settings import Settings, load_settings
from stream.terminal.options import By, Json, Patient, Scan, Why
from stream.terminal.printing import print_end
from stream.terminal.questions import answer_in_time, ask, find_patient, find_scan
from stream.terminal.signing import signed
from stream.vocabulary import IdentityKind, IdentityOutcome

REFUSED = {
    IdentityKind.MERGE: "it is merged already, or the other patient was merged into it",
    IdentityKind.UNMERGE: "it is not merged into another patient",
    IdentityKind.MOVE: "it cannot be moved",
}


def register(app: typer.Typer) -> None:
    """Add merge, unmerge and move."""
    app.command(epilog='Example: scanstream merge 4711 --into 4712 --why "registered twice"')(merge)
    app.command(epilog='Example: scanstream unmerge 4711 --why "two people after all"')(unmerge)
    app.command(epilog='Example: scanstream move 1.2.826.0.1.99 --to 4712 --why "wrong worklist entry"')(move)


def merge(
    patient: Patient,
    into: Annotated[str, typer.Option(help="The patient it is one person with; its name stays.")],
    why: Why = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Two records are one person: both timelines become one."""
    settings = load_settings()
    names = find_patient(settings, patient), find_patient(settings, into)
    _accept(settings, IdentityKind.MERGE, *names, None, by, why, as_json)


def unmerge(patient: Patient, why: Why = None, by: By = None, as_json: Json = False) -> None:
    """Take a merge back: what was received as this patient goes back to it, whenever it came."""
    settings = load_settings()
    _accept(settings, IdentityKind.UNMERGE, find_patient(settings, patient), None, None, by, why, as_json)


def move(
    scan: Scan,
    to: Annotated[str, typer.Option(help="The patient it belongs to.")],
    why: Why = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """A scan belongs to another patient, with all its revisions, also those to come."""
    settings = load_settings()
    _accept(settings, IdentityKind.MOVE, None, find_patient(settings, to), find_scan(settings, scan), by, why, as_json)


def _accept(
    settings: Settings,
    kind: IdentityKind,
    patient: str | None,
    other: str | None,
    scan: str | None,
    by: str | None,
    why: str | None,
    as_json: bool,
) -> None:
    from stream.services.facts.bells import patient_bell
    from stream.services.facts.identity_events import IdentityEvent, accept_identity, outcome
    from stream.wiring.bells import ring

    logs.setup(kind)
    sign_off = signed(settings, by, why, patient, other, scan)
    event = IdentityEvent(str(uuid.uuid4()), kind, patient, other, scan, sign_off.by, why)
    ask(settings, "worker", lambda connection: accept_identity(connection, event))
    ring(settings, [patient_bell(patient or other or "")])
    end = answer_in_time(settings, lambda connection: outcome(connection, event.event_id))
    if end == IdentityOutcome.REFUSED:
        raise AnswerIsNo(f"The {kind} was refused: {REFUSED[kind]}. Nothing has changed.")
    print_end(as_json, {"event_id": event.event_id, "kind": kind, "outcome": end}, f"The {kind} of {event.subject}")

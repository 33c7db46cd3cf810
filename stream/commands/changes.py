"""Commands that change the past: merge, unmerge, move, reject, restore; each is logged with who, when and why."""

import getpass
import time
import uuid
from collections.abc import Callable
from typing import Annotated, Any

import typer

from stream import logs
from stream.commands.status import By, Json, Result, Why, ask, find_patient
from stream.errors import AnswerIsNo, WrongUse
from stream.settings import Settings, load_settings

PATIENCE_SECONDS = 15.0
"""A worker that runs needs less than a second; longer means that none does."""

Patient = Annotated[str, typer.Argument(help="Pseudonym, or the hospital's ID (with the vault role).")]
Scan = Annotated[str, typer.Argument(help="Pseudonym of the scan, or the Study Instance UID (with the vault role).")]
Revision = Annotated[int | None, typer.Option(min=1, help="Revision; without it the highest.")]


def register(app: typer.Typer) -> None:
    """Add merge, unmerge, move, reject and restore."""
    app.command(epilog='Example: scanstream merge 4711 --into 4712 --why "registered twice"')(merge)
    app.command(epilog='Example: scanstream unmerge 4711 --why "two people after all"')(unmerge)
    app.command(epilog='Example: scanstream move 1.2.826.0.1.99 --to 4712 --why "wrong worklist entry"')(move)
    app.command(epilog='Example: scanstream reject 1.2.826.0.1.99 --because quality --why "motion"')(reject)
    app.command(epilog='Example: scanstream restore 1.2.826.0.1.99 --why "good enough for the lesion"')(restore)


def merge(
    patient: Patient,
    into: Annotated[str, typer.Option(help="The patient it is one person with; its name stays.")],
    why: Why = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Two records are one person: both timelines become one."""
    settings = load_settings()
    _identity(settings, "merge", _one(settings, patient), _one(settings, into), None, by, why, as_json)


def unmerge(patient: Patient, why: Why = None, by: By = None, as_json: Json = False) -> None:
    """Take a merge back: what was received as this patient goes back to it, whenever it came."""
    settings = load_settings()
    _identity(settings, "unmerge", _one(settings, patient), None, None, by, why, as_json)


def move(
    scan: Scan,
    to: Annotated[str, typer.Option(help="The patient it belongs to.")],
    why: Why = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """A scan belongs to another patient, with all its revisions, also those to come."""
    settings = load_settings()
    _identity(settings, "move", None, _one(settings, to), _scan(settings, scan), by, why, as_json)


def reject(
    scan: Scan,
    because: Annotated[str, typer.Option(help="quality, safety, wrong_patient or other.")] = "other",
    revision: Revision = None,
    why: Why = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Take a scan down: this revision and all lower ones count no longer; a higher one stands."""
    if because not in ("quality", "safety", "wrong_patient", "other"):
        raise WrongUse(f"{because} is no reason: use quality, safety, wrong_patient or other.")
    _decide(scan, because, revision, False, by, why, as_json)


def restore(scan: Scan, revision: Revision = None, why: Why = None, by: By = None, as_json: Json = False) -> None:
    """Withdraw the rejection of a scan: it counts again."""
    _decide(scan, "other", revision, True, by, why, as_json)


def _identity(
    settings: Settings, kind: str, patient: str | None, other: str | None, scan: str | None, by: str | None,
    why: str | None, as_json: bool,
) -> None:  # fmt: skip
    from stream.services.facts.identity_events import IdentityEvent, accept_identity, outcome
    from stream.wiring.bells import patient_bell, ring

    logs.setup(kind)
    event = IdentityEvent(str(uuid.uuid4()), kind, patient, other, scan, by or getpass.getuser(), why)
    ask(settings, "worker", lambda connection: accept_identity(connection, event))
    ring(settings, [patient_bell(patient or other or "")])
    end = _awaited(settings, lambda connection: outcome(connection, event.event_id))
    if end == "refused":
        raise AnswerIsNo(f"The {kind} was refused: {REFUSED[kind]}. Nothing has changed.")
    _say(as_json, {"event_id": event.event_id, "kind": kind, "outcome": end}, f"The {kind} of {event.subject}")


REFUSED = {
    "merge": "it is merged already, or the other patient was merged into it",
    "unmerge": "it is not merged into another patient",
    "move": "it cannot be moved",
}


def _decide(
    scan: str, because: str, revision: int | None, withdrawn: bool, by: str | None, why: str | None, as_json: bool
) -> None:
    import datetime as dt

    from stream.services.facts.rejections import Rejection, accept_rejections, effective
    from stream.wiring.bells import patient_bell, ring

    logs.setup("restore" if withdrawn else "reject")
    settings = load_settings()
    scan_uid = _scan(settings, scan)
    one = Rejection(scan_uid, revision, because, by or getpass.getuser(), why, withdrawn)

    def accept(connection: Any) -> list[str]:
        with connection.transaction():
            return accept_rejections(connection, [one], dt.datetime.now(dt.UTC))

    if not ask(settings, "worker", accept):
        raise AnswerIsNo("No rejection of it stands." if withdrawn else "It is rejected already.")
    received_as = ask(settings, "worker", lambda c: _received_as(c, scan_uid))
    # what a note had taken back in part counts again too, in a revision of its own
    ring(settings, [patient_bell(received_as), ("instances", received_as, {"scan_uid": scan_uid})])
    end = _awaited(settings, lambda connection: effective(connection, scan_uid) or None)
    verb = "restore" if withdrawn else "reject"
    _say(
        as_json, {"scan_uid": scan_uid, "decision": verb, "outcome": end and "done"}, f"The decision to {verb} the scan"
    )


def _received_as(connection: Any, scan_uid: str) -> str:
    from stream.storage.timelines import resolve

    return resolve(connection, [scan_uid])[scan_uid]


def _say(as_json: bool, found: dict[str, Any], what: str) -> None:
    from stream.terminal.printing import print_json

    if as_json:
        print_json(found)
    elif found["outcome"]:
        print(f"{what} has taken effect.")
    else:
        print(f"{what} is accepted and takes effect as soon as a worker runs.")


def _awaited(settings: Settings, question: Callable[[Any], Result]) -> Result:
    """The answer once there is one; None (or what is empty) where there is none in time."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not (end := ask(settings, "worker", question)) and time.monotonic() < until:
        time.sleep(0.1)
    return end


def _one(settings: Settings, patient: str) -> str:
    found = find_patient(settings, patient)
    if len(found) > 1:
        raise WrongUse(f"{patient} is the ID of {len(found)} patients of several issuers: name one by its pseudonym.")
    return found[0]


def _scan(settings: Settings, scan: str) -> str:
    """The pseudonym of a scan; a Study Instance UID is looked up in the vault."""
    from stream.storage.vault import find_scan
    from stream.storage.views import knows_scan

    if ask(settings, "reader", lambda connection: knows_scan(connection, scan)):
        return scan
    try:
        found = ask(settings, "vault", lambda connection: find_scan(connection, scan))
    except WrongUse:
        found = None
    if found is None:
        raise AnswerIsNo(f"No scan {scan} is known here; Study Instance UIDs need the vault role's password.")
    return found

"""The commands reject and restore: a scan counts no longer, or again; each is logged with who, when and why."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from stream import logs
from stream.errors import AnswerIsNo, WrongUse
from stream.settings import load_settings
from stream.terminal.options import By, Json, Scan, Why
from stream.terminal.printing import print_end
from stream.terminal.questions import answer_in_time, ask, find_scan
from stream.terminal.signing import signed
from stream.vocabulary import RejectionReason

if TYPE_CHECKING:
    from stream.storage.database import Connection

Revision = Annotated[int | None, typer.Option(min=1, help="Revision; without it the highest.")]
BECAUSE = (RejectionReason.QUALITY, RejectionReason.SAFETY, RejectionReason.WRONG_PATIENT, RejectionReason.OTHER)


def register(app: typer.Typer) -> None:
    """Add reject and restore."""
    app.command(epilog='Example: scanstream reject 1.2.826.0.1.99 --because quality --why "motion"')(reject)
    app.command(epilog='Example: scanstream restore 1.2.826.0.1.99 --why "good enough for the lesion"')(restore)


def reject(
    scan: Scan,
    because: Annotated[str, typer.Option(help="quality, safety, wrong_patient or other.")] = RejectionReason.OTHER,
    revision: Revision = None,
    why: Why = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Take a scan down: this revision and all lower ones count no longer; a higher one stands."""
    if because not in BECAUSE:
        raise WrongUse(f"{because} is no reason: use quality, safety, wrong_patient or other.")
    _decide(scan, because, revision, False, by, why, as_json)


def restore(scan: Scan, revision: Revision = None, why: Why = None, by: By = None, as_json: Json = False) -> None:
    """Withdraw the rejection of a scan: it counts again."""
    _decide(scan, RejectionReason.OTHER, revision, True, by, why, as_json)


def _decide(
    scan: str, because: str, revision: int | None, withdrawn: bool, by: str | None, why: str | None, as_json: bool
) -> None:
    from stream.services.facts.bells import patient_bell
    from stream.services.facts.rejections import Rejection, accept_rejections, effective
    from stream.wiring.bells import ring

    logs.setup("restore" if withdrawn else "reject")
    settings = load_settings()
    scan_uid = find_scan(settings, scan)
    sign_off = signed(settings, by, why, scan_uid)
    rejection = Rejection(scan_uid, revision, because, sign_off.by, why, withdrawn)

    def accept(connection: "Connection") -> list[str]:
        with connection.transaction():
            return accept_rejections(connection, [rejection], dt.datetime.now(dt.UTC))

    if not ask(settings, "worker", accept):
        raise AnswerIsNo("No rejection of it stands." if withdrawn else "It is rejected already.")
    received_as = ask(settings, "worker", lambda connection: _received_as(connection, scan_uid))
    # what a note had taken back in part counts again too, in a revision of its own
    ring(settings, [patient_bell(received_as), ("instances", received_as, {"scan_uid": scan_uid})])
    end = answer_in_time(settings, lambda connection: effective(connection, scan_uid) or None)
    verb = "restore" if withdrawn else "reject"
    fields = {"scan_uid": scan_uid, "decision": verb, "outcome": end and "done"}
    print_end(as_json, fields, f"The decision to {verb} the scan")


def _received_as(connection: "Connection", scan_uid: str) -> str:
    from stream.storage.folding.timelines import resolve

    return resolve(connection, [scan_uid])[scan_uid]

"""Facts that arrive on the `patient-events` topic: they become rows before anything else happens."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stream.messages import BadMessage, Letter
from stream.services.clinical import Outcome, Treatment, accept_clinical, accept_outcomes, accept_treatments
from stream.storage.database import Connection

KINDS = ("bell", "treatment", "clinical", "outcome")


@dataclass(frozen=True)
class PatientEvent:
    """A message about a patient; `fact` is None for a bare bell."""

    kind: str
    received_as: str
    fact: Treatment | Outcome | Mapping[str, Any] | None


def read_event(letter: Letter) -> PatientEvent:
    """The event in a message; raises BadMessage where it is of no kind known here, or its fact is not complete."""
    kind, received_as = letter.text("kind"), letter.text("received_as")
    if kind not in KINDS:
        raise BadMessage(letter.value, "A patient event of its kind is not known to this version.")
    fact = letter.fields().get("fact")
    if kind == "bell":
        return PatientEvent(kind, received_as, None)
    if not isinstance(fact, dict):
        raise BadMessage(letter.value, f"The patient event of kind {kind} brings no fact.")
    try:
        return PatientEvent(kind, received_as, _fact(kind, received_as, fact))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        # the error's text may quote the fact, which may name a person
        raise BadMessage(letter.value, f"The fact of kind {kind} cannot be read ({type(error).__name__}).") from None


def accept(connection: Connection, events: Sequence[PatientEvent]) -> None:
    """Append the facts of `events` in one transaction."""
    now = dt.datetime.now(dt.UTC)
    with connection.transaction():
        accept_treatments(connection, [e.fact for e in events if isinstance(e.fact, Treatment)], now)
        accept_outcomes(connection, [e.fact for e in events if isinstance(e.fact, Outcome)], now)
        accept_clinical(connection, [(e.received_as, e.fact) for e in events if e.kind == "clinical"], now)


def _fact(kind: str, received_as: str, fact: Mapping[str, Any]) -> Treatment | Outcome | Mapping[str, Any]:
    if kind == "clinical":
        return fact
    if kind == "outcome":
        return Outcome(received_as, str(fact["endpoint"]), _time(fact.get("at")), bool(fact["event"]),
                       bool(fact.get("withdrawn", False)))  # fmt: skip
    start = fact["start_at"]
    return Treatment(
        received_as, str(fact["name"]), str(fact["kind"]), _time(start), _time(fact.get("end_at")),
        by_day=len(start) == len("2026-01-31"), withdrawn=bool(fact.get("withdrawn", False)),
    )  # fmt: skip


def _time(text: str | None) -> dt.datetime | None:
    """A day or a moment in ISO form; without a zone it is UTC."""
    if text is None:
        return None
    at = dt.datetime.fromisoformat(text)
    return at.astimezone(dt.UTC) if at.tzinfo else at.replace(tzinfo=dt.UTC)

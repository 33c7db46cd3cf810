"""Facts that arrive on the `patient-events` topic: they become rows before anything else happens."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stream.crash import reach
from stream.messages import LARGEST_REVISION, BadMessage, Letter
from stream.services.accepting.set_asides import item_id, set_aside_row
from stream.services.facts.clinical import (
    CODED,
    Outcome,
    Treatment,
    accept_clinical,
    accept_outcomes,
    accept_treatments,
)
from stream.services.facts.identity_events import IdentityEvent, accept_identity
from stream.services.facts.lesion_facts import ALONE, WITH_DAY, LesionFact, accept_lesion_fact
from stream.services.facts.rejections import Rejection, accept_rejections
from stream.storage import audit, schema
from stream.storage.appending import append
from stream.storage.database import Connection
from stream.storage.patients.facts import standing_clinical
from stream.storage.patients.naming import names_somebody
from stream.storage.table_scan import leaves
from stream.vocabulary import LesionRelation, ReasonCode, RejectionReason

KINDS = ("bell", "treatment", "clinical", "outcome", "lesion", "rejection", "merge", "unmerge", "move")
BY_MESSAGE = "patient-events"
"""Who did it, as far as is known: the account that may bring facts on this topic. More a message only claims."""
MOST_BYTES, MOST_KNOWN = 16_384, 65_536
"""Bytes of an event, and characters of all clinical facts of a patient: every change of one writes them all again."""
_NO_FREE_TEXT = CODED | {"start_at", "end_at", "at", "day"}
"""Fields of facts in a few words or numbers: what is told there is somebody's name or birth date by chance."""

Fact = Treatment | Outcome | LesionFact | Rejection | IdentityEvent | Mapping[str, Any]


@dataclass(frozen=True)
class PatientEvent:
    """A message about a patient; `fact` is None for a bare bell; `why` as it says, `by` with what it claims beside.

    `said`: all words in it that somebody may have typed; `sha256` names it by its bytes.
    """

    kind: str
    received_as: str
    fact: Fact | None
    by: str = BY_MESSAGE
    why: str | None = None
    said: tuple[str, ...] = ()
    sha256: str = ""


def read_event(letter: Letter) -> PatientEvent:
    """The event in a message; raises BadMessage where it is too large, of no known kind, or its fact not complete."""
    if len(letter.value) > MOST_BYTES:
        raise BadMessage(letter.value, f"The patient event is larger than {MOST_BYTES:,} bytes: send one fact in each.")
    kind, received_as = letter.text("kind"), letter.text("received_as")
    if kind not in KINDS:
        raise BadMessage(letter.value, "A patient event of its kind is not known to this version.")
    fields = letter.fields()
    fact = fields.get("fact")
    if kind == "bell":
        return PatientEvent(kind, received_as, None)
    if not isinstance(fact, dict):
        raise BadMessage(letter.value, f"The patient event of kind {kind} brings no fact.")
    by, why = _author(fields.get("by")), fields.get("why")
    try:
        read = _fact(kind, received_as, fact, _event_id(letter), by, why)
        said = _said(fact, by, why, fields.get("event_id"))
        return PatientEvent(kind, received_as, read, by, None if why is None else str(why), said, letter.sha256)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        # the error's text may quote the fact, which may name a person
        raise BadMessage(letter.value, f"The fact of kind {kind} cannot be read ({type(error).__name__}).") from None


def accept(connection: Connection, events: Sequence[PatientEvent]) -> list[PatientEvent]:
    """Append and log the facts of `events`: all in one transaction, but identity events each in one of its own.

    Those that say who the patient is, or more than is kept of one, are set aside, the others returned.
    """
    now = dt.datetime.now(dt.UTC)
    with connection.transaction():
        events = _without_names(connection, events, now)
        changed = accept_treatments(connection, [e.fact for e in events if isinstance(e.fact, Treatment)], now)
        events = _within_room(connection, events, now)
        clinical = [(e.received_as, e.fact) for e in events if isinstance(e.fact, Mapping)]
        changed |= accept_clinical(connection, clinical, now)
        changed |= accept_outcomes(connection, [e.fact for e in events if isinstance(e.fact, Outcome)], now)
        reach("patient_events.written")
        accept_rejections(connection, [e.fact for e in events if isinstance(e.fact, Rejection)], now)
        for event in events:
            if isinstance(event.fact, LesionFact):
                accept_lesion_fact(connection, event.fact, event.by, event.why, now)
            if event.kind in ("treatment", "clinical", "outcome") and event.received_as in changed:
                audit.record(connection, event.by, event.kind, event.received_as, event.why, now)
    reach("patient_events.committed")
    for event in events:
        if isinstance(event.fact, IdentityEvent):
            accept_identity(connection, event.fact)
    return list(events)


def _without_names(connection: Connection, events: Sequence[PatientEvent], now: dt.datetime) -> Sequence[PatientEvent]:
    """Facts lie outside the vault: one that says who the patient is waits for a person, who sends it without that."""
    telling = {e.sha256 for e in events if e.said and names_somebody(connection, e.received_as, e.said)}
    reason = "A fact of kind {} says who the patient is, by name, ID or birth date: send it again without that."
    rows = [_row(e, ReasonCode.BAD_VALUE, reason.format(e.kind), now) for e in events if e.sha256 in telling]
    append(connection, schema.set_asides, rows)
    return [event for event in events if event.sha256 not in telling]


def _within_room(connection: Connection, events: Sequence[PatientEvent], now: dt.datetime) -> Sequence[PatientEvent]:
    """Without the clinical facts that would let those of their patient grow beyond what is kept of one."""
    clinical = [(event, event.fact) for event in events if isinstance(event.fact, Mapping)]
    known = standing_clinical(connection, [event.received_as for event, _ in clinical])
    beyond: list[PatientEvent] = []
    for event, fact in clinical:
        grown = {**known.get(event.received_as, {}), **fact}
        if len(json.dumps(grown, ensure_ascii=False)) > MOST_KNOWN:
            beyond.append(event)
        else:
            known[event.received_as] = grown
    reason = f"All clinical facts of a patient may have {MOST_KNOWN:,} characters: with these there would be more."
    append(connection, schema.set_asides, [_row(event, ReasonCode.TOO_LARGE, reason, now) for event in beyond])
    return [event for event in events if event not in beyond]


def _row(event: PatientEvent, reason_code: ReasonCode, reason: str, now: dt.datetime) -> dict[str, Any]:
    return set_aside_row(item_id(event.sha256), reason_code, reason, now, sha256=event.sha256)


def _said(fact: Mapping[str, Any], *beside: object) -> tuple[str, ...]:
    free = {name: value for name, value in fact.items() if name not in _NO_FREE_TEXT}
    return tuple(map(str, leaves([free, *filter(None, beside)])))


def _author(claimed: object) -> str:
    """Who stands in the audit log: no message can pass for one of the people who log in to this machine."""
    return f"{BY_MESSAGE}: {claimed}" if claimed else BY_MESSAGE


def _event_id(letter: Letter) -> str:
    """The sender's name for the event; a message without one is named by its bytes."""
    return str(letter.fields().get("event_id") or letter.sha256)


def _fact(kind: str, received_as: str, fact: Mapping[str, Any], event_id: str, by: str, why: Any) -> Fact:
    why = None if why is None else str(why)
    match kind:
        case "clinical":
            return fact
        case "outcome":
            return _outcome(received_as, fact)
        case "treatment":
            return _treatment(received_as, fact)
        case "lesion":
            return _lesion(received_as, fact)
        case "rejection":
            revision, withdrawn = fact.get("revision"), bool(fact.get("withdrawn", False))
            return Rejection(_text(fact["scan_uid"]), _revision(revision), _reason(fact), by, why, withdrawn)
        case "merge":
            return IdentityEvent(event_id, kind, received_as, _text(fact["into"]), None, by, why)
        case "unmerge":
            return IdentityEvent(event_id, kind, received_as, None, None, by, why)
    return IdentityEvent(event_id, kind, None, _text(fact["to"]), _text(fact["scan_uid"]), by, why)


def _outcome(received_as: str, fact: Mapping[str, Any]) -> Outcome:
    return Outcome(
        received_as,
        str(fact["endpoint"]),
        _time_or_none(fact.get("at")),
        bool(fact["event"]),
        bool(fact.get("withdrawn", False)),
    )


def _lesion(received_as: str, fact: Mapping[str, Any]) -> LesionFact:
    relation, other, day = LesionRelation(fact["relation"]), fact.get("other_uid"), fact.get("day")
    if (other is None) != (relation in ALONE) or (day is None) == (relation in WITH_DAY):
        raise ValueError("a relation has the lesions and the day that it is about, and no others")
    return LesionFact(
        received_as,
        relation,
        _text(fact["lesion_uid"]),
        None if other is None else _text(other),
        None if day is None else dt.date.fromisoformat(day),
        bool(fact.get("withdrawn", False)),
    )


def _treatment(received_as: str, fact: Mapping[str, Any]) -> Treatment:
    start = fact["start_at"]
    return Treatment(
        received_as,
        str(fact["name"]),
        str(fact["kind"]),
        _time(start),
        _time_or_none(fact.get("end_at")),
        by_day=len(start) == len("2026-01-31"),
        withdrawn=bool(fact.get("withdrawn", False)),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("an id is text")
    return value


def _revision(value: object) -> int | None:
    if value is not None and (type(value) is not int or not 0 < value <= LARGEST_REVISION):
        raise ValueError("a revision is a whole number from 1")
    return value


def _reason(fact: Mapping[str, Any]) -> RejectionReason:
    return RejectionReason(fact.get("because", RejectionReason.OTHER))


def _time_or_none(text: str | None) -> dt.datetime | None:
    return None if text is None else _time(text)


def _time(text: str) -> dt.datetime:
    """A day or a moment in ISO form; without a zone it is UTC."""
    at = dt.datetime.fromisoformat(text)
    return at.astimezone(dt.UTC) if at.tzinfo else at.replace(tzinfo=dt.UTC)

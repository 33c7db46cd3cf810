"""The command lesions: how a patient's lesions are followed, and what a person says where that is not sure."""

import datetime as dt
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stream import logs
from stream.errors import AnswerIsNo, WrongUse
from stream.settings import Settings, load_settings
from stream.terminal.days import PatientDays
from stream.terminal.lesion_story import lesion_named, told
from stream.terminal.options import By, Json, Patient, Why
from stream.terminal.printing import print_end
from stream.terminal.questions import answer_in_time, ask, day_written, days_of, find_timeline
from stream.terminal.signing import signed
from stream.vocabulary import LesionRelation

if TYPE_CHECKING:
    from stream.services.facts.lesion_facts import LesionFact
    from stream.storage.database import Connection


class Act(StrEnum):
    """What a person says of a lesion."""

    LINK = "link"
    UNLINK = "unlink"
    SPLIT = "split"
    MERGE = "merge"
    TARGET = "target"
    NON_TARGET = "non-target"


RELATIONS = {
    Act.LINK: LesionRelation.SAME,
    Act.UNLINK: LesionRelation.DIFFERENT,
    Act.SPLIT: LesionRelation.FRAGMENT,
    Act.MERGE: LesionRelation.MERGED,
    Act.TARGET: LesionRelation.TARGET,
    Act.NON_TARGET: LesionRelation.NON_TARGET,
}

Lesion = Annotated[str | None, typer.Argument(help="Its label, or the last digits of its pseudonym.")]


def register(app: typer.Typer) -> None:
    """Add lesions."""
    app.command(epilog='Example: scanstream lesions 4711 link "liver 1" 204711 --why "the same, other reader"')(lesions)


def lesions(
    patient: Patient,
    act: Annotated[Act | None, typer.Argument(help="What you say of a lesion; without it they are listed.")] = None,
    lesion: Lesion = None,
    other: Lesion = None,
    at: Annotated[str | None, typer.Option(help="From this day on, as YYYY-MM-DD (merge, unlink of one).")] = None,
    why: Why = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take back what was said of them.")] = False,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Lesions followed over time: list them, link or unlink two, tell of a split, a merge or a role.

    unlink of one lesion with --at: from that day on its name stands for another lesion. split: the first was a part of
    the second. merge: the first counts within the second from --at on.
    """
    logs.setup("lesions")
    settings = load_settings()
    patient_id = find_timeline(settings, patient)
    rows = _rows(settings, patient_id)
    if act is None:
        _print(rows, as_json, days_of(settings, [patient_id]))
        return
    fact = _fact(patient_id, rows, act, lesion, other, at, withdraw)
    _accept(settings, fact, signed(settings, by, why, patient_id).by, why)
    done = answer_in_time(settings, lambda connection: _is_folded(connection, fact) or None)
    print_end(as_json, {"patient_id": patient_id, "act": act, "outcome": done and "done"}, f"What you said ({act})")


def _rows(settings: Settings, patient_id: str) -> list[dict[str, Any]]:
    from stream.storage.reading.courses import lesions_followed

    return ask(settings, "reader", lambda connection: lesions_followed(connection, patient_id))


def _print(rows: list[dict[str, Any]], as_json: bool, days: PatientDays) -> None:
    from stream.terminal.printing import print_json

    if as_json:
        print_json({"lesions": rows})
    else:
        print("\n".join(told(rows, days)))


def _fact(
    patient_id: str,
    rows: list[dict[str, Any]],
    act: Act,
    lesion: str | None,
    other: str | None,
    at: str | None,
    withdraw: bool,
) -> "LesionFact":
    """WrongUse where the act needs another number of lesions, or a day; AnswerIsNo where no lesion is called so."""
    from stream.services.facts.lesion_facts import ALONE, WITH_DAY, LesionFact

    relation = LesionRelation.ANEW if act is Act.UNLINK and at and not other else RELATIONS[act]
    if lesion is None or (other is None) != (relation in ALONE):
        raise WrongUse(f"{act} is said of {'one lesion' if RELATIONS[act] in ALONE else 'two lesions'}: name them.")
    if (at is None) == (relation in WITH_DAY):
        raise WrongUse(f"{act} needs --at DATE." if at is None else f"{act} holds on every day: leave --at out.")
    names = [lesion_named(rows, text) for text in (lesion, other) if text is not None]
    if len(set(names)) < len(names):
        raise WrongUse("Both names are of one report's lesion: name two.")
    return LesionFact(
        patient_id, relation, names[0], names[1] if other else None, day_written(at) if at else None, withdraw
    )


def _accept(settings: Settings, fact: "LesionFact", by: str, why: str | None) -> None:
    from stream.services.facts.bells import patient_bell
    from stream.services.facts.lesion_facts import accept_lesion_fact, why_refused
    from stream.wiring.bells import ring

    def accept(connection: "Connection") -> bool:
        with connection.transaction():
            if reason := why_refused(connection, fact):
                raise AnswerIsNo(f"{reason} Nothing has changed.")
            return accept_lesion_fact(connection, fact, by, why, dt.datetime.now(dt.UTC))

    if not ask(settings, "worker", accept):
        raise AnswerIsNo("Nothing of the kind was said." if fact.withdrawn else "That was said already.")
    ring(settings, [patient_bell(fact.received_as)])


def _is_folded(connection: "Connection", fact: "LesionFact") -> bool:
    from stream.services.facts.lesion_facts import is_folded

    return is_folded(connection, fact)

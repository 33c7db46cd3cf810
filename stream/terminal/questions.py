"""Questions of commands to Postgres: who and what is meant by what a person typed, and waiting for an answer."""

import datetime as dt
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from stream.errors import AnswerIsNo, CannotStart, WrongUse
from stream.settings import Settings
from stream.terminal.days import PatientDays, day

if TYPE_CHECKING:
    from stream.storage.database import Connection

Result = TypeVar("Result")
PATIENCE_SECONDS = 15.0
"""A worker that runs needs less than a second; longer means that none does."""
SHORTEST_PART, MOST_LISTED = 4, 20
"""Characters of a pseudonym that are enough to look for it; pseudonyms that are listed where a part is of more."""


def ask(settings: Settings, role: str, question: Callable[["Connection"], Result]) -> Result:
    """The answer of Postgres as `role`; CannotStart where it cannot be reached, is damaged or of another version."""
    from stream.storage.damage import Damaged, what_is_damaged
    from stream.storage.database import OtherSchema, Outage, connect

    try:
        with connect(settings, role) as connection:
            try:
                return question(connection)
            except Damaged as error:
                raise CannotStart(what_is_damaged(connection, error)) from None
    except Outage:
        raise CannotStart("Postgres does not answer: start the service with `scanstream up`.") from None
    except OtherSchema:
        raise CannotStart("The database is of another version: bring it here with `scanstream db upgrade`.") from None


def connected(settings: Settings, role: str) -> "Connection":
    """A connection that may take its time; CannotStart where Postgres cannot be reached."""
    from stream.storage.database import Outage, connect

    try:
        return connect(settings, role, timeouts=False)
    except Outage:
        raise CannotStart("Postgres does not answer: start the service with `scanstream up`.") from None


def answer_in_time(settings: Settings, question: Callable[["Connection"], Result]) -> Result:
    """The answer once there is one; None (or what is empty) where there is none in time."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not (answer := ask(settings, "worker", question)) and time.monotonic() < until:
        time.sleep(0.1)
    return answer


def days_of(settings: Settings, patients: Sequence[str]) -> PatientDays:
    """How days of these patients are told."""
    from stream.storage.reading.courses import scan_clocks

    clocks = ask(settings, "reader", lambda connection: scan_clocks(connection, patients))
    return PatientDays(settings.zone, clocks)


def day_written(text: str) -> dt.date:
    """The day that a person typed; WrongUse where it is none."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise WrongUse(f"{text} is no day: write it as YYYY-MM-DD.") from None


def find_patients(settings: Settings, patient: str, role: str = "reader") -> list[str]:
    """Pseudonyms of a patient as a person types one: a pseudonym in any case, a hospital's ID (one per issuer), a part.

    AnswerIsNo where there is none, or where a part is of several, who are listed then.
    """
    from stream.storage.reading.views import knows_patient

    if ask(settings, role, lambda connection: knows_patient(connection, patient)):
        return [patient]
    return _by_hospital_id(settings, patient, role) or [_by_part(settings, patient, role)]


def _by_hospital_id(settings: Settings, patient: str, role: str) -> list[str]:
    """None of them where this machine has no password of the vault."""
    from stream.storage.patients import vault

    try:
        pseudonyms = ask(settings, "vault", lambda connection: vault.find_patient(connection, patient))
    except WrongUse:
        return []
    if len(pseudonyms) > 1:
        # a scan that came before its patient's issuer was known leaves a pseudonym that nothing belongs to
        return ask(settings, role, lambda connection: _with_scans(connection, pseudonyms)) or pseudonyms
    return pseudonyms


def _by_part(settings: Settings, typed: str, role: str) -> str:
    from stream.storage.reading.views import patients_named

    part = typed.strip().upper()
    # digits alone are a hospital's ID that is not known here: they must not find somebody else
    telling = len(part) >= SHORTEST_PART and not part.isdigit()
    found = ask(settings, role, lambda connection: patients_named(connection, part)) if telling else []
    if part in found:
        return part
    if not found:
        raise AnswerIsNo(
            f"No patient {typed} is known here; a part of a pseudonym needs {SHORTEST_PART} characters, a hospital ID "
            "the vault role's password. What was set aside: scanstream set-aside list."
        )
    if len(found) > 1:
        listed = [*found[:MOST_LISTED], *([f"and {len(found) - MOST_LISTED} more"] if len(found) > MOST_LISTED else [])]
        raise AnswerIsNo("\n  ".join([f"{typed} is a part of {len(found)} pseudonyms: name one of them.", *listed]))
    return found[0]


def _with_scans(connection: "Connection", patients: list[str]) -> list[str]:
    from stream.storage.reading.views import knows_patient

    return [patient for patient in patients if knows_patient(connection, patient)]


def find_patient(settings: Settings, patient: str) -> str:
    """The pseudonym of one patient; WrongUse where several issuers have this ID."""
    return _only(settings, patient, find_patients(settings, patient))


def find_timelines(settings: Settings, patient: str, role: str = "reader") -> list[str]:
    """As find_patients, after merges: whose timelines hold the scans now; a merge is told beside the answer."""
    from stream.storage.reading.views import merges

    pseudonyms = find_patients(settings, patient, role)
    into = {row["patient_id"]: row for row in ask(settings, role, lambda connection: merges(connection, pseudonyms))}
    for row in into.values():
        merged = day(row["merged_at"], settings.zone)
        told = f"{row['patient_id']} was merged on {merged}: its scans count with {row['current_patient_id']}."
        print(f"scanstream: {told}", file=sys.stderr)
    return list(dict.fromkeys(into[one]["current_patient_id"] if one in into else one for one in pseudonyms))


def find_timeline(settings: Settings, patient: str) -> str:
    """As find_patient, after merges."""
    return _only(settings, patient, find_timelines(settings, patient))


def _only(settings: Settings, patient: str, pseudonyms: list[str]) -> str:
    from stream.storage.patients import vault

    if len(pseudonyms) == 1:
        return pseudonyms[0]
    # only the vault knows one ID as several patients
    issuers = ask(settings, "vault", lambda connection: vault.issuers(connection, pseudonyms))
    listed = [f"{one} ({issuers.get(one) or 'no issuer'})" for one in pseudonyms]
    several = f"{patient} is the ID of {len(pseudonyms)} patients of several issuers: name one by its pseudonym."
    raise WrongUse("\n  ".join([several, *listed]))


def find_scan(settings: Settings, scan: str) -> str:
    """The pseudonym of a scan; a Study Instance UID is looked up in the vault."""
    from stream.storage.patients import vault
    from stream.storage.reading.views import knows_scan

    if ask(settings, "reader", lambda connection: knows_scan(connection, scan)):
        return scan
    try:
        pseudonym = ask(settings, "vault", lambda connection: vault.find_scan(connection, scan))
    except WrongUse:
        pseudonym = None
    if pseudonym is None:
        raise AnswerIsNo(f"No scan {scan} is known here; Study Instance UIDs need the vault role's password.")
    return pseudonym

"""A file that was set aside, described again with what a person says of it."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from stream.dicom.gateway.forwarder import describe
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.acquired import given_date
from stream.dicom.reading.files import read_dataset
from stream.dicom.reading.header import Given, person, read_header
from stream.errors import AnswerIsNo, SetAside, WrongUse
from stream.services.accepting.decisions import of_patient
from stream.services.accepting.received_files import Described
from stream.settings import Settings

ASK = {
    "no_patient_id": "say whose it is with --patient (a pseudonym, or the hospital's ID with --issuer)",
    "no_date": "say when it was acquired with --date, written as 2026-01-31 or 2026-01-31T08:30",
    "impossible_date": "say when it was acquired with --date, written as 2026-01-31 or 2026-01-31T08:30",
}


@dataclass(frozen=True)
class Amendment:
    """What a person says of a file: `patient` is a pseudonym, or a hospital's ID where `issuer` is given."""

    patient: str | None = None
    issuer: str | None = None
    date: str | None = None


def describe_again(path: Path, calling_ae: str, said: Amendment, settings: Settings, names: Pseudonyms) -> Described:
    """The file at `path` with what was `said` in place of what its header says.

    Raises WrongUse, saying what to give, where something is still missing; AnswerIsNo where nothing can be given.
    """
    try:
        dataset = read_dataset(path)
        whose = person(dataset, said.issuer or "", said.patient) if said.patient else None
        at = given_date(said.date, settings.zone, dt.datetime.now(dt.UTC)) if said.date else None
        header = read_header(dataset, settings, calling_ae, Given(whose, at))
    except FileNotFoundError:
        raise AnswerIsNo("The archive does not have this file, so it cannot be released.") from None
    except SetAside as error:
        if error.reason_code in ASK:
            raise WrongUse(f"{error.reason.removesuffix('.')}: {ASK[error.reason_code]}.") from None
        raise AnswerIsNo(f"It still cannot be used. {error.reason}") from None
    what = describe(header, names, settings.series_required())
    return of_patient(what, said.patient) if said.patient and said.issuer is None else what

"""What tables say of one patient, as facts, and what of it could not be placed."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from stream.services.facts.clinical import ImportedVisit, Outcome, Treatment
from stream.vocabulary import ReasonCode


@dataclass(frozen=True)
class Aside:
    """A line that cannot be placed; the reason names the patient by pseudonym only."""

    item_id: str
    reason_code: ReasonCode
    reason: str


@dataclass(frozen=True)
class ImportedPatient:
    """All that the tables say of one patient; `clinical` is empty where they say nothing."""

    patient_id: str
    issuer: str
    mrn: str
    name: str | None
    birth_date: dt.date | None
    clinical: Mapping[str, str]
    treatments: tuple[Treatment, ...]
    outcomes: tuple[Outcome, ...]
    visits: tuple[ImportedVisit, ...]
    asides: tuple[Aside, ...]

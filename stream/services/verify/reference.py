"""The reference fold (I5): what must stand, told plainly, one timeline and one step at a time.

Written apart from the worker's code and sharing none of it: it imports only `models`.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.features import whole
from models.forecast import Forecast
from models.serving.forecaster import Forecaster
from models.timepoint import Timepoint, TreatmentInForce


@dataclass(frozen=True)
class ScanRevision:
    """A measured revision as accepted; `rejected` if it or a higher one was rejected, or it is set aside.

    `disease`: its own, which counts where the clinical facts say none. `x`: all its features; a model looks at those
    that its card names.
    """

    scan_uid: str
    revision: int
    acquired_at: dt.datetime
    disease: str
    x: Sequence[float | None]
    rejected: bool


@dataclass(frozen=True)
class TreatmentRevision:
    """A treatment revision as accepted."""

    treatment_id: str
    revision: int
    at: dt.datetime
    name: str
    kind: str
    start_at: dt.datetime
    end_at: dt.datetime | None
    withdrawn: bool


@dataclass
class PatientFacts:
    """Everything accepted for one timeline; `clinical` as (received_as, revision, facts)."""

    patient_id: str
    scans: list[ScanRevision] = field(default_factory=list)
    treatments: list[TreatmentRevision] = field(default_factory=list)
    clinical: list[tuple[str, int, Mapping[str, Any]]] = field(default_factory=list)


@dataclass(frozen=True)
class ExpectedStep:
    """What must stand after one scan."""

    scan_uid: str
    revision: int
    at: dt.datetime
    disease: str
    position: int
    state: np.ndarray
    forecasts: tuple[Forecast, ...]


def reference_fold(facts: PatientFacts, forecaster: Forecaster) -> Iterator[ExpectedStep]:
    """Walk the whole timeline from its beginning, in order, and step wherever the model applies."""
    state = forecaster.initial(1)
    previous: dt.datetime | None = None
    begun: list[TreatmentRevision] = []
    known = known_facts(facts)
    told = known.get("disease")
    for position, entry in enumerate(timeline(facts), start=1):
        if isinstance(entry, TreatmentRevision):
            begun.append(entry)
            continue
        disease = told if isinstance(told, str) and told else entry.disease
        if not forecaster.applies(disease, entry.x):
            continue
        at = entry.acquired_at
        days = 0.0 if previous is None else (at - previous).total_seconds() / 86400
        previous = at
        timepoint = Timepoint(whole(entry.x), days, disease, tuple(seen_from(each, at) for each in begun), known)
        state, ((*forecasts,),) = forecaster.advance(state, [timepoint])
        yield ExpectedStep(entry.scan_uid, entry.revision, at, disease, position, state[0], tuple(forecasts))


def timeline(facts: PatientFacts) -> list[ScanRevision | TreatmentRevision]:
    """The revisions that stand, in order: by time, scans before treatments, by id."""
    scans: dict[str, ScanRevision] = {}
    for scan in facts.scans:
        if not scan.rejected and (scan.scan_uid not in scans or scans[scan.scan_uid].revision < scan.revision):
            scans[scan.scan_uid] = scan
    treatments: dict[str, TreatmentRevision] = {}
    for drug in facts.treatments:
        if drug.treatment_id not in treatments or treatments[drug.treatment_id].revision < drug.revision:
            treatments[drug.treatment_id] = drug
    standing = [drug for drug in treatments.values() if not drug.withdrawn]
    return sorted([*scans.values(), *standing], key=place)


def place(revision: ScanRevision | TreatmentRevision) -> tuple[dt.datetime, bool, str]:
    """What a timeline is sorted by."""
    if isinstance(revision, ScanRevision):
        return revision.acquired_at, False, revision.scan_uid
    return revision.at, True, revision.treatment_id


def known_facts(facts: PatientFacts) -> dict[str, Any]:
    """The newest clinical facts of every record of the timeline, its own record's last."""
    newest: dict[str, tuple[int, Mapping[str, Any]]] = {}
    for received_as, revision, values in facts.clinical:
        if received_as not in newest or newest[received_as][0] < revision:
            newest[received_as] = (revision, values)
    merged: dict[str, Any] = {}
    for received_as in sorted(newest):
        if received_as != facts.patient_id:
            merged.update(newest[received_as][1])
    merged.update(newest.get(facts.patient_id, (0, {}))[1])
    return merged


def seen_from(treatment: TreatmentRevision, at: dt.datetime) -> TreatmentInForce:
    """A treatment as known at `at`: its end only from that day on."""
    since_start = (at - treatment.start_at).total_seconds() / 86400
    end = treatment.end_at
    since_end = (at - end).total_seconds() / 86400 if end is not None and end <= at else None
    return TreatmentInForce(treatment.name, treatment.kind, since_start, since_end)

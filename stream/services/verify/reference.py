"""The reference fold (I5): what must stand, told plainly, one timeline and one step at a time.

Written apart from the worker's code and sharing none of it: with its course it imports only `models`.
"""

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.criteria.finding import LesionFinding
from models.criteria.visit import TreatmentStart
from models.features import FEATURE_NAMES, as_seen, features, whole
from models.forecast import Forecast, ResponseForecast, RiskForecast
from models.growth.maps import SHAPE
from models.measurement import Measurement
from models.serving.forecaster import Forecaster
from models.timepoint import LesionOutline, Timepoint, TreatmentInForce
from stream.services.verify.reference_course import (
    RECIST,
    ReferenceCourse,
    SaidOfLesions,
    ScanOfVisit,
    assessment,
    reference_course,
)
from stream.services.verify.reference_lesions import Word

EXACT_MM = 1e-6
"""To which a criterion counts: a scan's own sum of binary floats that differs by less is the same."""


@dataclass(frozen=True)
class ScanRevision:
    """A measured revision as accepted; `rejected` if it or a higher one was rejected, or it is set aside.

    `disease`: its own, which counts where the clinical facts say none. `x`: all its features, of `feature_version`; a
    model looks at those that its card names.
    """

    scan_uid: str
    revision: int
    acquired_at: dt.datetime
    disease: str
    feature_version: str
    x: Sequence[float | None]
    rejected: bool
    said: SaidOfLesions


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
    day: dt.date
    line: int | None


@dataclass
class PatientFacts:
    """Everything accepted for one timeline; `clinical` as (received_as, revision, facts)."""

    patient_id: str
    scans: list[ScanRevision] = field(default_factory=list)
    treatments: list[TreatmentRevision] = field(default_factory=list)
    clinical: list[tuple[str, int, Mapping[str, Any]]] = field(default_factory=list)
    outcomes: list[tuple[str, dt.datetime | None, bool]] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    window_days: int = 0
    criteria: str = ""
    outlines: dict[tuple[str, int, str], bytes] = field(default_factory=dict)  # by scan, revision and lesion


@dataclass(frozen=True)
class ExpectedStep:
    """What must stand after one scan; of what was `said`, some `ended` as its question closed after the scan."""

    scan_uid: str
    revision: int
    at: dt.datetime
    disease: str
    position: int
    state: np.ndarray
    forecasts: tuple[Forecast, ...]
    ended: tuple[Forecast, ...]
    said: tuple[Forecast, ...]


def course_of_facts(facts: PatientFacts, endpoints: Iterable[str]) -> ReferenceCourse:
    """The course of the timeline; `endpoints`: those that are forecast for its disease."""
    entries = timeline(facts)
    scans = [entry for entry in entries if isinstance(entry, ScanRevision)]
    drugs = [entry for entry in entries if isinstance(entry, TreatmentRevision)]
    known = {"criterion": facts.criteria} | {name: value for name, value in known_facts(facts).items() if value}
    told = known.get("disease")
    own = [scan.disease for scan in scans if scan.disease != "unknown"]
    disease = told if isinstance(told, str) and told else own[-1] if own else "unknown"
    of_visits = [ScanOfVisit(scan.scan_uid, scan.revision, scan.acquired_at, scan.said) for scan in scans]
    starts = [TreatmentStart(drug.day, drug.kind, drug.line) for drug in drugs]
    return reference_course(
        of_visits, starts, facts.outcomes, disease, endpoints, facts.window_days, known, facts.words
    )


def reference_fold(facts: PatientFacts, forecaster: Forecaster) -> Iterator[ExpectedStep]:
    """Walk the whole timeline from its beginning, in order, and step after each visit that the model applies to."""
    endpoints = {each.endpoint for each in forecaster.card.endpoints}
    course = course_of_facts(facts, endpoints)
    visit_of = {scans[-1].scan_uid: scans for scans in course.visits}
    entries = timeline(facts)
    drugs = [entry for entry in entries if isinstance(entry, TreatmentRevision)]
    by_uid = {entry.scan_uid: entry for entry in entries if isinstance(entry, ScanRevision)}
    state = forecaster.initial(1)
    previous: dt.datetime | None = None
    known = known_facts(facts)
    for position, entry in enumerate(entries, start=1):
        scans = visit_of.get(entry.scan_uid) if isinstance(entry, ScanRevision) else None
        if scans is None or not isinstance(entry, ScanRevision):
            continue
        disease, x = seen_at(course, scans, by_uid, forecaster.card.feature_version)
        disease = known["disease"] if isinstance(known.get("disease"), str) and known["disease"] else disease
        if not forecaster.applies(disease, x):
            continue
        at = scans[0].at
        if begins_line(course, entry.scan_uid):
            state, previous = forecaster.initial(1), None
        days = 0.0 if previous is None else (at - previous).total_seconds() / 86400
        previous = at
        begun = tuple(seen_from(each, at) for each in drugs if each.at < at and each.kind != "baseline")
        drawn = outlines(facts, scans, by_uid) if forecaster.card.sees_outlines else ()
        state, ((*said,),) = forecaster.advance(state, [Timepoint(whole(x), days, disease, begun, known, drawn)])
        stand = tuple(each for each in said if is_asked(course, entry.scan_uid, each))
        ended = tuple(each for each in said if was_asked(course, entry.scan_uid, each))
        yield ExpectedStep(entry.scan_uid, entry.revision, at, disease, position, state[0], stand, ended, tuple(said))


def begins_line(course: ReferenceCourse, scan_uid: str) -> bool:
    """Whether the visit is the baseline of a line, and not the first visit of all."""
    baselines = {line.baseline.scan_uid for line in course.lines[RECIST] if line.baseline}
    return scan_uid in baselines and scan_uid != course.visits[0][-1].scan_uid


def is_asked(course: ReferenceCourse, scan_uid: str, forecast: Forecast) -> bool:
    """Whether the question that it answers is open; sizes are always forecast."""
    if isinstance(forecast, RiskForecast):
        return course.is_open(scan_uid, forecast.endpoint)
    return not isinstance(forecast, ResponseForecast) or course.is_open(scan_uid, "progression")


def was_asked(course: ReferenceCourse, scan_uid: str, forecast: Forecast) -> bool:
    """Whether the question that it answers was open at the visit, and is so no more."""
    if isinstance(forecast, RiskForecast):
        return course.was_open(scan_uid, forecast.endpoint)
    return isinstance(forecast, ResponseForecast) and course.was_open(scan_uid, "progression")


def seen_at(
    course: ReferenceCourse, scans: Sequence[ScanOfVisit], by_uid: Mapping[str, ScanRevision], asked: str
) -> tuple[str, list[float | None]]:
    """Disease and features of a visit, for models that see `asked`: of one scan its own, of several by all lesions; the
    sum as it is judged.
    """
    revisions = [by_uid[scan.scan_uid] for scan in scans]
    x = dict.fromkeys(FEATURE_NAMES)
    for revision in revisions:
        held = as_seen(revision.x, revision.feature_version, asked)
        x |= {name: value for name, value in zip(FEATURE_NAMES, held, strict=False) if value is not None}
    if len(scans) > 1:
        sizes = features([value for finding in assessment(scans).findings for value in values_of(finding)])
        x |= {name: float(sizes[at]) for at, name in enumerate(FEATURE_NAMES[:4]) if not math.isnan(sizes[at])}
    for line in course.lines[RECIST]:
        if line.verdicts and line.verdicts[0].sum_of_diameters is not None:
            for verdict in (each for each in line.verdicts if each.scan_uid == scans[-1].scan_uid):
                mm, own = verdict.sum_of_diameters, x["sum_of_diameters"]
                if mm is None or own is None or abs(mm - own) >= EXACT_MM:
                    x["sum_of_diameters"] = mm
    diseases = [revision.disease for revision in revisions if revision.disease != "unknown"]
    return diseases[-1] if diseases else "unknown", list(x.values())


def outlines(
    facts: PatientFacts, scans: Sequence[ScanOfVisit], by_uid: Mapping[str, ScanRevision]
) -> tuple[LesionOutline, ...]:
    """The lesions of a visit as they were outlined, the last outline of each; one that is gone fills nothing."""
    found = {one.lesion_uid: np.zeros(SHAPE, bool) for one in assessment(scans).findings if one.state == "gone"}
    for scan in scans:
        for told, followed in zip(by_uid[scan.scan_uid].said.lesions, scan.said.lesions, strict=False):
            if stored := facts.outlines.get((scan.scan_uid, scan.revision, told.lesion_uid)):
                bits = np.unpackbits(np.frombuffer(stored, np.uint8))
                found[followed.lesion_uid] = bits.reshape(SHAPE).astype(bool)
    return tuple(LesionOutline(*each) for each in sorted(found.items(), key=lambda each: each[0]))


def values_of(finding: LesionFinding) -> list[Measurement]:
    """The sizes of a lesion as measured values."""
    sizes = (finding.long_axis_mm, finding.short_axis_mm, finding.volume_ml)
    names = ("longest_diameter", "short_axis", "volume")
    target = None if finding.role is None else finding.role == "target"
    return [
        Measurement(name, size, finding.source, finding.lesion_uid, finding.label, finding.organ, target, finding.node)
        for name, size in zip(names, sizes, strict=True)
        if size is not None
    ]


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

"""The heart: facts and standing digests of one timeline in, what to keep, end, place and step out.

Pure: no clock, no database, no network. PROTOCOL 1: a standing state is right exactly if its digest equals the one
recomputed from the facts; folding starts at the first position where they differ, per weights version.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from models.card import Card
from models.timepoint import Timepoint, TreatmentInForce
from stream.digest import digest

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Content:
    """What a scan's features of one feature version are: `x` (F,) with None where missing."""

    sha256: str
    disease: str
    x: tuple[float | None, ...]

    def array(self) -> np.ndarray:
        """`x` as float64 (F,), NaN where missing."""
        return np.array([np.nan if value is None else value for value in self.x])


@dataclass(frozen=True)
class ScanEntry:
    """A scan revision as it stands on the timeline; `contents` by feature version."""

    id: str
    revision: int
    at: dt.datetime
    contents: Mapping[str, Content]
    kind = "scan"


@dataclass(frozen=True)
class TreatmentEntry:
    """A treatment as it stands on the timeline: it takes no step, but is input of the steps after it."""

    id: str
    revision: int
    at: dt.datetime
    name: str
    treatment_kind: str
    start_at: dt.datetime
    end_at: dt.datetime | None
    kind = "treatment"

    def content(self) -> str:
        """H(name, kind, start, end, withdrawn) of PROTOCOL 1; withdrawn ones do not stand at all."""
        return digest(self.name, self.treatment_kind, self.start_at, self.end_at, False).hex()

    def in_force(self, at: dt.datetime) -> TreatmentInForce:
        """As a scan at `at` sees it: the end is known only from its day on."""
        ended = self.end_at is not None and self.end_at <= at
        since_end = (at - self.end_at) / DAY if ended else None
        return TreatmentInForce(self.name, self.treatment_kind, (at - self.start_at) / DAY, since_end)


Entry = ScanEntry | TreatmentEntry


@dataclass(frozen=True)
class Placement:
    """A standing placement row."""

    kind: str
    id: str
    revision: int
    at: dt.datetime
    fold_id: int
    row_sha256: bytes


@dataclass(frozen=True)
class StandingState:
    """A standing state row without its bytes."""

    weights_version: str
    scan_uid: str
    position: int
    digest: bytes
    disease: str
    fold_id: int
    row_sha256: bytes


@dataclass(frozen=True)
class Timeline:
    """All that stands for one patient: the facts, and what folds derived from them so far."""

    patient_id: str
    version: int
    fold_digest: bytes
    clinical: tuple[tuple[str, int, Mapping[str, Any]], ...]  # received_as, revision, facts; sorted
    entries: tuple[Entry, ...]
    taken_down: Mapping[str, str]  # scan_uid → rejected or retracted, where a rejection stands
    unseen: tuple[tuple[str, str, int], ...]  # kind, id, revision not yet in the ledger
    placements: tuple[Placement, ...]
    states: tuple[StandingState, ...]

    def clinical_facts(self) -> dict[str, Any]:
        """All clinical facts as one mapping; of several records merged into one, the timeline's own come last."""
        own_last = sorted(self.clinical, key=lambda row: (row[0] == self.patient_id, row[0]))
        return {key: value for _, _, facts in own_last for key, value in facts.items()}


class Weights(Protocol):
    """What planning needs to know of a forecaster."""

    weights_version: str
    card: Card

    def applies(self, disease: str, x: np.ndarray) -> bool: ...


@dataclass(frozen=True)
class Step:
    """One step of the recurrent state that has to be taken."""

    scan_uid: str
    revision: int
    at: dt.datetime
    position: int
    digest: bytes
    disease: str
    timepoint: Timepoint


@dataclass(frozen=True)
class Course:
    """What one weights version has to do on a timeline: step from `base` (None: from the beginning)."""

    weights_version: str
    base: StandingState | None
    steps: tuple[Step, ...]
    kept: tuple[StandingState, ...]
    ended: tuple[StandingState, ...]


@dataclass(frozen=True)
class Plan:
    """How a timeline comes into line with its facts."""

    timeline: Timeline
    courses: tuple[Course, ...]
    placed: tuple[Entry, ...]
    ended: tuple[Placement, ...]
    cause: str
    from_position: int | None

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        work = any(course.steps or course.ended for course in self.courses)
        return bool(work or self.placed or self.ended or self.timeline.unseen)


def ordered(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """In the order of the timeline: by time, scans before treatments, by id."""
    return tuple(sorted(entries, key=lambda entry: (entry.at, entry.kind == "treatment", entry.id)))


def plan(timeline: Timeline, active: Sequence[Weights], afresh: Collection[str] = (), cause: str | None = None) -> Plan:
    """What to keep, end, place and step so that the standing rows of `timeline` equal its facts.

    Of weights versions in `afresh` (a replay asked for by a person) no state is kept, however right its digest is.
    `cause`: why, where whoever asks knows it (an identity event); else the facts tell.
    """
    courses = tuple(_course(timeline, weights, weights.weights_version in afresh) for weights in active)
    gone = {state.weights_version for state in timeline.states} - {weights.weights_version for weights in active}
    courses += tuple(Course(version, None, (), (), _states_of(timeline, version)) for version in sorted(gone))
    wanted = {(entry.kind, entry.id, entry.revision, entry.at) for entry in timeline.entries}
    have = {(row.kind, row.id, row.revision, row.at) for row in timeline.placements}
    placed = tuple(e for e in timeline.entries if (e.kind, e.id, e.revision, e.at) not in have)
    ended = tuple(row for row in timeline.placements if (row.kind, row.id, row.revision, row.at) not in wanted)
    positions = [step.position for course in courses for step in course.steps]
    from_position = min(positions, default=None)
    cause = cause or ("replay" if afresh else _cause(timeline, courses, placed, ended))
    return Plan(timeline, courses, placed, ended, cause, from_position)


def digests(timeline: Timeline, weights: Weights) -> Iterator[tuple[Entry, bytes]]:
    """Every entry with the digest of the timeline up to it, under one weights version."""
    clinical = [[received_as, revision, facts] for received_as, revision, facts in timeline.clinical]
    link = digest(timeline.patient_id, weights.weights_version, clinical)
    for entry in timeline.entries:
        content = entry.contents[weights.card.feature_version].sha256 if entry.kind == "scan" else entry.content()
        link = digest(link, entry.kind, entry.id, entry.revision, entry.at, content)
        yield entry, link


def _states_of(timeline: Timeline, weights_version: str) -> tuple[StandingState, ...]:
    return tuple(state for state in timeline.states if state.weights_version == weights_version)


def _course(timeline: Timeline, weights: Weights, afresh: bool) -> Course:
    standing = {state.scan_uid: state for state in _states_of(timeline, weights.weights_version)}
    seen = _applied_to(timeline, weights)
    if not seen:  # most models say nothing of most patients: their digests need not be made
        return Course(weights.weights_version, None, (), (), tuple(standing.values()))
    clinical = timeline.clinical_facts()
    kept: list[StandingState] = []
    steps: list[Step] = []
    treatments: list[TreatmentEntry] = []
    last_at: dt.datetime | None = None
    for position, (entry, link) in enumerate(digests(timeline, weights), start=1):
        if entry.kind == "treatment":
            treatments.append(entry)
            continue
        if entry.id not in seen:
            continue
        content, x = seen[entry.id]
        stands = standing.get(entry.id)
        if not steps and not afresh and stands is not None and stands.digest == link:
            kept.append(stands)
        else:
            elapsed_days = (entry.at - last_at) / DAY if last_at else 0.0
            in_force = tuple(treatment.in_force(entry.at) for treatment in treatments)
            timepoint = Timepoint(x, elapsed_days, content.disease, in_force, clinical)
            steps.append(Step(entry.id, entry.revision, entry.at, position, link, content.disease, timepoint))
        last_at = entry.at
    still = {state.scan_uid for state in kept}
    ended = tuple(state for uid, state in standing.items() if uid not in still)
    return Course(weights.weights_version, kept[-1] if kept else None, tuple(steps), tuple(kept), ended)


def _applied_to(timeline: Timeline, weights: Weights) -> dict[str, tuple[Content, np.ndarray]]:
    """Content and features of the scans that `weights` apply to, by scan_uid."""
    contents = ((entry.id, entry.contents[weights.card.feature_version])
                for entry in timeline.entries if entry.kind == "scan")  # fmt: skip
    arrays = ((scan_uid, content, content.array()) for scan_uid, content in contents)
    return {scan_uid: (content, x) for scan_uid, content, x in arrays if weights.applies(content.disease, x)}


def tips(course: Course) -> set[str]:
    """Scans whose forecasts are the latest standing ones: the last of each disease."""
    last = {state.disease: state.scan_uid for state in course.kept}
    return set((last | {step.disease: step.scan_uid for step in course.steps}).values())


def tips_before(course: Course) -> set[str]:
    """Scans that were tips before this plan."""
    standing = sorted((*course.kept, *course.ended), key=lambda state: state.position)
    return set({state.disease: state.scan_uid for state in standing}.values())


def _cause(timeline: Timeline, courses: Sequence[Course], placed: Sequence[Entry], ended: Sequence[Placement]) -> str:
    """Why rows are superseded, in the words of PROTOCOL 4; where nothing is: `arrival`, or `replay` by new weights."""
    if not any(course.ended for course in courses):
        return "arrival" if placed or timeline.unseen else "replay"
    gone = {(row.kind, row.id) for row in ended}
    came = {(entry.kind, entry.id) for entry in placed}
    if any(kind == "scan" for kind, _ in gone & came):
        return "revision"
    if scans := sorted(id_ for kind, id_ in gone if kind == "scan"):
        return timeline.taken_down.get(scans[0], "rejected")
    if any(kind == "treatment" for kind, _ in gone | came):
        return "treatment"
    if came:
        withdrawn = {id_.rpartition("/")[0] for kind, id_, _ in timeline.unseen if kind == "rejection"}
        return "restored" if {id_ for _, id_ in came} <= withdrawn else "late"
    return "clinical"

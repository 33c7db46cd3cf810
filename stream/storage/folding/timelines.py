"""Reading timelines: for a batch of patients the head's version first, then the facts, then what stands."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import psycopg

from stream.storage.folding.conventions import Conventions, read_conventions
from stream.storage.folding.course_rows import read_standing_course
from stream.storage.folding.findings import Findings, read_findings
from stream.storage.folding.timeline_queries import (
    CLINICAL,
    LINKS,
    OUTCOMES,
    PLACEMENTS,
    REJECTIONS,
    SCANS,
    STATES,
    TREATMENTS,
    Parameters,
    TakenDown,
    TimelineClinical,
    TimelineLink,
    TimelineOutcome,
    TimelineRejection,
    TimelineScan,
    TimelineTreatment,
)
from stream.timeline.entries import (
    ClinicalRecord,
    Entry,
    LedgerKey,
    OutcomeFact,
    Placement,
    RowKey,
    ScanEntry,
    ScanFeatures,
    ScanFindings,
    StandingCourseRow,
    StandingState,
    Timeline,
    TreatmentEntry,
    ordered,
    place,
)
from stream.timeline.lesion_links import LesionLink, LesionLinks
from stream.vocabulary import EntryKind, FactKind, LesionRelation, RejectionKind

RowType = TypeVar("RowType")
Heads = Mapping[str, tuple[int, bytes]]
"""Version and digest of the last fold, by timeline."""


def read_timelines(connection: psycopg.Connection, patients: Iterable[str]) -> list[Timeline]:
    """The timelines of `patients` (roots), sorted by id. The head comes first: whatever changes later moves it on."""
    ids = sorted(set(patients))
    return read_in_full(connection, ids, read_heads(connection, ids), read_conventions(connection))


def read_heads(connection: psycopg.Connection, patients: Sequence[str]) -> Heads:
    """Version and digest of the last fold, of those that were ever folded."""
    query = "SELECT patient_id, version, fold_digest FROM core.heads WHERE patient_id = ANY(%b::text[])"
    rows = connection.execute(query, [list(patients)], binary=True).fetchall()
    return {patient_id: (version, digest) for patient_id, version, digest in rows}


def read_in_full(
    connection: psycopg.Connection, ids: list[str], heads: Heads, conventions: Conventions
) -> list[Timeline]:
    """The timelines of `ids`, in their order, whose heads were read before."""
    if not ids:
        return []
    read = partial(_read, connection, ids)
    scans = read(SCANS, TimelineScan)
    rejections = read(REJECTIONS, TimelineRejection)
    treatments = read(TREATMENTS, TimelineTreatment)
    clinical = read(CLINICAL, TimelineClinical)
    placements = read(PLACEMENTS, _placement)
    states = read(STATES, StandingState)
    course = read_standing_course(connection, ids)
    said = read_findings(connection, ids)
    outcomes = read(OUTCOMES, TimelineOutcome)
    links = read(LINKS, TimelineLink)
    timelines = []
    for patient_id in ids:
        known = scans[patient_id], rejections[patient_id], treatments[patient_id], clinical[patient_id]
        facts = *known, outcomes[patient_id], links[patient_id]
        standing = tuple(sorted(placements[patient_id], key=place)), tuple(states[patient_id]), course[patient_id]
        placed = _entries(facts, said[patient_id], conventions)
        timeline = _timeline(patient_id, heads.get(patient_id, (0, b"")), facts, placed, standing)
        said_by_people = _links(links[patient_id])
        timeline = replace(timeline, outcomes=_outcomes(outcomes[patient_id]), links=said_by_people)
        timelines.append(replace(timeline, **conventions.of_timelines(), scans_seen=_seen(scans[patient_id])))
    return timelines


def _seen(rows: Iterable[TimelineScan]) -> int:
    return len({(row.scan_uid, row.revision) for row in rows if not row.unseen})


def resolve(connection: psycopg.Connection, scan_uids: Sequence[str]) -> dict[str, str]:
    """scan_uid → the timeline it stands on."""
    rows = connection.execute(
        """SELECT s.scan_uid, core.root(coalesce(a.patient_id, s.received_as)) FROM core.scans s
        LEFT JOIN core.assignments a USING (scan_uid) WHERE s.scan_uid = ANY(%b::text[])""",
        [list(scan_uids)],
    ).fetchall()
    return dict(rows)


def roots(connection: psycopg.Connection, patients: Sequence[str]) -> dict[str, str]:
    """Patient as received → the timeline its facts stand on."""
    return dict(connection.execute("SELECT p, core.root(p) FROM unnest(%b::text[]) p", [list(patients)]).fetchall())


Facts = tuple[
    list[TimelineScan],
    list[TimelineRejection],
    list[TimelineTreatment],
    list[TimelineClinical],
    list[TimelineOutcome],
    list[TimelineLink],
]
Standing = tuple[tuple[Placement, ...], tuple[StandingState, ...], Mapping[RowKey, StandingCourseRow]]


def _read(
    connection: psycopg.Connection, ids: list[str], query: str, row_type: Callable[..., RowType]
) -> dict[str, list[RowType]]:
    return rows_by_patient(connection, query, {"patients": ids}, ids, row_type)


def rows_by_patient(
    connection: psycopg.Connection,
    query: str,
    these: Parameters,
    ids: Iterable[str],
    row_type: Callable[..., RowType],
) -> dict[str, list[RowType]]:
    """The rows of each of `ids`, which the first column names; `row_type` takes the others."""
    rows: dict[str, list[RowType]] = {patient_id: [] for patient_id in ids}
    for patient_id, *values in connection.execute(query, these, binary=True).fetchall():
        rows[patient_id].append(row_type(*values))
    return rows


def _placement(kind: str, entry_id: str, revision: int, at: dt.datetime, fold_id: int, row_sha256: bytes) -> Placement:
    return Placement(EntryKind(kind), entry_id, revision, at, fold_id, row_sha256)


def _entries(facts: Facts, said: Findings, conventions: Conventions) -> tuple[Entry, ...]:
    scans, rejections, treatments, *_ = facts
    taken_down = _taken_down(rejections)
    return ordered([*scan_entries(scans, taken_down, said, conventions), *_treatment_entries(treatments, conventions)])


def _timeline(
    patient_id: str, head: tuple[int, bytes], facts: Facts, entries: tuple[Entry, ...], standing: Standing
) -> Timeline:
    _, rejections, _, clinical, *_ = facts
    # rows come in ascending order of revision: the last of each record stands
    records = {row.received_as: ClinicalRecord(row.received_as, row.revision, row.facts) for row in clinical}
    taken_down_by = {scan_uid: taken.kind for scan_uid, taken in _taken_down(rejections).items()}
    placements, states, course = standing
    clinical_records, unseen = tuple(records.values()), _unseen(facts)
    return Timeline(patient_id, *head, clinical_records, entries, taken_down_by, unseen, placements, states, course)


def _unseen(facts: Facts) -> tuple[LedgerKey, ...]:
    """Everything accepted that is not in the ledger, sorted."""
    scans, rejections, treatments, clinical, outcomes, links = facts
    unseen = {LedgerKey(FactKind.SCAN, row.scan_uid, row.revision) for row in scans if row.unseen}
    unseen |= {
        LedgerKey(FactKind.REJECTION, f"{row.scan_uid}/{row.revision}", row.number) for row in rejections if row.unseen
    }
    unseen |= {LedgerKey(FactKind.TREATMENT, row.treatment_id, row.revision) for row in treatments if row.unseen}
    unseen |= {LedgerKey(FactKind.CLINICAL, row.received_as, row.revision) for row in clinical if row.unseen}
    unseen |= {LedgerKey(FactKind.OUTCOME, row.outcome_id, row.revision) for row in outcomes if row.unseen}
    unseen |= {LedgerKey(FactKind.LESION, row.link_id, row.revision) for row in links if row.unseen}
    return tuple(sorted(unseen))


def _outcomes(rows: Iterable[TimelineOutcome]) -> tuple[OutcomeFact, ...]:
    """Those that stand, by endpoint, what happened first; rows come ordered by revision."""
    last = {row.outcome_id: row for row in rows}
    standing = sorted(
        (row for row in last.values() if not row.withdrawn),
        key=lambda row: (row.endpoint, not row.event, row.at is None, row.at or dt.datetime.max, row.outcome_id),
    )
    return tuple(OutcomeFact(row.endpoint, row.at, row.event) for row in standing)


def _links(rows: Iterable[TimelineLink]) -> LesionLinks:
    """Those that stand; rows come ordered by link and revision."""
    last = {row.link_id: row for row in rows}
    standing = (row for row in last.values() if not row.withdrawn)
    return LesionLinks(
        tuple(LesionLink(LesionRelation(row.relation), row.lesion_uid, row.other_uid, row.day) for row in standing)
    )


def _taken_down(rows: Iterable[TimelineRejection]) -> dict[str, TakenDown]:
    """By scan_uid the highest revision that does not count."""
    last = {(row.scan_uid, row.revision): row for row in rows}  # of one revision the highest number comes last
    # rows come in ascending order of revision: the highest comes last
    return {
        row.scan_uid: TakenDown(row.revision, RejectionKind(row.kind)) for row in last.values() if not row.withdrawn
    }


def scan_entries(
    rows: Iterable[TimelineScan], taken_down: Mapping[str, TakenDown], said: Findings, conventions: Conventions
) -> list[Entry]:
    """The highest revision of each scan that counts, with its features of every version."""
    best: dict[str, ScanEntry] = {}
    for row in rows:
        taken, other = taken_down.get(row.scan_uid), best.get(row.scan_uid)
        if (taken and row.revision <= taken.revision) or (other and other.revision > row.revision):
            continue
        features = dict(other.features) if other and other.revision == row.revision else {}
        features[row.feature_version] = ScanFeatures(row.sha256, row.disease, tuple(row.x))
        day = conventions.scan_day(row.at, row.utc_offset_minutes)
        findings = said.get((row.scan_uid, row.revision), ScanFindings())
        best[row.scan_uid] = ScanEntry(row.scan_uid, row.revision, row.at, day, features, findings)
    return list(best.values())


def _treatment_entries(rows: Iterable[TimelineTreatment], conventions: Conventions) -> list[Entry]:
    """The highest revision of each treatment, unless it was withdrawn; rows come ordered by revision."""
    last = {row.treatment_id: row for row in rows}
    return [_treatment_entry(row, conventions) for row in last.values() if not row.withdrawn]


def _treatment_entry(row: TimelineTreatment, conventions: Conventions) -> TreatmentEntry:
    start_day = conventions.day(row.start_at)
    return TreatmentEntry(
        row.treatment_id, row.revision, row.at, row.name, row.kind, row.start_at, row.end_at, start_day, row.line
    )

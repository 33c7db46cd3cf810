"""Reading timelines: for a batch of patients the head's version first, then the facts, then what stands."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import psycopg

from models.features import MEASUREMENTS
from stream.timeline.entries import (
    ClinicalRecord,
    Entry,
    LedgerKey,
    Placement,
    ScanEntry,
    ScanFeatures,
    StandingState,
    Timeline,
    TreatmentEntry,
    ordered,
)
from stream.vocabulary import EntryKind, FactKind, RejectionKind

RowType = TypeVar("RowType")


class TimelineScan(NamedTuple):
    """One revision of a scan in one feature version; `unseen`: not in the ledger."""

    scan_uid: str
    revision: int
    at: dt.datetime
    feature_version: str
    sha256: str
    disease: str
    x: Sequence[float | None]
    unseen: bool


class TimelineRejection(NamedTuple):
    """What was said of a revision, by its number; the highest stands."""

    scan_uid: str
    revision: int
    number: int
    kind: str
    withdrawn: bool
    unseen: bool


class TimelineTreatment(NamedTuple):
    """One revision of a treatment."""

    treatment_id: str
    revision: int
    at: dt.datetime
    name: str
    kind: str
    start_at: dt.datetime
    end_at: dt.datetime | None
    withdrawn: bool
    unseen: bool


class TimelineClinical(NamedTuple):
    """One revision of a patient's clinical facts."""

    received_as: str
    revision: int
    facts: Mapping[str, Any]
    unseen: bool


class TakenDown(NamedTuple):
    """The highest revision of a scan that does not count, and who took it down."""

    revision: int
    kind: RejectionKind


MEMBERS = """WITH RECURSIVE members(root, id) AS (
  SELECT p COLLATE "C", p COLLATE "C" FROM unnest(%(patients)b::text[]) p
   WHERE NOT EXISTS (SELECT FROM core.aliases a WHERE a.patient_id = p)
  UNION ALL SELECT m.root, a.patient_id FROM core.aliases a JOIN members m ON a.into_patient_id = m.id)
"""
"""Every record whose facts stand on one of the timelines; an absorbed patient has none, its timeline is empty."""

OWN = (
    MEMBERS
    + """, own(root, scan_uid) AS (
  SELECT m.root, s.scan_uid FROM members m JOIN core.scans s ON s.received_as = m.id
   WHERE NOT EXISTS (SELECT FROM core.assignments a WHERE a.scan_uid = s.scan_uid)
  UNION ALL SELECT m.root, a.scan_uid FROM members m JOIN core.assignments a ON a.patient_id = m.id)
"""
)
"""Every scan that belongs on one of the timelines, whether it counts or not."""

SCANS = (
    OWN
    + """SELECT o.root, o.scan_uid, r.revision, r.acquired_at, f.feature_version, f.sha256, f.disease, f.x,
  g.fold_id IS NULL
FROM own o JOIN core.revisions r USING (scan_uid)
JOIN core.features f ON f.scan_uid = r.scan_uid AND f.revision = r.revision
LEFT JOIN core.ledger g ON g.kind = 'scan' AND g.id = r.scan_uid AND g.revision = r.revision
WHERE NOT EXISTS (SELECT FROM core.set_asides i WHERE i.scan_uid = r.scan_uid AND i.revision = r.revision
  AND i.decision IS DISTINCT FROM 'released')"""
)

REJECTIONS = (
    OWN
    + """SELECT o.root, j.scan_uid, j.revision, j.number, j.kind, j.withdrawn, g.fold_id IS NULL
FROM own o JOIN core.rejections j USING (scan_uid)
LEFT JOIN core.ledger g ON g.kind = 'rejection' AND g.id = j.scan_uid || '/' || j.revision AND g.revision = j.number
ORDER BY j.scan_uid, j.revision, j.number"""
)

TREATMENTS = (
    MEMBERS
    + """SELECT m.root, t.treatment_id, t.revision, t.at, t.name, t.kind, t.start_at, t.end_at, t.withdrawn,
  g.fold_id IS NULL
FROM members m JOIN core.treatments t ON t.received_as = m.id
LEFT JOIN core.ledger g ON g.kind = 'treatment' AND g.id = t.treatment_id AND g.revision = t.revision
ORDER BY t.treatment_id, t.revision"""
)

CLINICAL = (
    MEMBERS
    + """SELECT m.root, c.received_as, c.revision, c.facts, g.fold_id IS NULL
FROM members m JOIN core.clinical c ON c.received_as = m.id
LEFT JOIN core.ledger g ON g.kind = 'clinical' AND g.id = c.received_as AND g.revision = c.revision
ORDER BY c.received_as, c.revision"""
)

PLACEMENTS = """SELECT patient_id, kind, id, revision, at, fold_id, row_sha256 FROM core.placements
WHERE patient_id = ANY(%(patients)b::text[]) AND ended_by IS NULL"""

STATES = f"""SELECT s.patient_id, s.weights_version, s.scan_uid, s.position, s.digest, f.disease, s.fold_id,
  s.row_sha256
FROM core.states s
JOIN core.features f ON f.scan_uid = s.scan_uid AND f.revision = s.revision AND f.feature_version = '{MEASUREMENTS}'
WHERE s.patient_id = ANY(%(patients)b::text[]) AND s.superseded_by IS NULL ORDER BY s.position"""


def read_timelines(connection: psycopg.Connection, patients: Iterable[str]) -> list[Timeline]:
    """The timelines of `patients` (roots), sorted by id. The head comes first: whatever changes later moves it on."""
    ids = sorted(set(patients))
    rows = connection.execute(
        "SELECT patient_id, version, fold_digest FROM core.heads WHERE patient_id = ANY(%b::text[])", [ids], binary=True
    ).fetchall()
    heads: dict[str, tuple[int, bytes]] = {patient_id: (version, digest) for patient_id, version, digest in rows}
    scans = _by_patient(connection, SCANS, ids, TimelineScan)
    rejections = _by_patient(connection, REJECTIONS, ids, TimelineRejection)
    treatments = _by_patient(connection, TREATMENTS, ids, TimelineTreatment)
    clinical = _by_patient(connection, CLINICAL, ids, TimelineClinical)
    placements = _by_patient(connection, PLACEMENTS, ids, _placement)
    states = _by_patient(connection, STATES, ids, StandingState)
    timelines = []
    for patient_id in ids:
        facts = scans[patient_id], rejections[patient_id], treatments[patient_id], clinical[patient_id]
        standing = tuple(placements[patient_id]), tuple(states[patient_id])
        timelines.append(_timeline(patient_id, heads.get(patient_id, (0, b"")), facts, standing))
    return timelines


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


Facts = tuple[list[TimelineScan], list[TimelineRejection], list[TimelineTreatment], list[TimelineClinical]]
Standing = tuple[tuple[Placement, ...], tuple[StandingState, ...]]


def _by_patient(
    connection: psycopg.Connection, query: str, ids: list[str], row_type: Callable[..., RowType]
) -> dict[str, list[RowType]]:
    """The rows of each of `ids`, which the first column names; `row_type` takes the others."""
    rows: dict[str, list[RowType]] = {patient_id: [] for patient_id in ids}
    for patient_id, *values in connection.execute(query, {"patients": ids}, binary=True).fetchall():
        rows[patient_id].append(row_type(*values))
    return rows


def _placement(kind: str, entry_id: str, revision: int, at: dt.datetime, fold_id: int, row_sha256: bytes) -> Placement:
    return Placement(EntryKind(kind), entry_id, revision, at, fold_id, row_sha256)


def _timeline(patient_id: str, head: tuple[int, bytes], facts: Facts, standing: Standing) -> Timeline:
    scans, rejections, treatments, clinical = facts
    taken_down = _taken_down(rejections)
    entries = ordered([*_scan_entries(scans, taken_down), *_treatment_entries(treatments)])
    # rows come in ascending order of revision: the last of each record stands
    records = {row.received_as: ClinicalRecord(row.received_as, row.revision, row.facts) for row in clinical}
    taken_down_by = {scan_uid: taken.kind for scan_uid, taken in taken_down.items()}
    return Timeline(patient_id, *head, tuple(records.values()), entries, taken_down_by, _unseen(facts), *standing)


def _unseen(facts: Facts) -> tuple[LedgerKey, ...]:
    """Everything accepted that is not in the ledger, sorted."""
    scans, rejections, treatments, clinical = facts
    unseen = {LedgerKey(FactKind.SCAN, row.scan_uid, row.revision) for row in scans if row.unseen}
    unseen |= {
        LedgerKey(FactKind.REJECTION, f"{row.scan_uid}/{row.revision}", row.number) for row in rejections if row.unseen
    }
    unseen |= {LedgerKey(FactKind.TREATMENT, row.treatment_id, row.revision) for row in treatments if row.unseen}
    unseen |= {LedgerKey(FactKind.CLINICAL, row.received_as, row.revision) for row in clinical if row.unseen}
    return tuple(sorted(unseen))


def _taken_down(rows: Iterable[TimelineRejection]) -> dict[str, TakenDown]:
    """By scan_uid the highest revision that does not count."""
    last = {(row.scan_uid, row.revision): row for row in rows}  # of one revision the highest number comes last
    # rows come in ascending order of revision: the highest comes last
    return {
        row.scan_uid: TakenDown(row.revision, RejectionKind(row.kind)) for row in last.values() if not row.withdrawn
    }


def _scan_entries(rows: Iterable[TimelineScan], taken_down: Mapping[str, TakenDown]) -> list[Entry]:
    """The highest revision of each scan that counts, with its features of every version."""
    best: dict[str, ScanEntry] = {}
    for row in rows:
        taken, other = taken_down.get(row.scan_uid), best.get(row.scan_uid)
        if (taken and row.revision <= taken.revision) or (other and other.revision > row.revision):
            continue
        features = dict(other.features) if other and other.revision == row.revision else {}
        features[row.feature_version] = ScanFeatures(row.sha256, row.disease, tuple(row.x))
        best[row.scan_uid] = ScanEntry(row.scan_uid, row.revision, row.at, features)
    return list(best.values())


def _treatment_entries(rows: Iterable[TimelineTreatment]) -> list[Entry]:
    """The highest revision of each treatment, unless it was withdrawn; rows come ordered by revision."""
    last = {row.treatment_id: row for row in rows}
    return [
        TreatmentEntry(row.treatment_id, row.revision, row.at, row.name, row.kind, row.start_at, row.end_at)
        for row in last.values()
        if not row.withdrawn
    ]

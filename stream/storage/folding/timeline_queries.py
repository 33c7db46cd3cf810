"""What is asked of the facts of timelines, and of what stands for them: rows and their queries."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from models.features import MEASUREMENTS
from stream.vocabulary import RejectionKind

Parameters = Mapping[str, Any]
"""Of a query, by name."""


class TimelineScan(NamedTuple):
    """One revision of a scan in one feature version; `unseen`: not in the ledger."""

    scan_uid: str
    revision: int
    at: dt.datetime
    utc_offset_minutes: int | None
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
    line: int | None
    withdrawn: bool
    unseen: bool


class TimelineClinical(NamedTuple):
    """One revision of a patient's clinical facts."""

    received_as: str
    revision: int
    facts: Mapping[str, Any]
    unseen: bool


class TimelineOutcome(NamedTuple):
    """One revision of an outcome."""

    outcome_id: str
    revision: int
    endpoint: str
    at: dt.datetime | None
    event: bool
    withdrawn: bool
    unseen: bool


class TimelineLink(NamedTuple):
    """One revision of what a person said of a lesion."""

    link_id: str
    revision: int
    relation: str
    lesion_uid: str
    other_uid: str | None
    day: dt.date | None
    withdrawn: bool
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

THESE = "WITH own(root, scan_uid) AS (SELECT * FROM unnest(%(roots)b::text[], %(scans)b::text[]))\n"
"""Some scans, of which it is known on which timelines they belong."""

COUNTING = """LEFT JOIN core.ledger g ON g.kind = 'scan' AND g.id = r.scan_uid AND g.revision = r.revision
WHERE NOT EXISTS (SELECT FROM core.set_asides i WHERE i.scan_uid = r.scan_uid AND i.revision = r.revision
  AND i.decision IS DISTINCT FROM 'released')"""
"""Revisions that count: nobody has set them aside."""

SCANS_OF = (
    """SELECT o.root, o.scan_uid, r.revision, r.acquired_at, r.utc_offset_minutes, f.feature_version, f.sha256,
  f.disease, f.x, g.fold_id IS NULL
FROM own o JOIN core.revisions r USING (scan_uid)
JOIN core.features f ON f.scan_uid = r.scan_uid AND f.revision = r.revision
"""
    + COUNTING
)
SCANS = OWN + SCANS_OF

REJECTIONS = (
    OWN
    + """SELECT o.root, j.scan_uid, j.revision, j.number, j.kind, j.withdrawn, g.fold_id IS NULL
FROM own o JOIN core.rejections j USING (scan_uid)
LEFT JOIN core.ledger g ON g.kind = 'rejection' AND g.id = j.scan_uid || '/' || j.revision AND g.revision = j.number
ORDER BY j.scan_uid, j.revision, j.number"""
)

TREATMENTS = (
    MEMBERS
    + """SELECT m.root, t.treatment_id, t.revision, t.at, t.name, t.kind, t.start_at, t.end_at, t.line, t.withdrawn,
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

STATES = f"""SELECT s.patient_id, s.weights_version, s.scan_uid, s.position, s.digest, coalesce(v.disease, f.disease),
  s.fold_id, s.row_sha256
FROM core.states s
LEFT JOIN core.visits v ON v.patient_id = s.patient_id AND v.scan_uid = s.scan_uid AND v.superseded_by IS NULL
JOIN core.features f ON f.scan_uid = s.scan_uid AND f.revision = s.revision AND f.feature_version = '{MEASUREMENTS}'
WHERE s.patient_id = ANY(%(patients)b::text[]) AND s.superseded_by IS NULL ORDER BY s.position"""

OUTCOMES = (
    MEMBERS
    + """SELECT m.root, c.outcome_id, c.revision, c.endpoint, c.at, c.event, c.withdrawn, g.fold_id IS NULL
FROM members m JOIN core.outcomes c ON c.received_as = m.id
LEFT JOIN core.ledger g ON g.kind = 'outcome' AND g.id = c.outcome_id AND g.revision = c.revision
ORDER BY c.outcome_id, c.revision"""
)
"""What really happened: it decides which questions are still open, and is no input of any forecast."""

LINKS = (
    MEMBERS
    + """SELECT m.root, l.link_id, l.revision, l.relation, l.lesion_uid, l.other_uid, l.day, l.withdrawn,
  g.fold_id IS NULL
FROM members m JOIN core.lesion_links l ON l.received_as = m.id
LEFT JOIN core.ledger g ON g.kind = 'lesion' AND g.id = l.link_id AND g.revision = l.revision
ORDER BY l.link_id, l.revision"""
)

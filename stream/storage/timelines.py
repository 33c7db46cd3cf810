"""Reading timelines: for a batch of patients the head's version first, then the facts, then what stands."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg

from models.features import MEASUREMENTS
from stream.timeline.entries import (
    Content,
    Entry,
    Placement,
    ScanEntry,
    StandingState,
    Timeline,
    TreatmentEntry,
    ordered,
)

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
    heads = connection.execute(
        "SELECT patient_id, version, fold_digest FROM core.heads WHERE patient_id = ANY(%b::text[])", [ids], binary=True
    ).fetchall()
    heads = {patient_id: (version, fold_digest) for patient_id, version, fold_digest in heads}
    queries = (SCANS, REJECTIONS, TREATMENTS, CLINICAL, PLACEMENTS, STATES)
    parts = [_grouped(connection, query, ids) for query in queries]
    return [_timeline(one, *heads.get(one, (0, b"")), *(part[one] for part in parts)) for one in ids]


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


def _grouped(connection: psycopg.Connection, query: str, ids: list[str]) -> dict[str, list[tuple]]:
    groups: dict[str, list[tuple]] = {one: [] for one in ids}
    for row in connection.execute(query, {"patients": ids}, binary=True).fetchall():
        groups[row[0]].append(row[1:])
    return groups


def _timeline(
    patient_id: str, version: int, fold_digest: bytes, scans: list, rejections: list, treatments: list, clinical: list,
    placed: list, states: list,
) -> Timeline:  # fmt: skip
    taken_down = _taken_down(rejections)
    entries = ordered([*_scan_entries(scans, taken_down), *_treatment_entries(treatments)])
    unseen = {("scan", row[0], row[1]) for row in scans if row[7]}
    unseen |= {("rejection", f"{row[0]}/{row[1]}", row[2]) for row in rejections if row[5]}
    unseen |= {("treatment", row[0], row[1]) for row in treatments if row[8]}
    unseen |= {("clinical", row[0], row[1]) for row in clinical if row[3]}
    facts = tuple({row[0]: tuple(row[:3]) for row in clinical}.values())
    return Timeline(
        patient_id, version, fold_digest, facts, entries, {uid: kind for uid, (_, kind) in taken_down.items()},
        tuple(sorted(unseen)), tuple(Placement(*row) for row in placed), tuple(StandingState(*row) for row in states),
    )  # fmt: skip


def _taken_down(rows: Iterable[tuple[Any, ...]]) -> dict[str, tuple[int, str]]:
    """scan_uid → the highest revision that does not count, and whether it was rejected or retracted."""
    last = {(scan_uid, revision): (kind, withdrawn) for scan_uid, revision, _, kind, withdrawn, _ in rows}
    # rows come in ascending order of revision: the highest comes last
    return {uid: (revision, kind) for (uid, revision), (kind, withdrawn) in last.items() if not withdrawn}


def _scan_entries(rows: Iterable[tuple[Any, ...]], taken_down: Mapping[str, tuple[int, str]]) -> list[Entry]:
    """The highest revision of each scan that counts, with its contents."""
    best: dict[str, ScanEntry] = {}
    for scan_uid, revision, at, feature_version, sha256, disease, x, _ in rows:
        counts = revision > taken_down.get(scan_uid, (0, ""))[0]
        if not counts or (scan_uid in best and best[scan_uid].revision > revision):
            continue
        same = best.get(scan_uid)
        contents = dict(same.contents) if same and same.revision == revision else {}
        contents[feature_version] = Content(sha256, disease, tuple(x))
        best[scan_uid] = ScanEntry(scan_uid, revision, at, contents)
    return list(best.values())


def _treatment_entries(rows: Iterable[tuple[Any, ...]]) -> list[Entry]:
    """The highest revision of each treatment, unless it was withdrawn; rows come ordered by revision."""
    last = {row[0]: row for row in rows}
    return [
        TreatmentEntry(id_, revision, at, name, kind, start_at, end_at)
        for id_, revision, at, name, kind, start_at, end_at, withdrawn, _ in last.values()
        if not withdrawn
    ]

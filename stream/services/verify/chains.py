"""Folds: their versions, times and transactions, and the two chains of digests (I3, I4, I6, I7)."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from stream.services.folding.fold_rows import fold_digest, rows_digest
from stream.services.verify.finding import Finding
from stream.services.verify.identity import check_identity
from stream.services.verify.invariants import Invariant
from stream.storage import schema
from stream.storage.database import Connection
from stream.storage.folding.course_rows import COURSE
from stream.storage.folding.folds import TIME
from stream.storage.folding.staging import ENDED, FORECASTS, WRITTEN
from stream.storage.rows import only_row
from stream.storage.table_scan import ALL, each, one_snapshot

ENDED_AT = {
    schema.placements: ("ended_by", "ended_at"),
    **dict.fromkeys((*FORECASTS, *COURSE), ("superseded_by", "superseded_at")),
}

STANDS_WRONGLY = """
SELECT 'placements: scan ' || id || ' stands on two timelines' FROM core.placements
  WHERE ended_by IS NULL AND kind = 'scan' GROUP BY id HAVING count(*) > 1
UNION ALL SELECT 'states: that of ' || s.scan_uid || ' stands without its placement' FROM core.states s
  WHERE s.superseded_by IS NULL AND NOT EXISTS (SELECT FROM core.placements p
    WHERE p.kind = 'scan' AND p.id = s.scan_uid AND p.revision = s.revision AND p.patient_id = s.patient_id
    AND p.at >= s.at AND p.ended_by IS NULL)
UNION ALL SELECT 'ledger: ' || g.kind || ' ' || g.id || ' names nothing that was accepted' FROM core.ledger g
  WHERE NOT EXISTS (SELECT FROM core.revisions r WHERE g.kind = 'scan' AND r.scan_uid = g.id
    AND r.revision = g.revision)
  AND NOT EXISTS (SELECT FROM core.treatments t WHERE g.kind = 'treatment' AND t.treatment_id = g.id
    AND t.revision = g.revision)
  AND NOT EXISTS (SELECT FROM core.clinical c WHERE g.kind = 'clinical' AND c.received_as = g.id
    AND c.revision = g.revision)
  AND NOT EXISTS (SELECT FROM core.outcomes u WHERE g.kind = 'outcome' AND u.outcome_id = g.id
    AND u.revision = g.revision)
  AND NOT EXISTS (SELECT FROM core.lesion_links l WHERE g.kind = 'lesion' AND l.link_id = g.id
    AND l.revision = g.revision)
  AND NOT EXISTS (SELECT FROM core.rejections j WHERE g.kind = 'rejection' AND j.scan_uid || '/' || j.revision = g.id
    AND j.number = g.revision)
  AND NOT EXISTS (SELECT FROM core.identity_events e WHERE g.kind = 'identity' AND e.seq::text = g.id
    AND e.outcome = 'done')
UNION ALL SELECT 'identity_events: ' || e.seq || ' took effect and is not in the ledger' FROM core.identity_events e
  WHERE e.outcome = 'done' AND NOT EXISTS (SELECT FROM core.ledger g JOIN core.folds f USING (fold_id)
    WHERE g.kind = 'identity' AND g.id = e.seq::text AND f.computed_at = e.applied_at)
"""

STANDS_ALONE = """SELECT '{table}: one of ' || f.scan_uid || ' stands without its state' FROM core.{table} f
WHERE f.superseded_by IS NULL AND NOT EXISTS (SELECT FROM core.states s WHERE s.fold_id = f.fold_id
  AND s.weights_version = f.weights_version AND s.scan_uid = f.scan_uid AND s.superseded_by IS NULL)"""

WRONG_TIPS = """
WITH best AS (SELECT *, row_number() OVER (PARTITION BY patient_id, weights_version, endpoint, disease, horizon_kind,
  horizon_days ORDER BY at DESC, scan_uid DESC) = 1 AS latest FROM core.forecasts WHERE superseded_by IS NULL)
SELECT 'forecasts: tip of ' || scan_uid || ' is wrong' FROM best WHERE tip <> latest
UNION ALL SELECT 'forecasts: tip of ' || scan_uid || ' marks what does not stand' FROM core.forecasts
  WHERE tip AND superseded_by IS NOT NULL
"""


class FoldHashes(NamedTuple):
    """Hashes of the rows that a fold wrote, and of those that it ended."""

    written: list[bytes]
    ended: list[bytes]


def identity(connection: Connection) -> Finding:
    """I3: every scan stands once, everything that stands has its ground, in identity events too."""
    finding = Finding.of(Invariant.ONE_TIMELINE)
    for query in (STANDS_WRONGLY, *(STANDS_ALONE.format(table=table.name) for table in FORECASTS), WRONG_TIPS):
        finding.fail_each(0, (failure for (failure,) in connection.execute(query)))
    (standing,) = only_row(connection.execute("SELECT count(*) FROM core.placements WHERE ended_by IS NULL"))
    finding.checked += standing
    check_identity(finding, connection)
    return finding


def versions(connection: Connection) -> Finding:
    """I4: folds of a patient carry head versions 1..n without a gap, and the head the last."""
    finding = Finding.of(Invariant.HEAD_VERSIONS)
    rows = each(
        connection,
        """SELECT h.patient_id, h.version = coalesce(f.n, 0) AND h.version = coalesce(f.top, 0)
          AND h.fold_digest = coalesce(l.digest, '') AND h.changed_at = coalesce(l.computed_at, '2000-01-01') AS holds
        FROM core.heads h LEFT JOIN (SELECT patient_id, count(*) n, max(head_version) top FROM core.folds GROUP BY 1) f
          USING (patient_id) LEFT JOIN core.folds l ON l.patient_id = h.patient_id AND l.head_version = h.version
        UNION ALL SELECT f.patient_id, false FROM core.folds f
          WHERE NOT EXISTS (SELECT FROM core.heads h WHERE h.patient_id = f.patient_id)""",
        {},
    )
    for row in rows:
        finding.check(row["holds"], f"heads patient_id={row['patient_id']}")
    return finding


def transactions(connection: Connection) -> Finding:
    """I6: all rows of one fold share its transaction and its time, those it ended carry its time."""
    finding = Finding.of(Invariant.ONE_TRANSACTION)
    for table in WRITTEN:
        time = f"AND r.{TIME[table]} = f.computed_at" if table in TIME else ""
        finding.fail_each(*_compared(connection, table.name, "fold_id", f"r.xact = f.xact {time}"))
    for table, (by, at) in ENDED_AT.items():
        finding.fail_each(*_compared(connection, table.name, by, f"r.{at} = f.computed_at"))
        loose = (
            f"SELECT '{table.name} fold_id=' || fold_id FROM core.{table.name} WHERE {by} IS NULL AND {at} IS NOT NULL"
        )
        finding.fail_each(0, (failure for (failure,) in connection.execute(loose)))
    return finding


def _compared(connection: Connection, table: str, column: str, holds: str) -> tuple[int, list[str]]:
    """How many rows name a fold in `column`, and those for which `holds` is not true: the row or its fold is wrong."""
    (count,) = only_row(connection.execute(f"SELECT count(*) FROM core.{table} WHERE {column} IS NOT NULL"))
    rows = connection.execute(
        f"""SELECT DISTINCT '{table} against folds: {column}=' || r.{column}
        FROM core.{table} r LEFT JOIN core.folds f ON f.fold_id = r.{column}
        WHERE r.{column} IS NOT NULL AND (f.fold_id IS NULL OR ({holds}) IS NOT TRUE)"""
    )
    return count, [failure for (failure,) in rows]


def fold_chain(connection: Connection, percent: float = ALL) -> Finding:
    """I7, second chain: every fold's digest covers all rows it wrote or ended, and the fold before it."""
    finding = Finding.of(Invariant.CHAIN_OF_FOLDS)
    for patients in patients_with_folds(connection, percent):
        with one_snapshot(connection):
            _check_folds(finding, connection, patients)
    return finding


def patients_with_folds(connection: Connection, percent: float = ALL, batch: int = 100) -> Iterator[list[str]]:
    """Patients of whom there is a fold or a head, or a random `percent` of them, in batches in order of their ids."""
    last = ""
    query = """SELECT patient_id FROM (SELECT patient_id FROM core.heads UNION SELECT patient_id FROM core.folds) p
    WHERE patient_id > %s AND (%s >= 100 OR random() * 100 < %s) ORDER BY patient_id LIMIT %s"""
    while patients := [patient_id for (patient_id,) in connection.execute(query, [last, percent, percent, batch])]:
        yield patients
        last = patients[-1]


def _check_folds(finding: Finding, connection: Connection, patients: Sequence[str]) -> None:
    query = "SELECT * FROM core.folds WHERE patient_id = ANY(%(patients)s) ORDER BY patient_id, head_version"
    folds = list(each(connection, query, {"patients": list(patients)}))
    hashes = _hashes(connection, [fold["fold_id"] for fold in folds])
    before: dict[str, bytes] = {}  # by patient the digest of the fold before
    for fold in folds:
        written, ended = hashes.get(fold["fold_id"], FoldHashes([], []))
        last = before.get(fold["patient_id"], b"")
        holds = rows_digest(written, ended) == fold["rows_digest"] and fold_digest(last, fold) == fold["digest"]
        finding.check(holds, f"folds fold_id={fold['fold_id']} patient_id={fold['patient_id']}")
        before[fold["patient_id"]] = fold["digest"]


def _hashes(connection: Connection, folds: Sequence[int]) -> dict[int, FoldHashes]:
    """By fold_id."""
    hashes: dict[int, FoldHashes] = {}
    for table in WRITTEN:
        query = f"SELECT fold_id, row_sha256 FROM core.{table.name} WHERE fold_id = ANY(%s)"
        for fold_id, value in connection.execute(query, [folds]):
            hashes.setdefault(fold_id, FoldHashes([], [])).written.append(value)
    for table, ended_by in ENDED.items():
        query = f"SELECT {ended_by}, later_sha256 FROM core.{table.name} WHERE {ended_by} = ANY(%s)"
        for fold_id, value in connection.execute(query, [folds]):
            hashes.setdefault(fold_id, FoldHashes([], [])).ended.append(value or b"")
    return hashes

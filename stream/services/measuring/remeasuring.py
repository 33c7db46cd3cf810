"""Measuring again from the archive: what a corrected reader sees otherwise becomes a new revision, the rest stays."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from stream.errors import AnswerIsNo, SetAside
from stream.measured_scan import LesionMap, MeasuredScan, Unused
from stream.services.folding.reconcile import Reconciler
from stream.services.measuring.encoded import as_kept, embedding_rows
from stream.services.measuring.measurement import (
    Measure,
    attempt,
    features_of,
    finding_rows,
    key_slice_rows,
    lesion_map_rows,
    measurement_rows,
    outlining_rows,
    presence_rows,
    unused_rows,
    waiting,
)
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.database import Connection
from stream.storage.intake.measurements import (
    FINDING_COLUMNS,
    KEY_SLICE_COLUMNS,
    OUTLINING_COLUMNS,
    PRESENCE_COLUMNS,
    VALUE_COLUMNS,
    CompleteScan,
    MeasuredContent,
    append_same_instances,
    let_wait,
    lock_revision,
    measured_content,
    standing_revisions,
    unpacked,
)
from stream.vocabulary import Status

BATCH = 64
READERS = 2
"""Scans that are read at once."""

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class RemeasuredScan:
    """What became of one scan: `what` is same, changed or failed; `says` more of it in words."""

    scan_uid: str
    revision: int
    what: str
    says: str | None = None


def standing(connection: Connection, patient_id: str | None) -> list[tuple[str, int]]:
    """Revisions that stand, of one timeline or all, and were made of files; AnswerIsNo where there is none."""
    revisions = standing_revisions(connection, patient_id)
    if not revisions:
        raise AnswerIsNo(f"Nothing to measure again for {patient_id or 'any patient'}.")
    return revisions


class Remeasuring:
    """Measures `revisions`, which stand, again, and folds what changed; `lacks`: a file is missing from the archive."""

    def __init__(
        self,
        connection: Connection,
        reconciler: Reconciler,
        revisions: Sequence[tuple[str, int]],
        read: Measure,
        lacks: Callable[[str], bool],
        assume_disease: str,
    ) -> None:
        self._connection = connection
        self._reconciler = reconciler
        self._revisions = revisions
        self._read, self._lacks = read, lacks
        self._assume_disease = assume_disease

    @property
    def total(self) -> int:
        """How many scans there are to measure."""
        return len(self._revisions)

    def outcomes(self, advance: Callable[[int], None]) -> Iterator[list[RemeasuredScan]]:
        """Measure and fold, a batch at a time; `advance` is told how many were done."""
        with ThreadPoolExecutor(READERS) as readers:
            for start in range(0, self.total, BATCH):
                batch = self._revisions[start : start + BATCH]
                scans = remeasure(self._connection, batch, self._read, self._lacks, self._assume_disease, readers)
                self._reconciler.scans([scan.scan_uid for scan in scans if scan.what == "changed"])
                advance(len(batch))
                yield scans


def remeasure(
    connection: Connection,
    revisions: Sequence[tuple[str, int]],
    read: Measure,
    lacks: Callable[[str], bool],
    assume_disease: str,
    readers: Executor,
) -> list[RemeasuredScan]:
    """Measure standing `revisions` again; `lacks` tells whether a file (by sha256) is missing from the archive."""
    scans = waiting(connection, revisions, Status.APPLIED)
    results = list(readers.map(lambda scan: _attempt(scan, read, lacks), scans))
    return [_remeasured(connection, scan, result, assume_disease) for scan, result in zip(scans, results, strict=True)]


def _attempt(scan: CompleteScan, read: Measure, lacks: Callable[[str], bool]) -> MeasuredScan | str:
    """What is measured now, or in words why nothing is."""
    if missing := [sha256 for sha256 in scan.files if lacks(sha256)]:
        return f"missing from the archive: {', '.join(missing)}"
    return read_again(scan, read)


def read_again(scan: CompleteScan, read: Measure) -> MeasuredScan | str:
    """What the files say, or in words why they cannot be measured; raises OSError where they cannot be read."""
    result = attempt(read, scan)
    return f"{result.reason_code}: {result.reason}" if isinstance(result, SetAside) else result


def _remeasured(
    connection: Connection, scan: CompleteScan, result: MeasuredScan | str, assume_disease: str
) -> RemeasuredScan:
    if isinstance(result, str):
        return RemeasuredScan(scan.scan_uid, scan.revision, "failed", result)
    rows = _rows(scan, as_kept(connection, scan, result), assume_disease)
    if is_as_stored(connection, scan, result, assume_disease):
        return RemeasuredScan(scan.scan_uid, scan.revision, "same")
    if not _supersede(connection, scan, rows):
        return RemeasuredScan(scan.scan_uid, scan.revision, "failed", "a newer revision is on its way or set aside")
    return RemeasuredScan(scan.scan_uid, scan.revision, "changed", f"revision {scan.revision + 1} has the new values")


def is_as_stored(connection: Connection, scan: CompleteScan, measured: MeasuredScan, assume_disease: str) -> bool:
    """Whether `measured` is what the rows of the revision say; one without a row of findings says something else."""
    measured = as_kept(connection, scan, measured)
    said = _rows(scan, measured, assume_disease).values()
    findings, features, values, unused, key_slices, presence, outlinings, maps, _ = said
    content = MeasuredContent(
        sorted(row["sha256"] for row in features),
        [tuple(row[name] for name in VALUE_COLUMNS) for row in values],
        [tuple(row[name] for name in Unused._fields) for row in unused],
        [tuple(row[name] for name in FINDING_COLUMNS) for row in findings],
        [unpacked([row[name] for name in KEY_SLICE_COLUMNS]) for row in key_slices],
        [tuple(row[name] for name in PRESENCE_COLUMNS) for row in presence],
        [tuple(row[name] for name in OUTLINING_COLUMNS) for row in outlinings],
        [tuple(row[name] for name in LesionMap._fields) for row in maps],
        sorted(measured.encoded),
    )
    return measured_content(connection, scan.scan_uid, scan.revision).agrees_with(content)


def _rows(scan: CompleteScan, measured: MeasuredScan, assume_disease: str) -> dict[schema.Table, Rows]:
    return {
        schema.findings: finding_rows(scan.scan_uid, scan.revision, measured),
        schema.features: features_of(scan, measured, assume_disease),
        schema.measurements: measurement_rows(scan.scan_uid, scan.revision, measured),
        schema.unused: unused_rows(scan, measured),
        schema.key_slices: key_slice_rows(scan, measured),
        schema.slice_scores: presence_rows(scan, measured),
        schema.outlinings: outlining_rows(scan, measured),
        schema.lesion_maps: lesion_map_rows(scan, measured),
        schema.scan_embeddings: embedding_rows(scan, measured),
    }


def _supersede(connection: Connection, scan: CompleteScan, rows: dict[schema.Table, Rows]) -> bool:
    """The same instances as the next revision, with the new values; False where a newer one exists already."""
    now, revision = dt.datetime.now(dt.UTC), scan.revision + 1
    with connection.transaction():
        before = lock_revision(connection, scan.scan_uid, scan.revision)
        if before.highest != scan.revision:
            return False
        append_same_instances(connection, scan.scan_uid, revision, before, now)
        for table, each in rows.items():
            append(connection, table, [{**row, "revision": revision} for row in each])
        let_wait(connection, scan.scan_uid, revision, before.completeness, now)
    return True

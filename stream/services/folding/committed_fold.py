"""What a fold that was committed brought, and the lines of the log that say so."""

from collections.abc import Iterable
from dataclasses import dataclass

from stream import logs
from stream.services.folding.fold_rows import FoldRows
from stream.vocabulary import Cause, FactKind


@dataclass(frozen=True)
class CommittedFold:
    """One committed fold."""

    fold_id: int
    patient_id: str
    cause: Cause
    scans: tuple[tuple[str, int], ...]  # scan_uid, revision seen for the first time


def committed_fold(rows: FoldRows) -> CommittedFold:
    """The fold that wrote `rows`."""
    timeline = rows.plan.timeline
    scans = tuple((fact.id, fact.revision) for fact in timeline.unseen if fact.kind == FactKind.SCAN)
    return CommittedFold(rows.fold_id, timeline.patient_id, rows.plan.cause, scans)


def log_folds(committed: Iterable[CommittedFold]) -> None:
    """One line per scan that came to stand on its timeline."""
    for each in committed:
        patient_id, fold_id, cause = each.patient_id, each.fold_id, each.cause
        for scan_uid, revision in each.scans:
            logs.event("scan_applied", scan=scan_uid, revision=revision, patient=patient_id, fold=fold_id, cause=cause)

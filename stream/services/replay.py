"""Folding again from stored timepoints because a person asks for it, and saying what changed."""

from collections.abc import Collection, Iterator, Sequence

from stream.services.reconcile import Reconciler
from stream.storage.database import Connection

BATCH = 64
"""Timelines of one transaction: long ones must stay well within its timeout."""


def weights_of(connection: Connection, model: str | None) -> list[str]:
    """Active weights, of one model only where given."""
    rows = connection.execute(
        """SELECT weights_version FROM core.active_weights JOIN core.weights w USING (weights_version)
        WHERE until IS NULL AND (%(model)s::text IS NULL OR w.model = %(model)s) ORDER BY 1""",
        {"model": model},
    ).fetchall()
    return [row[0] for row in rows]


def timelines_of(connection: Connection, weights: Sequence[str]) -> list[str]:
    """Timelines with standing states of `weights`."""
    query = """SELECT DISTINCT patient_id FROM core.states
    WHERE superseded_by IS NULL AND weights_version = ANY(%s) ORDER BY 1"""
    return [row[0] for row in connection.execute(query, [list(weights)]).fetchall()]


def replay(reconciler: Reconciler, patients: Sequence[str], weights: Collection[str]) -> Iterator[int]:
    """Fold `patients` afresh under `weights`, batch after batch; yields how many timelines each brought into line."""
    for start in range(0, len(patients), BATCH):
        batch = patients[start : start + BATCH]
        reconciler.timelines(batch, afresh=weights)
        yield len(batch)


def compare(before: dict[tuple, float], after: dict[tuple, float]) -> tuple[int, float]:
    """How many standing forecasts differ, and the largest difference; one that came or went differs by 1."""
    keys = before.keys() | after.keys()
    differences = [abs(after[key] - before[key]) if key in after and key in before else 1.0 for key in keys]
    return sum(difference > 0 for difference in differences), max(differences, default=0.0)

"""Committing folds: rows are sent before the first lock, checked under it, written by whole statements.

See docs/protocol.md 2.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from stream.crash import reach
from stream.errors import EndsWorker
from stream.services.folding.fold_rows import FoldRows, RowsByTable
from stream.storage import schema
from stream.storage.database import Connection
from stream.storage.folding import folds, staging
from stream.storage.folding.active_weights import active_versions
from stream.storage.folding.states import USUAL_BYTES
from stream.storage.folding.timelines import resolve, roots
from stream.storage.locks import lock_heads
from stream.timeline.entries import ScanEntry
from stream.timeline.planning import Plan

CLOCK_LIMIT = dt.timedelta(seconds=5)
"""A fold's time may run ahead of the clock by µs when folds follow closely; by seconds, a clock is wrong."""
PORTION = 1000
"""States that one transaction writes, unless a single timeline needs more: it holds its locks for some 100 ms."""


class ClockWrong(EndsWorker):
    """The database's newest fold lies in the future: this worker must end, a person must look at the clock."""


@dataclass(frozen=True)
class PreparedFolds:
    """Rows of some timelines, computed outside of any lock under the weights that were `active` then."""

    active: list[str]
    rows: list[FoldRows]


def portions(rows: Sequence[FoldRows]) -> Iterator[list[FoldRows]]:
    """`rows` in the same order, cut so that each transaction stays short."""
    portion: list[FoldRows] = []
    states = 0
    for fold in rows:
        of_fold = sum(1 + len(row["state"]) // USUAL_BYTES for row in fold.written[schema.states])
        states += of_fold
        if portion and states > PORTION:
            yield portion
            portion, states = [], of_fold
        portion.append(fold)
    if portion:
        yield portion


def commit_portions(connection: Connection, prepared: PreparedFolds) -> list[FoldRows]:
    """Commit what is still true of what was prepared, portion by portion; returns it."""
    good: list[FoldRows] = []
    for portion in portions(prepared.rows):
        with connection.transaction():
            good += commit(connection, portion, prepared.active, locked=False)
        reach("reconcile.committed")
    return good


def commit(connection: Connection, rows: Sequence[FoldRows], active: list[str], locked: bool) -> list[FoldRows]:
    """Write those of `rows` that are still true, in the caller's transaction; returns them.

    `active`: the weights under which they were computed; `locked`: under the locks, by the caller. Raises ClockWrong.
    """
    if not rows:
        return []
    send(connection, rows, locked)
    reach("reconcile.sent")
    good = _still_true(connection, rows, active)
    if good:
        reach("reconcile.locked")
        write(connection, good)
        reach("reconcile.written_all")
    return good


def send(connection: Connection, rows: Sequence[FoldRows], locked: bool) -> None:
    """All rows go to the temp tables, before the first lock unless they were computed under it (`locked`)."""
    for table in _touched(staging.WRITTEN, [fold.written for fold in rows]):
        written = (row for fold in rows for row in fold.written[table])
        staging.send_rows(connection, table, written, locked)
    for table in _touched(staging.ENDED, [fold.ended for fold in rows]):
        ended = (row for fold in rows for row in fold.ended[table])
        staging.send_ended(connection, table, ended, locked)


def write(connection: Connection, good: Sequence[FoldRows]) -> dt.datetime:
    """Write what was sent, under the locks; returns the one time of all its rows. Raises ClockWrong."""
    patients = [fold.plan.timeline.patient_id for fold in good]
    now, ahead = folds.fold_time(connection, patients)
    if ahead > CLOCK_LIMIT:
        raise ClockWrong(f"the newest fold lies {ahead} in the future: set the clock of the database's machine")
    written = _touched(staging.WRITTEN, [fold.written for fold in good])
    ended = _touched(staging.ENDED, [fold.ended for fold in good])
    latest_marks = [mark for fold in good for mark in fold.latest_marks]
    folds.write_folds(connection, [fold.fold_row(now) for fold in good], written, ended, latest_marks, now)
    return now


def _still_true(connection: Connection, rows: Sequence[FoldRows], active: list[str]) -> list[FoldRows]:
    """Under the lock: versions unchanged, active weights unchanged, every newly placed scan still belongs here."""
    versions = lock_heads(connection, [fold.plan.timeline.patient_id for fold in rows])
    if active_versions(connection) != active:
        return []
    placed = [entry.id for fold in rows for entry in fold.plan.placed if isinstance(entry, ScanEntry)]
    belongs = resolve(connection, placed)
    alive = roots(connection, list(versions))
    return [fold for fold in rows if _unmoved(fold.plan, versions, belongs, alive)]


def _unmoved(plan: Plan, versions: Mapping[str, int], belongs: Mapping[str, str], alive: Mapping[str, str]) -> bool:
    timeline = plan.timeline
    patient_id = timeline.patient_id
    scans_belong = all(belongs.get(entry.id) == patient_id for entry in plan.placed if isinstance(entry, ScanEntry))
    # an absorbed timeline is brought to emptiness: it has no entries left to place
    root_or_empty = alive[patient_id] == patient_id or not timeline.entries
    return versions[patient_id] == timeline.version and scans_belong and root_or_empty


def _touched(tables: Iterable[schema.Table], rows: Sequence[RowsByTable]) -> list[schema.Table]:
    """Those of `tables` in which any fold has rows: the others cost no round trip."""
    return [table for table in tables if any(of_fold[table] for of_fold in rows)]

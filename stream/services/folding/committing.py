"""Committing folds (PROTOCOL 2): rows are sent before the first lock, checked under it, written by whole statements."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence

from stream.crash import reach
from stream.errors import EndsWorker
from stream.services.folding.fold_rows import ByTable, FoldRows
from stream.storage import folds, schema, staging
from stream.storage.database import Connection
from stream.storage.locks import lock_heads
from stream.storage.timelines import resolve, roots
from stream.timeline.planning import Plan

CLOCK_LIMIT = dt.timedelta(seconds=5)
"""A fold's time may run ahead of the clock by µs when folds follow closely; by seconds, a clock is wrong."""
PORTION = 1000
"""States that one transaction writes, unless a single timeline needs more: it holds its locks for some 100 ms."""


class ClockWrong(EndsWorker):
    """The database's newest fold lies in the future: this worker must end, a person must look at the clock."""


def portions(rows: Sequence[FoldRows]) -> Iterator[list[FoldRows]]:
    """`rows` in the same order, cut so that each transaction stays short."""
    some: list[FoldRows] = []
    states = 0
    for one in rows:
        states += len(one.written[schema.states])
        if some and states > PORTION:
            yield some
            some, states = [], len(one.written[schema.states])
        some.append(one)
    if some:
        yield some


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
    for table in _touched(staging.WRITTEN, [one.written for one in rows]):
        new = (row for one in rows for row in one.written[table])
        staging.send_rows(connection, table, new, locked)
    for table in _touched(staging.ENDED, [one.ended for one in rows]):
        ended = (row for one in rows for row in one.ended[table])
        staging.send_ended(connection, table, ended, locked)


def write(connection: Connection, good: Sequence[FoldRows]) -> dt.datetime:
    """Write what was sent, under the locks; returns the one time of all its rows. Raises ClockWrong."""
    patients = [one.plan.timeline.patient_id for one in good]
    now, ahead = folds.fold_time(connection, patients)
    if ahead > CLOCK_LIMIT:
        raise ClockWrong(f"the newest fold lies {ahead} in the future: set the clock of the database's machine")
    written = _touched(staging.WRITTEN, [one.written for one in good])
    ended = _touched(staging.ENDED, [one.ended for one in good])
    tips = [tip for one in good for tip in one.new_tips]
    folds.write_folds(connection, [one.fold_row(now) for one in good], written, ended, tips, now)
    return now


def _still_true(connection: Connection, rows: Sequence[FoldRows], active: list[str]) -> list[FoldRows]:
    """Under the lock: versions unchanged, active weights unchanged, every newly placed scan still belongs here."""
    versions = lock_heads(connection, [one.plan.timeline.patient_id for one in rows])
    if folds.active_versions(connection) != active:
        return []
    placed = [entry.id for one in rows for entry in one.plan.placed if entry.kind == "scan"]
    belongs = resolve(connection, placed)
    alive = roots(connection, list(versions))
    return [one for one in rows if _unmoved(one.plan, versions, belongs, alive)]


def _unmoved(plan: Plan, versions: Mapping[str, int], belongs: Mapping[str, str], alive: Mapping[str, str]) -> bool:
    line = plan.timeline
    placed = all(belongs.get(entry.id) == line.patient_id for entry in plan.placed if entry.kind == "scan")
    # an absorbed timeline is brought to emptiness: it has no entries left to place
    empty = alive[line.patient_id] == line.patient_id or not line.entries
    return versions[line.patient_id] == line.version and placed and empty


def _touched(tables: Iterable[schema.Table], folds: Sequence[ByTable]) -> list[schema.Table]:
    """Those of `tables` in which any fold has rows: the others cost no round trip."""
    return [table for table in tables if any(rows[table] for rows in folds)]

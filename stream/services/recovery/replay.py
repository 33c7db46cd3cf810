"""Folding many timelines again, patient-parallel in full batches: for new weights, or because a person asks for it.

It runs beside live traffic: transactions are short, and while others fold too it rests as long as it works.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from stream.services.comparing.difference import difference, numbers
from stream.services.folding.reconcile import Folded, Prepared, Reconciler
from stream.storage.active_weights import lacking
from stream.storage.database import Connection
from stream.storage.forecasts import read_standing
from stream.storage.locks import share_replay

FULL, TIMELINES = 64, 256
"""A batch of FULL timelines fills a chunk of the device (forecaster.CHUNK); more save queries while short."""
STEPS, MOST_STEPS = 2560, 12_800
"""Of a batch that is full, and of any: some hundred milliseconds of work, and memory for what is being written."""

Waiting = tuple[str, int]
"""patient_id, how many timepoints there are to step."""
Standing = dict[tuple[Any, ...], np.ndarray]
"""The numbers of forecasts."""
Hands = tuple[Reconciler, Reconciler]
"""One prepares the next batch while the other, on a connection of its own, commits the one before."""


def weights_of(connection: Connection, model: str | None) -> list[str]:
    """Active weights, of one model only where given."""
    rows = connection.execute(
        """SELECT weights_version FROM core.active_weights JOIN core.weights w USING (weights_version)
        WHERE until IS NULL AND (%(model)s::text IS NULL OR w.model = %(model)s) ORDER BY 1""",
        {"model": model},
    ).fetchall()
    return [row[0] for row in rows]


def timelines_of(connection: Connection, weights: Sequence[str]) -> list[Waiting]:
    """Timelines with standing states of `weights`, the longest first."""
    query = """SELECT patient_id, count(*) FROM core.states
    WHERE superseded_by IS NULL AND weights_version = ANY(%s) GROUP BY 1 ORDER BY 2 DESC, 1"""
    return connection.execute(query, [list(weights)]).fetchall()


def catch_up(connection: Connection, hands: Hands, version: str) -> Iterator[int]:
    """Give every timeline the states of `version` that it lacks, until none lacks any.

    Yields how many timepoints each batch brought. What cannot be brought is tried once.
    """
    share_replay(connection)
    tried: set[str] = set()
    while waiting := [one for one in lacking(connection, version) if one[0] not in tried]:
        tried |= {patient_id for patient_id, _ in waiting}
        yield from replay(hands, waiting)


def replay(
    hands: Hands, waiting: Sequence[Waiting], afresh: Collection[str] = (), rest: Callable[[float], None] = time.sleep
) -> Iterator[int]:
    """Bring timelines into line, batch after batch, those of weights in `afresh` whatever stands.

    Yields how many of the timepoints in `waiting` each batch brought.
    """
    preparing, writing = hands
    pace = Pace()
    with ThreadPoolExecutor(max_workers=1) as writer:
        under_way: Future[list[Folded]] | None = None
        brought = 0
        for batch in batches(waiting):
            started = time.monotonic()
            prepared = preparing.prepare([patient_id for patient_id, _ in batch], afresh)
            if under_way is not None:
                folds = under_way.result()
                rest(pace.rest(folds, time.monotonic() - started))
                yield brought
            under_way = writer.submit(_write, writing, prepared, afresh)
            brought = sum(steps for _, steps in batch)
        if under_way is not None:
            under_way.result()
            yield brought


def _write(reconciler: Reconciler, prepared: Prepared, afresh: Collection[str]) -> list[Folded]:
    """Commit; who moved on meanwhile is taken again at once."""
    folds, gone = reconciler.write(prepared)
    return folds + reconciler.timelines(gone, afresh)


def batches(waiting: Sequence[Waiting]) -> Iterator[list[Waiting]]:
    """Timelines of like length together, so that every round of a batch is as full as its first."""
    batch: list[Waiting] = []
    total = 0
    for one in sorted(waiting, key=lambda each: (-each[1], each[0])):
        total += one[1]
        if batch and (len(batch) == TIMELINES or total > (STEPS if len(batch) >= FULL else MOST_STEPS)):
            yield batch
            batch, total = [], one[1]
        batch.append(one)
    if batch:
        yield batch


class Pace:
    """How long to rest after a batch: not at all while nobody else folds, else as long as it took.

    Ids of folds are given one after the other: a gap before ours means that somebody else took some.
    """

    def __init__(self) -> None:
        self._last: int | None = None

    def rest(self, folds: Sequence[Folded], seconds: float) -> float:
        """Seconds to rest after a batch that committed `folds` and took `seconds`."""
        ids = [one.fold_id for one in folds]
        if not ids:
            return 0.0
        others = self._last is not None and max(ids) - self._last > len(ids)
        self._last = max(ids)
        return seconds if others else 0.0


def standing(connection: Connection, patients: Sequence[str]) -> Standing:
    """The numbers of every forecast that stands of `patients`, by its weights, its scan and what is forecast."""
    found: Standing = {}
    for (_, version, scan_uid), _, said in read_standing(connection, patients):
        what, values = numbers(said)
        found[version, scan_uid, *what] = values
    return found


def compare(before: Standing, after: Standing) -> tuple[int, float]:
    """How many standing forecasts differ, and the largest difference; one that came or went differs by 1."""
    differences = [difference(before.get(key), after.get(key)) for key in before.keys() | after.keys()]
    return sum(each > 0 for each in differences), max(differences, default=0.0)

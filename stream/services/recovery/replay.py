"""Folding many timelines again, patient-parallel in full batches: for new weights, or because a person asks for it.

It runs beside live traffic: transactions are short, and while others fold too it rests as long as it works.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from stream.services.comparing.difference import Subject, difference, numbers
from stream.services.folding.committed_fold import CommittedFold
from stream.services.folding.reconcile import Reconciler
from stream.storage.database import Connection
from stream.storage.folding.active_weights import lacking
from stream.storage.folding.forecasts import read_standing
from stream.storage.folding.states import TimelineSteps
from stream.storage.locks import share_replay

FULL, TIMELINES = 64, 256
"""A batch of FULL timelines fills a chunk of the device (forecaster.CHUNK); more save queries while short."""
STEPS, MOST_STEPS = 2560, 12_800
"""Of a batch that is full, and of any: some hundred milliseconds of work, and memory for what is being written."""


class ForecastSubject(NamedTuple):
    """What a standing forecast is of: weights, scan, and what is forecast."""

    weights_version: str
    scan_uid: str
    of: Subject


StandingNumbers = dict[ForecastSubject, np.ndarray]
"""The numbers of forecasts."""


def catch_up(connection: Connection, reconciler: Reconciler, version: str) -> Iterator[int]:
    """Give every timeline the states of `version` that it lacks, until none lacks any.

    Yields how many timepoints each batch brought. What cannot be brought is tried once.
    """
    share_replay(connection)
    tried: set[str] = set()
    while waiting := [each for each in lacking(connection, version) if each.patient_id not in tried]:
        tried |= {each.patient_id for each in waiting}
        yield from replay(reconciler, waiting)


def replay(
    reconciler: Reconciler,
    waiting: Sequence[TimelineSteps],
    afresh: Collection[str] = (),
    rest: Callable[[float], None] = time.sleep,
) -> Iterator[int]:
    """Bring timelines into line, batch after batch, those of weights in `afresh` whatever stands.

    Yields how many of the timepoints in `waiting` each batch brought.
    """
    pace, left = Pace(), list(batches(waiting))
    folded = reconciler.in_batches([[each.patient_id for each in batch] for batch in left], afresh)
    started = time.monotonic()
    for folds in folded:
        yield sum(each.steps for each in left.pop(0))
        if left:
            rest(pace.rest(folds, time.monotonic() - started))
        started = time.monotonic()


def batches(waiting: Sequence[TimelineSteps]) -> Iterator[list[TimelineSteps]]:
    """Timelines of like length together, so that every round of a batch is as full as its first."""
    batch: list[TimelineSteps] = []
    total = 0
    for timeline in sorted(waiting, key=lambda each: (-each.steps, each.patient_id)):
        weight = timeline.steps * timeline.weight
        total += weight
        if batch and (len(batch) == TIMELINES or total > (STEPS if len(batch) >= FULL else MOST_STEPS)):
            yield batch
            batch, total = [], weight
        batch.append(timeline)
    if batch:
        yield batch


class Pace:
    """How long to rest after a batch: not at all while nobody else folds, else as long as it took.

    Ids of folds are given one after the other: a gap before ours means that somebody else took some.
    """

    def __init__(self) -> None:
        self._last: int | None = None

    def rest(self, folds: Sequence[CommittedFold], seconds: float) -> float:
        """Seconds to rest after a batch that committed `folds` and took `seconds`."""
        ids = [each.fold_id for each in folds]
        if not ids:
            return 0.0
        others = self._last is not None and max(ids) - self._last > len(ids)
        self._last = max(ids)
        return seconds if others else 0.0


def standing(connection: Connection, patients: Sequence[str]) -> StandingNumbers:
    """The numbers of every forecast that stands of `patients`."""
    by_subject: StandingNumbers = {}
    for row in read_standing(connection, patients):
        subject, values = numbers(row.forecast)
        by_subject[ForecastSubject(row.weights_version, row.scan_uid, subject)] = values
    return by_subject


def compare(before: StandingNumbers, after: StandingNumbers) -> tuple[int, float]:
    """How many standing forecasts differ, and the largest difference; one that came or went differs by 1."""
    differences = [difference(before.get(key), after.get(key)) for key in before.keys() | after.keys()]
    return sum(each > 0 for each in differences), max(differences, default=0.0)

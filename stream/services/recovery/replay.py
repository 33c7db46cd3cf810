"""Folding many timelines again, patient-parallel in full batches: for new weights, or because a person asks for it.

It runs beside live traffic: transactions are short, and while others fold too it rests at least as long as it works.
"""

import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from stream.services.comparing.difference import Subject, difference, numbers
from stream.services.folding.reconcile import Reconciler
from stream.services.recovery.pace import Pace
from stream.services.recovery.replay_processes import ReplayProcesses, taking_part
from stream.services.recovery.shared_batches import Batch, SharedBatches
from stream.storage.database import Connection
from stream.storage.folding.active_weights import lacking
from stream.storage.folding.forecasts import read_standing
from stream.storage.folding.states import TimelineSteps
from stream.storage.locks import share_replay

FULL, TIMELINES = 64, 256
"""A batch of FULL timelines fills a chunk of the device (forecaster.CHUNK); more save queries while short."""
STEPS, MOST_STEPS = 2560, 12_800
"""Of a batch that is full, and of any: some hundred milliseconds of work, and memory for what is being written."""
WORTH_SHARING = 20_000
"""Timepoints: with fewer another process takes as long to load torch and the weights as it saves."""


class ForecastSubject(NamedTuple):
    """What a standing forecast is of: weights, scan, and what is forecast."""

    weights_version: str
    scan_uid: str
    of: Subject


StandingNumbers = dict[ForecastSubject, np.ndarray]
"""The numbers of forecasts."""


def catch_up(
    connection: Connection, reconciler: Reconciler, version: str, others: ReplayProcesses | None = None
) -> Iterator[int]:
    """Give every timeline the states of `version` that it lacks, until none lacks any.

    Yields how many timepoints each batch brought. What cannot be brought is tried once.
    """
    share_replay(connection)
    tried: set[str] = set()
    while waiting := [each for each in lacking(connection, version) if each.patient_id not in tried]:
        tried |= {each.patient_id for each in waiting}
        yield from replay(connection, reconciler, waiting, others=others)


def replay(
    connection: Connection,
    reconciler: Reconciler,
    waiting: Sequence[TimelineSteps],
    afresh: Collection[str] = (),
    others: ReplayProcesses | None = None,
    rest: Callable[[float], None] = time.sleep,
) -> Iterator[int]:
    """Bring timelines into line, batch after batch, those of weights in `afresh` whatever stands.

    `others` take part where there is enough to do. Yields how many of the timepoints in `waiting` were brought since.
    """
    shared = SharedBatches(batches(waiting))
    if others is None or sum(each.steps * each.weight for each in waiting) < WORTH_SHARING:
        yield from _own(reconciler, shared, afresh, Pace(connection, rest=rest))
        return
    pace = Pace(connection, 1 + others.number, rest)
    with taking_part(others, shared, afresh):
        while shared.wait():  # what is left, and what a process that died left
            yield from _own(reconciler, shared, afresh, pace)
    yield shared.steps()


def _own(reconciler: Reconciler, shared: SharedBatches, afresh: Collection[str], pace: Pace) -> Iterator[int]:
    """This process's own part: takes batches until none is left."""
    taken: deque[Batch] = deque()

    def patients() -> Iterator[list[str]]:
        while batch := shared.take():
            taken.append(batch)
            yield [each.patient_id for each in batch]

    for _ in reconciler.in_batches(patients(), afresh):
        yield sum(each.steps for each in taken.popleft()) + shared.steps()
        if shared:
            pace.after_batch()


def batches(waiting: Sequence[TimelineSteps]) -> Iterator[Batch]:
    """Timelines of like length together, so that every round of a batch is as full as its first."""
    batch: Batch = []
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

"""What must never be, judged by a fold of its own: from the facts, the ledger and the identity events alone."""

from collections.abc import Collection, Iterator
from functools import cache

from tests.protocol.facts import Events, Fact, Row
from tests.protocol.locks import waits
from tests.protocol.moment import Moment, World

TWICE_IN_LEDGER = "the ledger names a fact twice"
TWO_TIMELINES = "a scan stands on two timelines"
TWICE = "a fact stands twice, or has two standing states"
TWO_FOLDS = "two folds of a patient have the same version"
GAP = "the versions of a patient's folds have a gap"
NOT_THE_FOLD = "what stands is not the fold of what the ledger names"
BLIND_SPOT = "a standing scan has no state of the weights that lead"
WORKER_ENDS = "a unique index ends a healthy worker"
DEADLOCK = "two workers wait for each other's locks"
UNFOLDED = "at the end an accepted fact is in no fold"
UNAPPLIED = "at the end an identity event has not taken effect"
NOT_PROMOTED = "at the end a promotion still waits"
INCOMPLETE = "at the end a scan has no state of active weights"

NUISANCES = frozenset({WORKER_ENDS, DEADLOCK})
"""Postgres refuses or ends such a transaction: a worker has to start again, but what stands stays true."""


def wrong(now: Moment, world: World) -> Iterator[str]:
    """What is wrong at this moment, whatever comes after it."""
    yield from _doubles(now)
    if any({n for name, n in now.folds if name == patient} != set(range(1, last + 1)) for patient, last in now.heads):
        yield GAP
    yield from _not_the_fold(now)
    one, other = now.workers
    if "refused" in (one.stage, other.stage):
        yield WORKER_ENDS
    if waits(one, other, world) and waits(other, one, world):
        yield DEADLOCK


def wrong_at_the_end(now: Moment) -> Iterator[str]:
    """What is wrong when nothing more can happen."""
    if now.facts.difference(now.ledger):
        yield UNFOLDED
    if len(now.applied) < len(now.events):
        yield UNAPPLIED
    if now.to_come:
        yield NOT_PROMOTED
    if any(now.without_state(weights) for weights in now.active):
        yield INCOMPLETE


def _doubles(now: Moment) -> Iterator[str]:
    """I3 and I4: rows of which there can be one only."""
    if len(set(now.ledger)) < len(now.ledger):
        yield TWICE_IN_LEDGER
    if len(set(now.folds)) < len(now.folds):
        yield TWO_FOLDS
    placed = {(row.patient, row.key) for row in now.rows if row.places_scan}
    if len({key for _, key in placed}) < len(placed):
        yield TWO_TIMELINES
    elif len({row.key for row in now.rows}) < len(now.rows):
        yield TWICE


def _not_the_fold(now: Moment) -> Iterator[str]:
    """I5, at every moment: new weights may lack states as long as they do not lead, but none may be wrong."""
    in_order = tuple(event for event in now.events if event in now.applied)
    expected = reference(frozenset(now.ledger), in_order, now.active)
    missing = {row.table for row in expected.difference(now.rows)}
    if missing == {now.lead} and len(now.active) > 1:
        yield BLIND_SPOT
    elif missing & {"placement", now.lead} or not expected.issuperset(now.rows):
        yield NOT_THE_FOLD


@cache
def reference(facts: Collection[Fact], events: Events, active: tuple[str, ...]) -> frozenset[Row]:
    """Everything folded from the beginning: the identity events in order, then each timeline."""
    merged: dict[str, str] = {}
    moved: dict[str, str] = {}

    def root(patient: str) -> str:
        return root(merged[patient]) if patient in merged else patient

    for event in events:
        if event.kind == "move":
            moved[event.subject] = event.to
        elif event.kind == "unmerge":
            merged.pop(event.subject, None)
        elif event.subject not in merged and root(event.to) != event.subject:
            merged[event.subject] = event.to
    lines: dict[str, list[Fact]] = {}
    for fact in facts:
        others = [other for other in facts if other.id == fact.id]
        beaten = any(other.revision > fact.revision for other in others if other.kind == fact.kind)
        down = any(other.revision >= fact.revision for other in others if other.kind == "rejection")
        if not beaten and not down:
            lines.setdefault(root(moved.get(fact.id, fact.received_as)), []).append(fact)
    return frozenset(row for patient, line in lines.items() for row in _rows(patient, line, active))


def _rows(patient: str, line: list[Fact], active: tuple[str, ...]) -> Iterator[Row]:
    line.sort(key=lambda fact: (fact.day, fact.kind, fact.id))
    for position, fact in enumerate(line, start=1):
        yield Row("placement", patient, (fact,))
        if fact.kind == "scan":
            yield from (Row(weights, patient, tuple(line[:position])) for weights in active)

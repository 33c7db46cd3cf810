"""The heart: facts and standing digests of one timeline in, what to keep, end, place and step out.

Pure: no clock, no database, no network. PROTOCOL 1: a standing state is right exactly if its digest equals the one
recomputed from the facts; folding starts at the first position where they differ, per weights version.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Protocol

from models.card import Card
from models.timepoint import Timepoint
from stream.timeline.digest import digest
from stream.timeline.entries import DAY, Entry, Placement, ScanEntry, StandingState, Timeline


class Weights(Protocol):
    """What planning needs to know of a forecaster."""

    weights_version: str
    card: Card

    def applies(self, disease: str, x: Sequence[float | None]) -> bool: ...


@dataclass(frozen=True)
class Step:
    """One step of the recurrent state that has to be taken."""

    scan_uid: str
    revision: int
    at: dt.datetime
    position: int
    digest: bytes
    disease: str
    timepoint: Timepoint


@dataclass(frozen=True)
class Course:
    """What one weights version has to do on a timeline: step from `base` (None: from the beginning)."""

    weights_version: str
    base: StandingState | None
    steps: tuple[Step, ...]
    kept: tuple[StandingState, ...]
    ended: tuple[StandingState, ...]


@dataclass(frozen=True)
class Plan:
    """How a timeline comes into line with its facts."""

    timeline: Timeline
    courses: tuple[Course, ...]
    placed: tuple[Entry, ...]
    ended: tuple[Placement, ...]
    cause: str
    from_position: int | None

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        work = any(course.steps or course.ended for course in self.courses)
        return bool(work or self.placed or self.ended or self.timeline.unseen)


def plan(timeline: Timeline, active: Sequence[Weights], afresh: Collection[str] = (), cause: str | None = None) -> Plan:
    """What to keep, end, place and step so that the standing rows of `timeline` equal its facts.

    Of weights versions in `afresh` (a replay asked for by a person) no state is kept, however right its digest is.
    `cause`: why, where whoever asks knows it (an identity event); else the facts tell.
    """
    same, placed, ended = _moves(timeline)
    states = _by_weights(timeline.states)
    courses = tuple(
        _course(timeline, weights, states.pop(weights.weights_version, []),
                0 if weights.weights_version in afresh else same)
        for weights in active
    )  # fmt: skip
    courses += tuple(Course(version, None, (), (), tuple(gone)) for version, gone in sorted(states.items()))
    positions = [step.position for course in courses for step in course.steps]
    from_position = min(positions, default=None)
    cause = cause or ("replay" if afresh else _cause(timeline, courses, placed, ended))
    return Plan(timeline, courses, placed, ended, cause, from_position)


def digests(timeline: Timeline, weights: Weights) -> Iterator[tuple[Entry, bytes]]:
    """Every entry with the digest of the timeline up to it, under one weights version."""
    return ((timeline.entries[position - 1], link) for position, link in _links(timeline, weights, None))


def _links(timeline: Timeline, weights: Weights, base: StandingState | None) -> Iterator[tuple[int, bytes]]:
    """Position and digest of every entry after `base` (None: from the beginning on), each computed when asked for."""
    start, link = (base.position, base.digest) if base else (0, _beginning(timeline, weights))
    for position, entry in enumerate(timeline.entries[start:], start=start + 1):
        link = _next(link, entry, weights)
        yield position, link


def _beginning(timeline: Timeline, weights: Weights) -> bytes:
    clinical = [[received_as, revision, facts] for received_as, revision, facts in timeline.clinical]
    return digest(timeline.patient_id, weights.weights_version, clinical)


def _next(link: bytes, entry: Entry, weights: Weights) -> bytes:
    content = entry.seen_by(weights.card.feature_version).sha256 if entry.kind == "scan" else entry.content()
    return digest(link, entry.kind, entry.id, entry.revision, entry.at, content)


def _by_weights(states: Sequence[StandingState]) -> dict[str, list[StandingState]]:
    """Standing states by weights version, in their order."""
    found: dict[str, list[StandingState]] = {}
    for state in states:
        found.setdefault(state.weights_version, []).append(state)
    return found


def _moves(timeline: Timeline) -> tuple[int, tuple[Entry, ...], tuple[Placement, ...]]:
    """How many entries from the beginning are placed just as they are; of the others, what to place and what to end."""
    rows = sorted(timeline.placements, key=lambda row: (row.at, row.kind == "treatment", row.id))
    wanted, have = list(map(_named, timeline.entries)), list(map(_named, rows))
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(wanted, have, strict=False)))
    stay = set(wanted[same:]) & set(have[same:])
    placed = tuple(entry for entry in timeline.entries[same:] if _named(entry) not in stay)
    return same, placed, tuple(row for row in rows[same:] if _named(row) not in stay)


def _named(one: Entry | Placement) -> tuple[str, str, int, dt.datetime]:
    return one.kind, one.id, one.revision, one.at


def _kept(timeline: Timeline, weights: Weights, states: Sequence[StandingState], same: int) -> list[StandingState]:
    """The states that are right: those before the first entry that changed, or lacks a state that it should have.

    A state's digest covers just the entries up to it, in order, and what the timeline begins with. Where all of these
    are placed as they are, only the beginning can have changed, and the digest of the first state tells whether it did.
    """
    standing = {state.scan_uid: state for state in states}
    kept: list[StandingState] = []
    for entry in timeline.entries[:same]:
        if entry.kind == "treatment":
            continue
        if (state := standing.get(entry.id)) is not None:
            kept.append(state)
        elif _applies(weights, entry):
            break
    return kept if kept and _begins_right(timeline, weights, kept[0]) else []


def _begins_right(timeline: Timeline, weights: Weights, first: StandingState) -> bool:
    links = dict(islice(_links(timeline, weights, None), first.position))
    return links[first.position] == first.digest


def _applies(weights: Weights, entry: ScanEntry) -> bool:
    content = entry.seen_by(weights.card.feature_version)
    return weights.applies(content.disease, content.x)


def _course(timeline: Timeline, weights: Weights, states: Sequence[StandingState], same: int) -> Course:
    """What to step after the last of `states` that is right; `same`: entries from the beginning that did not change."""
    kept = _kept(timeline, weights, states, same)
    base = kept[-1] if kept else None
    start = base.position if base else 0
    treatments = [entry for entry in timeline.entries[:start] if entry.kind == "treatment"]
    last_at = timeline.entries[start - 1].at if base else None
    clinical, steps = timeline.clinical_facts(), []
    links = _links(timeline, weights, base)
    for position, entry in enumerate(timeline.entries[start:], start=start + 1):
        if entry.kind == "treatment":
            treatments.append(entry)
        elif _applies(weights, entry):
            content = entry.seen_by(weights.card.feature_version)
            elapsed_days = (entry.at - last_at) / DAY if last_at else 0.0
            in_force = tuple(treatment.in_force(entry.at) for treatment in treatments)
            timepoint = Timepoint(content.array, elapsed_days, content.disease, in_force, clinical)
            link = next(link for at, link in links if at == position)
            steps.append(Step(entry.id, entry.revision, entry.at, position, link, content.disease, timepoint))
            last_at = entry.at
    still = {state.scan_uid for state in kept}
    ended = tuple(state for state in states if state.scan_uid not in still)
    return Course(weights.weights_version, base, tuple(steps), tuple(kept), ended)


def tips(course: Course) -> set[str]:
    """Scans whose forecasts are the latest standing ones: the last of each disease."""
    last = {state.disease: state.scan_uid for state in course.kept}
    return set((last | {step.disease: step.scan_uid for step in course.steps}).values())


def tips_before(course: Course) -> set[str]:
    """Scans that were tips before this plan."""
    standing = sorted((*course.kept, *course.ended), key=lambda state: state.position)
    return set({state.disease: state.scan_uid for state in standing}.values())


def _cause(timeline: Timeline, courses: Sequence[Course], placed: Sequence[Entry], ended: Sequence[Placement]) -> str:
    """Why rows are superseded, in the words of PROTOCOL 4; where nothing is: `arrival`, or `replay` by new weights."""
    if not any(course.ended for course in courses):
        return "arrival" if placed or timeline.unseen else "replay"
    gone = {(row.kind, row.id) for row in ended}
    came = {(entry.kind, entry.id) for entry in placed}
    if any(kind == "scan" for kind, _ in gone & came):
        return "revision"
    if scans := sorted(id_ for kind, id_ in gone if kind == "scan"):
        return timeline.taken_down.get(scans[0], "rejected")
    if any(kind == "treatment" for kind, _ in gone | came):
        return "treatment"
    if came:
        withdrawn = {id_.rpartition("/")[0] for kind, id_, _ in timeline.unseen if kind == "rejection"}
        return "restored" if {id_ for _, id_ in came} <= withdrawn else "late"
    return "clinical"

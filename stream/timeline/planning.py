"""The heart: facts and standing digests of one timeline in, what to keep, end, place and step out.

Pure: no clock, no database, no network. docs/protocol.md 1: a standing state is right exactly if its digest equals the
one recomputed from the facts; folding starts at the first position where they differ, per weights version.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Protocol

from models.card import Card
from models.timepoint import Timepoint
from stream.timeline.digest import digest
from stream.timeline.entries import (
    DAY,
    Entry,
    Placement,
    ScanEntry,
    StandingState,
    Timeline,
    TreatmentEntry,
    place,
)
from stream.vocabulary import Cause, EntryKind, FactKind, RejectionKind


class ServedWeights(Protocol):
    """What planning needs to know of a forecaster."""

    weights_version: str
    card: Card

    def applies(self, disease: str, x: Sequence[float | None]) -> bool: ...


@dataclass(frozen=True)
class TimelineStep:
    """One step of the recurrent state that has to be taken."""

    scan_uid: str
    revision: int
    at: dt.datetime
    position: int
    digest: bytes
    disease: str
    timepoint: Timepoint


@dataclass(frozen=True)
class WeightsPlan:
    """What one weights version has to do on a timeline: step from `base` (None: from the beginning)."""

    weights_version: str
    base: StandingState | None
    steps: tuple[TimelineStep, ...]
    kept: tuple[StandingState, ...]
    ended: tuple[StandingState, ...]


@dataclass(frozen=True)
class Plan:
    """How a timeline comes into line with its facts."""

    timeline: Timeline
    weights_plans: tuple[WeightsPlan, ...]
    placed: tuple[Entry, ...]
    ended: tuple[Placement, ...]
    cause: Cause
    from_position: int | None

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        work = any(each.steps or each.ended for each in self.weights_plans)
        return bool(work or self.placed or self.ended or self.timeline.unseen)


def plan(
    timeline: Timeline, active: Sequence[ServedWeights], afresh: Collection[str] = (), cause: Cause | None = None
) -> Plan:
    """What to keep, end, place and step so that the standing rows of `timeline` equal its facts.

    Of weights versions in `afresh` (a replay asked for by a person) no state is kept, however right its digest is.
    `cause`: why, where whoever asks knows it (an identity event); else the facts tell.
    """
    same, placed, ended = _moves(timeline)
    states = _by_weights(timeline.states)
    weights_plans = []
    for weights in active:
        version = weights.weights_version
        weights_plans.append(
            _weights_plan(timeline, weights, states.pop(version, []), 0 if version in afresh else same)
        )
    weights_plans += [WeightsPlan(version, None, (), (), tuple(gone)) for version, gone in sorted(states.items())]
    from_position = min((step.position for each in weights_plans for step in each.steps), default=None)
    cause = cause or (Cause.REPLAY if afresh else _cause(timeline, weights_plans, placed, ended))
    return Plan(timeline, tuple(weights_plans), placed, ended, cause, from_position)


def digests(timeline: Timeline, weights: ServedWeights) -> Iterator[tuple[Entry, bytes]]:
    """Every entry with the digest of the timeline up to it, under one weights version."""
    return ((timeline.entries[position - 1], link) for position, link in _links(timeline, weights, None))


def latest_forecasts(timeline: Timeline, weights_plan: WeightsPlan) -> set[str]:
    """Scans whose forecasts are the latest standing ones: the last of each disease."""
    last = {timeline.disease_of(state.disease): state.scan_uid for state in weights_plan.kept}
    return set((last | {step.disease: step.scan_uid for step in weights_plan.steps}).values())


def latest_forecasts_before(timeline: Timeline, weights_plan: WeightsPlan) -> set[str]:
    """Scans whose forecasts were the latest standing ones before this plan.

    Of a plan that keeps any: as clinical facts change, all states end.
    """
    standing = sorted((*weights_plan.kept, *weights_plan.ended), key=lambda state: state.position)
    return set({timeline.disease_of(state.disease): state.scan_uid for state in standing}.values())


def _links(timeline: Timeline, weights: ServedWeights, base: StandingState | None) -> Iterator[tuple[int, bytes]]:
    """Position and digest of every entry after `base` (None: from the beginning on), each computed when asked for."""
    start, link = (base.position, base.digest) if base else (0, _beginning(timeline, weights))
    for position, entry in enumerate(timeline.entries[start:], start=start + 1):
        link = digest(link, entry.kind, entry.id, entry.revision, entry.at, _content(timeline, entry, weights))
        yield position, link


def _beginning(timeline: Timeline, weights: ServedWeights) -> bytes:
    clinical = [[received_as, revision, facts] for received_as, revision, facts in timeline.clinical]
    return digest(timeline.patient_id, weights.weights_version, clinical)


def _content(timeline: Timeline, entry: Entry, weights: ServedWeights) -> str:
    """Of a scan the hash of its features; that covers the scan's own disease, so another one joins it."""
    if isinstance(entry, TreatmentEntry):
        return entry.content()
    features = entry.features_for(weights.card.feature_version)
    disease = timeline.disease_of(features.disease)
    return features.sha256 if disease == features.disease else digest(features.sha256, disease).hex()


def _by_weights(states: Sequence[StandingState]) -> dict[str, list[StandingState]]:
    """Standing states by weights version, in their order."""
    by_version: dict[str, list[StandingState]] = {}
    for state in states:
        by_version.setdefault(state.weights_version, []).append(state)
    return by_version


def _moves(timeline: Timeline) -> tuple[int, tuple[Entry, ...], tuple[Placement, ...]]:
    """How many entries from the beginning are placed just as they are; of the others, what to place and what to end."""
    rows = sorted(timeline.placements, key=place)
    wanted, have = list(map(_standing_as, timeline.entries)), list(map(_standing_as, rows))
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(wanted, have, strict=False)))
    stay = set(wanted[same:]) & set(have[same:])
    placed = tuple(entry for entry in timeline.entries[same:] if _standing_as(entry) not in stay)
    return same, placed, tuple(row for row in rows[same:] if _standing_as(row) not in stay)


def _standing_as(entry: Entry | Placement) -> tuple[EntryKind, str, int, dt.datetime]:
    return entry.kind, entry.id, entry.revision, entry.at


def _kept(
    timeline: Timeline, weights: ServedWeights, states: Sequence[StandingState], same: int
) -> list[StandingState]:
    """The states that are right: those before the first entry that changed, or lacks a state that it should have.

    A state's digest covers just the entries up to it, in order, and what the timeline begins with: that of the last
    state tells of all. Where the entries are placed as they are, only the beginning can have changed, and with it all.
    """
    standing = {state.scan_uid: state for state in states}
    kept: list[StandingState] = []
    for entry in timeline.entries[:same]:
        if isinstance(entry, TreatmentEntry):
            continue
        if (state := standing.get(entry.id)) is not None:
            kept.append(state)
        elif _applies(timeline, weights, entry):
            break
    return kept if kept and _is_right(timeline, weights, kept[-1]) else []


def _is_right(timeline: Timeline, weights: ServedWeights, state: StandingState) -> bool:
    links = dict(islice(_links(timeline, weights, None), state.position))
    return links[state.position] == state.digest


def _applies(timeline: Timeline, weights: ServedWeights, entry: ScanEntry) -> bool:
    features = entry.features_for(weights.card.feature_version)
    return weights.applies(timeline.disease_of(features.disease), features.x)


def _weights_plan(
    timeline: Timeline, weights: ServedWeights, states: Sequence[StandingState], same: int
) -> WeightsPlan:
    """What to step after the last of `states` that is right; `same`: entries from the beginning that did not change."""
    kept = _kept(timeline, weights, states, same)
    steps = tuple(_steps(timeline, weights, kept[-1] if kept else None))
    still = {state.scan_uid for state in kept}
    ended = tuple(state for state in states if state.scan_uid not in still)
    return WeightsPlan(weights.weights_version, kept[-1] if kept else None, steps, tuple(kept), ended)


def _steps(timeline: Timeline, weights: ServedWeights, base: StandingState | None) -> Iterator[TimelineStep]:
    """A step for every scan after `base` to which the weights apply, with the treatments begun by then."""
    start = base.position if base else 0
    treatments = [entry for entry in timeline.entries[:start] if isinstance(entry, TreatmentEntry)]
    last_at = timeline.entries[start - 1].at if base else None
    clinical = timeline.clinical_facts()
    links = _links(timeline, weights, base)
    for position, entry in enumerate(timeline.entries[start:], start=start + 1):
        if isinstance(entry, TreatmentEntry):
            treatments.append(entry)
        elif _applies(timeline, weights, entry):
            features = entry.features_for(weights.card.feature_version)
            disease = timeline.disease_of(features.disease)
            elapsed_days = (entry.at - last_at) / DAY if last_at else 0.0
            in_force = tuple(treatment.in_force(entry.at) for treatment in treatments)
            timepoint = Timepoint(features.array, elapsed_days, disease, in_force, clinical)
            link = next(link for at, link in links if at == position)
            yield TimelineStep(entry.id, entry.revision, entry.at, position, link, disease, timepoint)
            last_at = entry.at


def _cause(
    timeline: Timeline, weights_plans: Sequence[WeightsPlan], placed: Sequence[Entry], ended: Sequence[Placement]
) -> Cause:
    """Why rows are superseded, in the words of docs/protocol.md 4; where nothing is: ARRIVAL, or REPLAY by new
    weights."""
    if not any(each.ended for each in weights_plans):
        return Cause.ARRIVAL if placed or timeline.unseen else Cause.REPLAY
    gone = {(row.kind, row.id) for row in ended}
    came = {(entry.kind, entry.id) for entry in placed}
    if any(kind == EntryKind.SCAN for kind, _ in gone & came):
        return Cause.REVISION
    if scans := sorted(scan_uid for kind, scan_uid in gone if kind == EntryKind.SCAN):
        return Cause(timeline.taken_down.get(scans[0], RejectionKind.REJECTED))
    if any(kind == EntryKind.TREATMENT for kind, _ in gone | came):
        return Cause.TREATMENT
    if came:
        withdrawn = {fact.id.rpartition("/")[0] for fact in timeline.unseen if fact.kind == FactKind.REJECTION}
        return Cause.RESTORED if {scan_uid for _, scan_uid in came} <= withdrawn else Cause.LATE
    return Cause.CLINICAL

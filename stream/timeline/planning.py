"""The heart: facts and standing digests of one timeline in, what to keep, end, place and step out.

Pure: no clock, no database, no network. docs/protocol.md 1: a standing state is right exactly if its digest equals the
one recomputed from the facts; folding starts at the first position where they differ, per weights version.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import attrgetter
from typing import NamedTuple

from models.criteria.walk import same_first
from models.timepoint import Timepoint
from stream.timeline.causes import cause_of
from stream.timeline.conclusions import Conclusions, conclusions, open_before
from stream.timeline.course import PatientCourse, moves
from stream.timeline.entries import (
    DAY,
    CourseRow,
    Entry,
    Placement,
    StandingCourseRow,
    StandingState,
    StateKey,
    Timeline,
    TreatmentEntry,
)
from stream.timeline.kept_states import kept_states
from stream.timeline.links import Chain, ServedWeights
from stream.timeline.open_questions import OpenQuestions
from stream.timeline.seen import SeenLesions
from stream.vocabulary import Cause, EntryKind


class TimelineStep(NamedTuple):
    """One step of the recurrent state that has to be taken; `begins_line`: from the initial state.

    `lesions`: of weights that see outlines, which are read before the step is taken.
    """

    scan_uid: str
    revision: int
    at: dt.datetime
    position: int
    digest: bytes
    disease: str
    timepoint: Timepoint
    begins_line: bool
    lesions: SeenLesions | None = None


class WeightsPlan(NamedTuple):
    """What one weights version has to do on a timeline: step from `base` (None: from the beginning)."""

    weights_version: str
    base: StandingState | None
    steps: tuple[TimelineStep, ...]
    kept: tuple[StandingState, ...]
    ended: tuple[StandingState, ...]


class QuestionEnd(NamedTuple):
    """A question that is no longer open at a visit whose state is kept: its forecasts end, `because` of this."""

    state: StateKey
    endpoint: str
    because: Cause


@dataclass(frozen=True)
class Plan:
    """How a timeline comes into line with its facts."""

    timeline: Timeline
    weights_plans: tuple[WeightsPlan, ...]
    placed: tuple[Entry, ...]
    ended: tuple[Placement, ...]
    stood: OpenQuestions  # by the rows that stood before
    worked_out: Conclusions
    course_rows: tuple[CourseRow, ...]
    course_ended: tuple[StandingCourseRow, ...]
    closed: tuple[QuestionEnd, ...]
    cause: Cause
    from_position: int | None

    @property
    def course(self) -> PatientCourse:
        """The course that the facts tell."""
        return self.worked_out.course

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        work = any(each.steps or each.ended for each in self.weights_plans)
        course = self.course_rows or self.course_ended
        return bool(work or course or self.placed or self.ended or self.timeline.unseen)


def plan(
    timeline: Timeline,
    active: Sequence[ServedWeights],
    afresh: Collection[str] = (),
    cause: Cause | None = None,
    before: Conclusions | None = None,
) -> Plan:
    """What to keep, end, place and step so that the standing rows of `timeline` equal its facts.

    Of weights versions in `afresh` (a replay asked for by a person) no state is kept, however right its digest is.
    `cause`: why, where whoever asks knows it (an identity event); else the facts tell. `before`: what was worked
    out of the patient earlier, so that it is not all worked out again.
    """
    same, placed, ended = _moves(timeline)
    stood = open_before(timeline, before)
    states = _by_weights(timeline.states)
    now = conclusions(timeline, active, before)
    course, weights_plans = now.course, []
    for weights in active:
        version = weights.weights_version
        unchanged = 0 if version in afresh else same
        weights_plans.append(_weights_plan(timeline, now, stood, weights, states.pop(version, ()), unchanged))
    weights_plans += [WeightsPlan(version, None, (), (), gone) for version, gone in sorted(states.items())]
    from_position = min((step.position for each in weights_plans for step in each.steps), default=None)
    states_end = any(each.ended for each in weights_plans)
    cause = cause or (Cause.REPLAY if afresh else cause_of(timeline, states_end, placed, ended))
    new, gone_rows = moves(timeline, course, before.course if before else None)
    rows = tuple(new), tuple(gone_rows)
    closed = tuple(_closed(stood, course, weights_plans, cause))
    return Plan(timeline, tuple(weights_plans), placed, ended, stood, now, *rows, closed, cause, from_position)


def _closed(
    was: OpenQuestions, course: PatientCourse, weights_plans: Sequence[WeightsPlan], cause: Cause
) -> Iterator[QuestionEnd]:
    """Questions that were open at visits whose states are kept, and are so no more."""
    now = course.open_questions
    endpoints = sorted({each.endpoint for each in course.questions})
    kept = [state for each in weights_plans for state in each.kept]
    otherwise = now.told_otherwise(was, {state.scan_uid for state in kept})
    for state in [state for state in kept if state.scan_uid in otherwise] if otherwise else ():
        for endpoint in endpoints:
            if was.is_open(state.scan_uid, endpoint) and not now.is_open(state.scan_uid, endpoint):
                yield QuestionEnd(state.key, endpoint, now.closed_by(state.scan_uid, endpoint, cause))


def latest_forecasts(timeline: Timeline, course: PatientCourse, weights_plan: WeightsPlan) -> set[str]:
    """Scans whose forecasts are the latest standing ones: the last of each disease in the last line.

    A visit between the baseline of a line and its first treatment is of the line before: nothing is open there.
    """
    return _latest(timeline, (*weights_plan.kept, *weights_plan.steps), course.open_questions)


def latest_forecasts_before(timeline: Timeline, stood: OpenQuestions, weights_plan: WeightsPlan) -> set[str]:
    """Scans whose forecasts were the latest standing ones before this plan.

    Of a plan that keeps any: as clinical facts change, all states end.
    """
    standing = weights_plan.kept
    if weights_plan.ended:
        standing = tuple(sorted((*standing, *weights_plan.ended), key=lambda state: state.position))
    return _latest(timeline, standing, stood)


def _latest(timeline: Timeline, visits: Sequence[StandingState | TimelineStep], questions: OpenQuestions) -> set[str]:
    """`visits` in the order of the timeline; of each disease the last counts."""
    diseases, latest = {timeline.disease_of(own) for own in {each.disease for each in visits}}, dict[str, str]()
    for each in reversed(visits):
        disease = timeline.disease_of(each.disease)
        if disease not in latest and questions.in_last_line(each.scan_uid):
            latest[disease] = each.scan_uid
            if len(latest) == len(diseases):
                break
    return set(latest.values())


def _by_weights(states: Sequence[StandingState]) -> dict[str, tuple[StandingState, ...]]:
    """Standing states by weights version, in their order."""
    by_version: dict[str, list[StandingState]] = {}
    for state in states:
        by_version.setdefault(state.weights_version, []).append(state)
    return {version: tuple(of_version) for version, of_version in by_version.items()}


def _moves(timeline: Timeline) -> tuple[int, tuple[Entry, ...], tuple[Placement, ...]]:
    """How many entries from the beginning are placed just as they are; of the others, what to place and what to end."""
    known = same_first(timeline.folded.entries, timeline.entries) if timeline.folded else 0
    entries, rows = timeline.entries[known:], timeline.placements[known:]
    wanted, have = tuple(map(_standing_as, entries)), tuple(map(_standing_as, rows))
    same = same_first(have, wanted)
    stay = set(wanted[same:]) & set(have[same:])
    placed = tuple(entry for entry in entries[same:] if _standing_as(entry) not in stay)
    return known + same, placed, tuple(row for row in rows[same:] if _standing_as(row) not in stay)


_standing_as: Callable[[Entry | Placement], tuple[EntryKind, str, int, dt.datetime]] = attrgetter(
    "kind", "id", "revision", "at"
)


def _weights_plan(
    timeline: Timeline,
    now: Conclusions,
    stood: OpenQuestions,
    weights: ServedWeights,
    states: tuple[StandingState, ...],
    same: int,
) -> WeightsPlan:
    """What to step after the last of `states` that is right; `same`: entries from the beginning that did not change."""
    chain = now.chains[weights.weights_version]
    kept = kept_states(chain, now.course.open_questions, stood, weights, states, same)
    steps = tuple(_steps(timeline, now.course, chain, kept[-1] if kept else None, weights.card.sees_outlines))
    still = {state.scan_uid for state in kept} if len(kept) < len(states) else set()
    ended = tuple(state for state in states if state.scan_uid not in still) if len(kept) < len(states) else ()
    return WeightsPlan(weights.weights_version, kept[-1] if kept else None, steps, kept, ended)


def _steps(
    timeline: Timeline, course: PatientCourse, chain: Chain, base: StandingState | None, sees_outlines: bool
) -> Iterator[TimelineStep]:
    """A step for every visit after `base` to which the weights apply, with the treatments begun by then."""
    start = base.position if base else 0
    treatments = [entry for entry in timeline.entries if isinstance(entry, TreatmentEntry) and entry.is_given]
    last_at = course.at(base.scan_uid) if base else None
    clinical = timeline.clinical_facts()
    for index in compress(range(start, len(chain.entries)), chain.applies[start:]):
        entry, seen = chain.entries[index], chain.seen[index]
        assert seen is not None, "weights forecast at what is seen"
        disease = timeline.disease_of(seen.features.disease)
        elapsed_days = (seen.at - last_at) / DAY if last_at and not seen.begins_line else 0.0
        in_force = tuple(treatment.in_force(seen.at) for treatment in treatments if treatment.at < seen.at)
        timepoint = Timepoint(seen.features.array, elapsed_days, disease, in_force, clinical)
        link = chain.links[index]
        step = entry.id, entry.revision, seen.at, index + 1, link, disease, timepoint, seen.begins_line
        yield TimelineStep(*step, seen.lesions if sees_outlines else None)
        last_at = seen.at

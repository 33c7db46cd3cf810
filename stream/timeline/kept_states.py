"""Which standing states of one weights version are right, and stay; what comes after them is stepped again."""

from collections.abc import Sequence
from itertools import islice

from stream.timeline.course import PatientCourse
from stream.timeline.entries import StandingState, Timeline, TreatmentEntry
from stream.timeline.links import ServedWeights, links_of
from stream.timeline.open_questions import OpenQuestions
from stream.timeline.seen import SeenVisit


def kept_states(
    timeline: Timeline,
    course: PatientCourse,
    was: OpenQuestions,
    weights: ServedWeights,
    states: Sequence[StandingState],
    same: int,
) -> list[StandingState]:
    """The states that are right: those before the first entry that changed, or lacks a state that it should have.

    A state's digest covers just the entries up to it, in order, and what the timeline begins with: that of the last
    state tells of all. Where the entries are placed as they are, only the beginning can have changed, and with it all,
    or a visit by facts that stand elsewhere.
    """
    standing = {state.scan_uid: state for state in states}
    now = course.open_questions
    otherwise = now.told_otherwise(was, standing)
    endpoints = {each.endpoint for each in weights.card.endpoints}

    def lacks_forecasts(scan_uid: str) -> bool:
        return scan_uid in otherwise and any(now.are_missing(was, scan_uid, each) for each in endpoints)

    kept: list[StandingState] = []
    for entry in timeline.entries[:same]:
        if isinstance(entry, TreatmentEntry):
            continue
        seen, state = course.seen(entry, weights.card.feature_version), standing.get(entry.id)
        if state is None and seen and applies(timeline, weights, seen):
            break
        if state is not None and (seen is None or lacks_forecasts(entry.id)):
            break
        kept += [state] if state else []
    return _right(timeline, course, weights, kept)


def _right(
    timeline: Timeline, course: PatientCourse, weights: ServedWeights, states: Sequence[StandingState]
) -> list[StandingState]:
    """The first of `states`, up to the last whose digest is that of the facts."""
    if not states:
        return []
    links = dict(islice(links_of(timeline, course, weights, None), states[-1].position))
    right = [number for number, state in enumerate(states, start=1) if links[state.position] == state.digest]
    return list(states[: right[-1]]) if right else []


def applies(timeline: Timeline, weights: ServedWeights, seen: SeenVisit) -> bool:
    """Whether the weights forecast at what is seen of a visit."""
    return weights.applies(timeline.disease_of(seen.features.disease), seen.features.x)

"""What follows from the facts of a timeline, whatever stands, and what was open by the rows that stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stream.timeline.course import PatientCourse, course_of
from stream.timeline.entries import Entry, ScanEntry, Timeline
from stream.timeline.links import Chain, ServedWeights, chains_of
from stream.timeline.open_questions import OpenQuestions, as_they_stand


@dataclass(frozen=True)
class Conclusions:
    """What follows from the facts of a timeline, whatever stands: its course, and its chain by weights version.

    `diseases`: those that its scans tell.
    """

    diseases: frozenset[str]
    course: PatientCourse
    chains: Mapping[str, Chain]


def conclusions(timeline: Timeline, active: Sequence[ServedWeights], before: Conclusions | None) -> Conclusions:
    """From `timeline` under the weights that are active; `before`: worked out of the patient earlier."""
    diseases = _diseases(timeline.entries, before)
    course = course_of(timeline, _endpoints(timeline, diseases, active), before.course if before else None)
    return Conclusions(diseases, course, chains_of(timeline, course, active, before.chains if before else {}))


def _diseases(entries: tuple[Entry, ...], before: Conclusions | None) -> frozenset[str]:
    """Those that scans tell; of those that `before` was worked out of, what they told then."""
    known = before.course.entries if before else ()
    told = before.diseases if before and known == entries[: len(known)] else None
    new = entries if told is None else entries[len(known) :]
    own = {each.disease for entry in new if isinstance(entry, ScanEntry) for each in entry.features.values()}
    return frozenset(own) | (told or frozenset())


def _endpoints(timeline: Timeline, diseases: frozenset[str], active: Sequence[ServedWeights]) -> set[str]:
    """Those that active weights forecast for a disease of the timeline's scans."""
    told = {timeline.disease_of(own) for own in diseases}
    cards = [weights.card for weights in active if told & set(weights.card.applies_to.diseases)]
    return {each.endpoint for card in cards for each in card.endpoints}


def open_before(timeline: Timeline, before: Conclusions | None) -> OpenQuestions:
    """What was open by the rows that stand: often just those that were worked out before."""
    if before and before.course.stands(timeline):
        return before.course.open_questions
    return as_they_stand(timeline.course.values())

"""What follows from the facts of a timeline, whatever stands, and what was open by the rows that stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stream.timeline.course import PatientCourse, RowKey, course_of
from stream.timeline.entries import ScanEntry, StandingCourseRow, Timeline
from stream.timeline.links import Chain, ServedWeights, chains_of
from stream.timeline.open_questions import OpenQuestions, as_they_stand


@dataclass(frozen=True)
class Conclusions:
    """What follows from the facts of a timeline, whatever stands: its course, and its chain by weights version."""

    course: PatientCourse
    chains: Mapping[str, Chain]


def conclusions(timeline: Timeline, active: Sequence[ServedWeights], before: Conclusions | None) -> Conclusions:
    """From `timeline` under the weights that are active; `before`: worked out of the patient earlier."""
    course = course_of(timeline, _endpoints(timeline, active), before.course if before else None)
    return Conclusions(course, chains_of(timeline, course, active, before.chains if before else {}))


def _endpoints(timeline: Timeline, active: Sequence[ServedWeights]) -> set[str]:
    """Those that active weights forecast for a disease of the timeline's scans."""
    scans = [entry for entry in timeline.entries if isinstance(entry, ScanEntry)]
    told = {timeline.disease_of(own) for own in {each.disease for scan in scans for each in scan.features.values()}}
    cards = [weights.card for weights in active if told & set(weights.card.applies_to.diseases)]
    return {each.endpoint for card in cards for each in card.endpoints}


def open_before(standing: Mapping[RowKey, StandingCourseRow], before: Conclusions | None) -> OpenQuestions:
    """What was open by the rows that stand: often just those that were worked out before."""
    if before and {key: each.row for key, each in standing.items()} == before.course.rows:
        return before.course.open_questions
    return as_they_stand(standing.values())

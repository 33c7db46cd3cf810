"""A patient's course: visits, lines of therapy, verdicts and open questions, and which of its rows have to change.

A criterion is a fold without weights: what it says follows from the facts alone, so a standing row is right exactly if
it says what is computed from them now.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any

from models.criteria.course import criteria_of, lines_of_therapy
from models.criteria.visit import LineOfTherapy, TreatmentStart
from stream.timeline.entries import CourseRow, ScanEntry, StandingCourseRow, Timeline, TreatmentEntry
from stream.timeline.open_questions import OpenQuestions, StatusSince, VisitPlace
from stream.timeline.placed_visit import VISITS, PlacedVisit, roles_at
from stream.timeline.questions import Question, is_measurable, questions
from stream.timeline.seen import FollowedSum, SeenVisit
from stream.timeline.visits import TimelineVisit, Visits, visits
from stream.vocabulary import RECIST

RESPONSES, QUESTIONS = "responses", "endpoint_statuses"
KEYS = {VISITS: ("scan_uid",), RESPONSES: ("criterion", "line", "scan_uid"), QUESTIONS: ("line", "endpoint")}
"""What names a standing row of a patient in each table of the course."""
_KEY_OF = {table: itemgetter(*names) for table, names in KEYS.items()}


@dataclass(frozen=True)
class PatientCourse:
    """What the facts of a timeline say of its course; `lines` by criterion, that of RECIST first.

    `placed`: its visits by scan_uid, in their order.
    """

    walked: Visits
    lines: Mapping[str, tuple[LineOfTherapy, ...]]
    questions: tuple[Question, ...]
    placed: Mapping[str, PlacedVisit]

    def at(self, scan_uid: str) -> dt.datetime:
        """The time of the visit whose rows stand under `scan_uid`."""
        return self.placed[scan_uid].visit.at

    def seen(self, scan: ScanEntry, feature_version: str) -> SeenVisit | None:
        """What a model sees at `scan`: of its whole visit if it is the last of it, else nothing."""
        placed = self.placed.get(scan.id)
        return placed.seen(feature_version) if placed else None

    @cached_property
    def open_questions(self) -> OpenQuestions:
        """At which visits which questions are open."""
        places = {scan_uid: VisitPlace(each.line, each.visit.at) for scan_uid, each in self.placed.items()}
        statuses = {(each.line, each.endpoint): StatusSince(each.status, each.since) for each in self.questions}
        measured = frozenset(line.number for line in self.lines[RECIST] if is_measurable(line))
        return OpenQuestions(places, statuses, measured)

    def rows(self) -> list[CourseRow]:
        """All rows that have to stand."""
        visits = [each.row for each in self.placed.values()]
        return [*visits, *self._verdict_rows(), *map(_question_row, self.questions)]

    def _verdict_rows(self) -> Iterable[CourseRow]:
        for criterion, lines in self.lines.items():
            for verdict in (each for line in lines for each in line.verdicts):
                revision = self.placed[verdict.scan_uid].visit.last.revision
                yield CourseRow(RESPONSES, {"criterion": criterion, "revision": revision, **vars(verdict)})


def course_of(timeline: Timeline, endpoints: Iterable[str], before: PatientCourse | None = None) -> PatientCourse:
    """The course of `timeline`; `endpoints`: those that active weights forecast for its disease.

    `before`: a course of the same patient that was worked out earlier; what has not changed since is taken from it.
    """
    scans = [entry for entry in timeline.entries if isinstance(entry, ScanEntry)]
    treatments = [entry for entry in timeline.entries if isinstance(entry, TreatmentEntry)]
    walked = visits(scans, timeline.visit_window_days, timeline.links, before.walked if before else None)
    assessments = [visit.assessment for visit in walked.said]
    starts = [TreatmentStart(entry.day, entry.treatment_kind, entry.line) for entry in treatments]
    disease = timeline.disease_of(_known_last(scans))
    criteria = criteria_of(timeline.clinical_facts().get("criterion") or timeline.criteria, disease, assessments)
    told = before.lines if before else {}
    lines = {name: lines_of_therapy(assessments, starts, name, told.get(name, ())) for name in criteria}
    asked = questions(lines[RECIST], endpoints, timeline.outcomes, disease) if scans else ()
    return PatientCourse(walked, lines, asked, _placed(walked.said, lines[RECIST], before.placed if before else {}))


def _placed(
    every: Sequence[TimelineVisit], lines: Sequence[LineOfTherapy], before: Mapping[str, PlacedVisit]
) -> dict[str, PlacedVisit]:
    """Visits in their lines: each in that whose baseline it is, else in the one in force before it."""
    line_of = {scan_uid: line for line in lines for scan_uid in line.visits}
    sums = _followed_sums(lines)
    placed = {}
    for visit in every:
        uid = visit.last.id
        line = line_of.get(uid) or next((each for each in lines if each.number == 1), None)
        now, earlier = _place_in(line, visit, visit is every[0], sums.get(uid)), before.get(uid)
        placed[uid] = earlier if earlier == now and earlier is not None else now
    return placed


def _place_in(
    line: LineOfTherapy | None, visit: TimelineVisit, first: bool, followed: FollowedSum | None
) -> PlacedVisit:
    """A later line begins with its baseline, the first one with the timeline."""
    if line is None:
        return PlacedVisit(visit, 1, False, False, (), followed)
    uid = visit.last.id
    is_baseline = line.baseline is not None and line.baseline.scan_uid == uid
    return PlacedVisit(visit, line.number, is_baseline, is_baseline and not first, roles_at(line, uid), followed)


def _followed_sums(lines: Sequence[LineOfTherapy]) -> dict[str, FollowedSum]:
    """scan_uid of a visit → the sum its line stands by; none before a baseline that has one."""
    measured = (line for line in lines if is_measurable(line))
    return {each.scan_uid: FollowedSum(each.sum_of_diameters) for line in measured for each in line.verdicts}


def _known_last(scans: Sequence[ScanEntry]) -> str:
    """The disease that the last scan tells of those that know one."""
    own = (next(iter(scan.features.values())).disease for scan in reversed(scans))
    return next((disease for disease in own if disease != "unknown"), "unknown")


def moves(timeline: Timeline, course: PatientCourse) -> tuple[list[CourseRow], list[StandingCourseRow]]:
    """Rows of `course` that have to be written, and standing ones that have to end."""
    standing = {_key(each.row): each for each in timeline.course}
    wanted = {_key(row): row for row in course.rows()}
    new = [row for key, row in wanted.items() if key not in standing or standing[key].row != row]
    gone = [each for key, each in standing.items() if wanted.get(key) != each.row]
    return new, gone


def _key(row: CourseRow) -> tuple[Any, ...]:
    return row.table, _KEY_OF[row.table](row.values)


def _question_row(question: Question) -> CourseRow:
    return CourseRow(QUESTIONS, vars(question))

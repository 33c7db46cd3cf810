"""A patient's course: visits, lines of therapy, verdicts and open questions, and which of its rows have to change.

A criterion is a fold without weights: what it says follows from the facts alone, so a standing row is right exactly if
it says what is computed from them now.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple

from models.criteria.course import criteria_of, lines_of_therapy
from models.criteria.visit import LineOfTherapy, TreatmentStart, Verdict
from stream.timeline.entries import CourseRow, ScanEntry, StandingCourseRow, Timeline, TreatmentEntry
from stream.timeline.open_questions import OpenQuestions, StatusSince
from stream.timeline.placed_visit import VISITS, PlacedVisit, followed_roles, roles_at
from stream.timeline.questions import Question, is_measurable, questions
from stream.timeline.seen import FollowedSum, SeenVisit
from stream.timeline.visits import TimelineVisit, Visits, visits
from stream.vocabulary import RECIST

RESPONSES, QUESTIONS = "responses", "endpoint_statuses"
KEYS = {VISITS: ("scan_uid",), RESPONSES: ("criterion", "line", "scan_uid"), QUESTIONS: ("line", "endpoint")}
"""What names a standing row of a patient in each table of the course."""
_KEY_OF = {table: itemgetter(*names) for table, names in KEYS.items()}
RowKey = tuple[str, Any]
"""Table and what names a row in it."""


class JudgedRow(NamedTuple):
    """A verdict and the row that stands for it."""

    verdict: Verdict
    row: CourseRow


@dataclass(frozen=True)
class PatientCourse:
    """What the facts of a timeline say of its course; `lines` by criterion, that of RECIST first.

    `placed`: its visits by scan_uid, in their order. `verdicts`: the rows of all criteria.
    """

    walked: Visits
    lines: Mapping[str, tuple[LineOfTherapy, ...]]
    questions: tuple[Question, ...]
    placed: Mapping[str, PlacedVisit]
    verdicts: Mapping[RowKey, JudgedRow]

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
        places = {scan_uid: each.place for scan_uid, each in self.placed.items()}
        statuses = {(each.line, each.endpoint): StatusSince(each.status, each.since) for each in self.questions}
        measured = frozenset(line.number for line in self.lines[RECIST] if is_measurable(line))
        return OpenQuestions(places, statuses, measured)

    @cached_property
    def rows(self) -> dict[RowKey, CourseRow]:
        """All rows that have to stand."""
        rows = {(VISITS, uid): each.row for uid, each in self.placed.items()}
        rows |= {key: each.row for key, each in self.verdicts.items()}
        return rows | {(QUESTIONS, (each.line, each.endpoint)): _question_row(each) for each in self.questions}


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
    placed = _placed(walked.said, lines[RECIST], before.placed if before else {})
    return PatientCourse(walked, lines, asked, placed, _verdicts(lines, placed, before.verdicts if before else {}))


def _placed(
    every: Sequence[TimelineVisit], lines: Sequence[LineOfTherapy], before: Mapping[str, PlacedVisit]
) -> dict[str, PlacedVisit]:
    """Visits in their lines: each in that whose baseline it is, else in the one in force before it."""
    line_of = {scan_uid: line for line in lines for scan_uid in line.visits}
    first_line = next((each for each in lines if each.number == 1), None)
    sums, roles = _followed_sums(lines), {line.number: followed_roles(line) for line in lines}
    placed = {}
    for visit in every:
        uid = visit.last.id
        line = line_of.get(uid, first_line)
        of_line = roles_at(line, roles[line.number], uid) if line else ()
        place = *_place_in(line, uid, visit is every[0]), of_line, sums.get(uid)
        earlier = before.get(uid)
        same = earlier is not None and earlier.is_at(visit, place)
        placed[uid] = earlier if same and earlier is not None else PlacedVisit(visit, *place)
    return placed


def _place_in(line: LineOfTherapy | None, uid: str, first: bool) -> tuple[int, bool, bool]:
    """A later line begins with its baseline, the first one with the timeline."""
    if line is None:
        return 1, False, False
    is_baseline = line.baseline is not None and line.baseline.scan_uid == uid
    return line.number, is_baseline, is_baseline and not first


def _followed_sums(lines: Sequence[LineOfTherapy]) -> dict[str, FollowedSum]:
    """scan_uid of a visit → the sum its line stands by; none before a baseline that has one."""
    measured = (line for line in lines if is_measurable(line))
    return {each.scan_uid: FollowedSum(each.sum_of_diameters) for line in measured for each in line.verdicts}


def _verdicts(
    lines: Mapping[str, Sequence[LineOfTherapy]],
    placed: Mapping[str, PlacedVisit],
    before: Mapping[RowKey, JudgedRow],
) -> dict[RowKey, JudgedRow]:
    """The rows of all criteria; those of a verdict that did not change are the same objects as before."""
    rows: dict[RowKey, JudgedRow] = {}
    for criterion, of_criterion in lines.items():
        for verdict in (each for line in of_criterion for each in line.verdicts):
            key = RESPONSES, (criterion, verdict.line, verdict.scan_uid)
            revision, earlier = placed[verdict.scan_uid].visit.last.revision, before.get(key)
            if earlier is None or earlier.verdict is not verdict or earlier.row.values["revision"] != revision:
                row = CourseRow(RESPONSES, {"criterion": criterion, "revision": revision, **vars(verdict)})
                earlier = JudgedRow(verdict, row)
            rows[key] = earlier
    return rows


def _known_last(scans: Sequence[ScanEntry]) -> str:
    """The disease that the last scan tells of those that know one."""
    own = (next(iter(scan.features.values())).disease for scan in reversed(scans))
    return next((disease for disease in own if disease != "unknown"), "unknown")


def by_key(rows: Iterable[StandingCourseRow]) -> dict[RowKey, StandingCourseRow]:
    """The rows that stand, by what names them."""
    return {(each.row.table, _KEY_OF[each.row.table](each.row.values)): each for each in rows}


def moves(
    standing: Mapping[RowKey, StandingCourseRow], course: PatientCourse
) -> tuple[list[CourseRow], list[StandingCourseRow]]:
    """Rows of `course` that have to be written, and standing ones that have to end."""
    wanted = course.rows
    new = [row for key, row in wanted.items() if key not in standing or standing[key].row != row]
    gone = [each for key, each in standing.items() if wanted.get(key) != each.row]
    return new, gone


def _question_row(question: Question) -> CourseRow:
    return CourseRow(QUESTIONS, vars(question))

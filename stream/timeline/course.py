"""A patient's course: visits, lines of therapy, verdicts and open questions, and which of its rows have to change.

A criterion is a fold without weights: what it says follows from the facts alone, so a standing row is right exactly if
it says what is computed from them now.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from models.criteria.course import criteria_of, lines_of_therapy
from models.criteria.finding import LesionFinding, LesionState, as_json
from models.criteria.visit import LineOfTherapy, TreatmentStart
from stream.timeline.entries import RULES, CourseRow, ScanEntry, StandingCourseRow, Timeline, TreatmentEntry
from stream.timeline.open_questions import OpenQuestions, StatusSince, VisitPlace
from stream.timeline.questions import Question, is_measurable, questions
from stream.timeline.seen import FollowedSum, SeenVisit, seen
from stream.timeline.visits import TimelineVisit, visits

VISITS, RESPONSES, QUESTIONS = "visits", "responses", "endpoint_statuses"
KEYS = {VISITS: ("scan_uid",), RESPONSES: ("criterion", "line", "scan_uid"), QUESTIONS: ("line", "endpoint")}
"""What names a standing row of a patient in each table of the course."""
RECIST = "RECIST 1.1"


@dataclass(frozen=True)
class PatientCourse:
    """What the facts of a timeline say of its course; `lines` by criterion, that of RECIST first."""

    visits: tuple[TimelineVisit, ...]
    lines: Mapping[str, tuple[LineOfTherapy, ...]]
    questions: tuple[Question, ...]

    @cached_property
    def line_of(self) -> dict[str, int]:
        """scan_uid of a visit → its line: that whose baseline it is, else the one in force before it."""
        return {scan_uid: line.number for line in self.lines[RECIST] for scan_uid in line.visits}

    @cached_property
    def _visit_of(self) -> dict[str, TimelineVisit]:
        return {visit.last.id: visit for visit in self.visits}

    @cached_property
    def _seen(self) -> dict[tuple[str, str], SeenVisit]:
        """What was asked for already: weights of one feature version see the same, and each asks several times."""
        return {}

    @cached_property
    def _followed(self) -> dict[str, FollowedSum]:
        """scan_uid of a visit → the sum its line stands by; none before a baseline that has one."""
        sums: dict[str, FollowedSum] = {}
        for line in self.lines[RECIST]:
            if line.verdicts and line.verdicts[0].sum_of_diameters is not None:
                sums |= {each.scan_uid: FollowedSum(each.sum_of_diameters) for each in line.verdicts}
        return sums

    @cached_property
    def _begin_lines(self) -> set[str]:
        """Visits from which a line starts that is not the beginning of the timeline."""
        first = self.visits[0].last.id if self.visits else ""
        return {line.baseline.scan_uid for line in self.lines[RECIST] if line.baseline} - {first}

    def at(self, scan_uid: str) -> dt.datetime:
        """The time of the visit whose rows stand under `scan_uid`."""
        return self._visit_of[scan_uid].at

    def seen(self, scan: ScanEntry, feature_version: str) -> SeenVisit | None:
        """What a model sees at `scan`: of its whole visit if it is the last of it, else nothing."""
        visit = self._visit_of.get(scan.id)
        if visit is None:
            return None
        key = scan.id, feature_version
        if key not in self._seen:
            followed = self._followed.get(scan.id)
            self._seen[key] = seen(visit, feature_version, followed, scan.id in self._begin_lines)
        return self._seen[key]

    @cached_property
    def open_questions(self) -> OpenQuestions:
        """At which visits which questions are open."""
        places = {visit.last.id: VisitPlace(self.line_of.get(visit.last.id, 1), visit.at) for visit in self.visits}
        statuses = {(each.line, each.endpoint): StatusSince(each.status, each.since) for each in self.questions}
        measured = frozenset(line.number for line in self.lines[RECIST] if is_measurable(line))
        return OpenQuestions(places, statuses, measured)

    def rows(self) -> list[CourseRow]:
        """All rows that have to stand."""
        return [*map(self._visit_row, self.visits), *self._verdict_rows(), *map(_question_row, self.questions)]

    def _visit_row(self, visit: TimelineVisit) -> CourseRow:
        values = {
            "scan_uid": visit.last.id,
            "at": visit.at,
            "line": self.line_of.get(visit.last.id, 1),
            "scans": [scan.id for scan in visit.scans],
            "time_point": visit.time_point,
            **self._as_seen(visit),
            "lesions": self._lesions(visit),
            "rules": RULES,
        }
        return CourseRow(VISITS, values)

    def _as_seen(self, visit: TimelineVisit) -> dict[str, Any]:
        """What models see of a visit, by the features of its scans that hold most."""
        version = max(visit.last.features, key=lambda name: len(visit.last.features[name].x))
        own, of_visit = visit.last.features[version], self.seen(visit.last, version)
        x = json.dumps(of_visit.features.x) if of_visit and of_visit.features.x != own.x else None
        disease = of_visit.features.disease if of_visit else own.disease
        return {"disease": disease, "x": x, "begins_line": bool(of_visit and of_visit.begins_line)}

    def _lesions(self, visit: TimelineVisit) -> str:
        """JSON of what the visit says of each lesion, with the name it is followed under."""
        number = self.line_of.get(visit.last.id, 1)
        line = next((each for each in self.lines[RECIST] if each.number == number), None)
        said = []
        for one in visit.lesions:
            lesion_id = one.finding.lesion_uid
            counts_as = {"role": _role(line, visit.last.id, lesion_id), "state": _state(line, visit, one.finding)}
            known_by = {"lesion_id": lesion_id, "lesion_uid": one.reported_as, **one.tie.likeness._asdict()}
            said.append({**as_json(one.finding), **counts_as, "perhaps": one.tie.perhaps, **known_by})
        return json.dumps(said, sort_keys=True, ensure_ascii=False)

    def _verdict_rows(self) -> Iterable[CourseRow]:
        revisions = {visit.last.id: visit.last.revision for visit in self.visits}
        for criterion, lines in self.lines.items():
            for verdict in (each for line in lines for each in line.verdicts):
                revision = revisions[verdict.scan_uid]
                yield CourseRow(RESPONSES, {"criterion": criterion, "revision": revision, **vars(verdict)})


def course_of(timeline: Timeline, endpoints: Iterable[str]) -> PatientCourse:
    """The course of `timeline`; `endpoints`: those that active weights forecast for its disease."""
    scans = [entry for entry in timeline.entries if isinstance(entry, ScanEntry)]
    treatments = [entry for entry in timeline.entries if isinstance(entry, TreatmentEntry)]
    of_timeline = visits(scans, timeline.visit_window_days, timeline.links)
    assessments = [visit.assessment for visit in of_timeline]
    starts = [TreatmentStart(entry.day, entry.treatment_kind, entry.line) for entry in treatments]
    disease = timeline.disease_of(_known_last(scans))
    criteria = criteria_of(timeline.clinical_facts().get("criterion") or timeline.criteria, disease, assessments)
    lines = {criterion: lines_of_therapy(assessments, starts, criterion) for criterion in criteria}
    asked = questions(lines[RECIST], endpoints, timeline.outcomes, disease) if scans else ()
    return PatientCourse(of_timeline, lines, asked)


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
    return (row.table, *(row.values[name] for name in KEYS[row.table]))


def _role(line: LineOfTherapy | None, scan_uid: str, lesion_uid: str) -> str | None:
    """What the lesion counts as at a visit of the line."""
    if line is None:
        return None
    roles = {"target": line.targets, "non_target": line.non_targets, "new": line.new.get(scan_uid, ())}
    return next((role for role, lesions in roles.items() if lesion_uid in lesions), None)


def _state(line: LineOfTherapy | None, visit: TimelineVisit, finding: LesionFinding) -> LesionState:
    """As the scan says; a non-target that the baseline names without a number is there."""
    if line is None or line.baseline is None or line.baseline.scan_uid != visit.last.id or finding.merged_into:
        return finding.state
    unmeasured = finding.state is LesionState.NOT_EVALUATED and finding.lesion_uid in line.non_targets
    return LesionState.PRESENT if unmeasured else finding.state


def _question_row(question: Question) -> CourseRow:
    return CourseRow(QUESTIONS, vars(question))

"""A patient's course: visits, lines of therapy, verdicts and open questions, and which of its rows have to change.

A criterion is a fold without weights: what it says follows from the facts alone, so a standing row is right exactly if
it says what is computed from them now.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import NamedTuple

from models.criteria.course import criteria_of, lines_of_therapy
from models.criteria.visit import LineOfTherapy, TreatmentStart, Verdict
from models.criteria.walk import Walk, same_first
from stream.timeline.entries import CourseRow, Entry, RowKey, ScanEntry, StandingCourseRow, Timeline, TreatmentEntry
from stream.timeline.followed import LesionsSoFar
from stream.timeline.lesion_links import LesionLinks
from stream.timeline.open_questions import OpenQuestions, StatusSince, VisitPlace
from stream.timeline.placed_visit import VISITS, PlacedVisit, followed_roles, roles_at
from stream.timeline.questions import Question, is_measurable, questions
from stream.timeline.seen import FollowedSum, SeenVisit
from stream.timeline.visits import TimelineVisit, Visits, visits
from stream.vocabulary import RECIST

RESPONSES, QUESTIONS = "responses", "endpoint_statuses"
KEYS = {VISITS: ("scan_uid",), RESPONSES: ("criterion", "line", "scan_uid"), QUESTIONS: ("line", "endpoint")}
"""What names a standing row of a patient in each table of the course."""
_KEY_OF = {table: itemgetter(*names) for table, names in KEYS.items()}


class JudgedRow(NamedTuple):
    """A verdict and the row that stands for it."""

    verdict: Verdict
    row: CourseRow


@dataclass(frozen=True)
class PatientCourse:
    """What the facts of a timeline say of its course; `lines` by criterion, that of RECIST first.

    `placed`: its visits by scan_uid, in their order, `places` where they are. `verdicts`: the rows of all criteria.
    `rows`: all that have to stand. `gone_on`: of how many of the first `entries` all that is said was said before.
    `changed`: names of rows that the course before did not have, or had otherwise.
    """

    entries: tuple[Entry, ...]
    window_days: int
    walked: Visits
    lines: Mapping[str, tuple[LineOfTherapy, ...]]
    questions: tuple[Question, ...]
    placed: Mapping[str, PlacedVisit]
    places: Mapping[str, VisitPlace]
    verdicts: Mapping[RowKey, JudgedRow]
    rows: Mapping[RowKey, CourseRow]
    gone_on: int
    changed: frozenset[RowKey]

    def stands(self, timeline: Timeline) -> bool:
        """Whether the rows that stand of `timeline` are those of this course."""
        if timeline.folded and timeline.folded.rows is self.rows:
            return True
        return {key: each.row for key, each in timeline.course.items()} == self.rows

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
        statuses = {(each.line, each.endpoint): StatusSince(each.status, each.since) for each in self.questions}
        measured = frozenset(line.number for line in self.lines[RECIST] if is_measurable(line))
        return OpenQuestions(self.places, statuses, measured)


_NOTHING = PatientCourse((), 0, Walk(LesionsSoFar(LesionLinks())), {}, (), {}, {}, {}, {}, 0, frozenset())


def course_of(timeline: Timeline, endpoints: Iterable[str], before: PatientCourse | None = None) -> PatientCourse:
    """The course of `timeline`; `endpoints`: those that active weights forecast for its disease.

    `before`: a course of the same patient that was worked out earlier; what has not changed since is taken from it.
    """
    scans = tuple([entry for entry in timeline.entries if isinstance(entry, ScanEntry)])
    treatments = [entry for entry in timeline.entries if isinstance(entry, TreatmentEntry)]
    window_days, links = timeline.visit_window_days, timeline.links
    told_visits = before.walked if before and before.window_days == window_days else None
    walked = visits(scans, window_days, links, told_visits)
    assessments = [visit.assessment for visit in walked.said]
    starts = [TreatmentStart(entry.day, entry.treatment_kind, entry.line) for entry in treatments]
    disease = timeline.disease_of(_known_last(scans))
    criteria = criteria_of(timeline.clinical_facts().get("criterion") or timeline.criteria, disease, assessments)
    told = before.lines if before else {}
    lines = {name: lines_of_therapy(assessments, starts, name, told.get(name, ())) for name in criteria}
    asked = questions(lines[RECIST], endpoints, timeline.outcomes, disease) if scans else ()
    return _course(timeline, walked, lines, asked, before)


def _course(
    timeline: Timeline,
    walked: Visits,
    lines: Mapping[str, tuple[LineOfTherapy, ...]],
    asked: tuple[Question, ...],
    before: PatientCourse | None,
) -> PatientCourse:
    """Of a course that goes on from `before` only the visits that came since are looked at, else all."""
    told = before if before and _goes_on(before, walked, lines) else _NOTHING
    earlier = before or _NOTHING
    new = walked.said[len(told.placed) :]
    placed = _placed(new, lines[RECIST], not told.placed, earlier.placed)
    verdicts = _verdicts(lines, len(new), {**told.placed, **placed}, earlier.verdicts)
    stated = {(QUESTIONS, (each.line, each.endpoint)): _question_row(each) for each in asked}
    came = {(VISITS, uid): each.row for uid, each in placed.items()}
    came |= {key: each.row for key, each in verdicts.items()} | stated
    may_go = {(QUESTIONS, (each.line, each.endpoint)) for each in told.questions} if told.rows else earlier.rows.keys()
    gone = may_go - came.keys()
    kept = {key: row for key, row in told.rows.items() if key not in gone} if gone else told.rows
    return PatientCourse(
        entries=timeline.entries,
        window_days=timeline.visit_window_days,
        walked=walked,
        lines=lines,
        questions=asked,
        placed={**told.placed, **placed},
        places={**told.places, **{uid: each.place for uid, each in placed.items()}},
        verdicts={**told.verdicts, **verdicts},
        rows={**kept, **came},
        gone_on=same_first(told.entries, timeline.entries),
        changed=frozenset(came.keys() | gone),
    )


def _goes_on(before: PatientCourse, walked: Visits, lines: Mapping[str, Sequence[LineOfTherapy]]) -> bool:
    """Whether all that `before` said of its visits holds: others came after them at most."""
    told = before.walked.said
    same = before.lines.keys() == lines.keys() and told == walked.said[: len(told)]
    return same and all(_all_go_on(before.lines[name], lines[name]) for name in lines)


def _all_go_on(told: Sequence[LineOfTherapy], lines: Sequence[LineOfTherapy]) -> bool:
    return len(told) == len(lines) and all(map(LineOfTherapy.goes_on_from, lines, told))


def _placed(
    every: Sequence[TimelineVisit], lines: Sequence[LineOfTherapy], first: bool, before: Mapping[str, PlacedVisit]
) -> dict[str, PlacedVisit]:
    """The last visits in their lines: each in that whose baseline it is, else in the one in force before it.

    `first`: they are all that there are. Lines and verdicts end with them.
    """
    line_of = {scan_uid: line for line in lines for scan_uid in line.visits[-len(every) :]}
    first_line = next((each for each in lines if each.number == 1), None)
    sums, roles = _followed_sums(lines, len(every)), {line.number: followed_roles(line) for line in lines}
    placed = {}
    for visit in every:
        uid = visit.last.id
        line = line_of.get(uid, first_line)
        of_line = roles_at(line, roles[line.number], uid) if line else ()
        place = *_place_in(line, uid, first and visit is every[0]), of_line, sums.get(uid)
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


def _followed_sums(lines: Sequence[LineOfTherapy], last: int) -> dict[str, FollowedSum]:
    """scan_uid of a visit → the sum its line stands by, of the `last` visits; none before a baseline that has one."""
    measured = (line for line in lines if is_measurable(line))
    return {each.scan_uid: FollowedSum(each.sum_of_diameters) for line in measured for each in line.verdicts[-last:]}


def _verdicts(
    lines: Mapping[str, Sequence[LineOfTherapy]],
    last: int,
    placed: Mapping[str, PlacedVisit],
    before: Mapping[RowKey, JudgedRow],
) -> dict[RowKey, JudgedRow]:
    """The rows of all criteria for the `last` visits; of a verdict that did not change the same objects as before."""
    rows: dict[RowKey, JudgedRow] = {}
    for criterion, of_criterion in lines.items():
        for verdict in (each for line in of_criterion for each in line.verdicts[-last:]):
            key = RESPONSES, (criterion, verdict.line, verdict.scan_uid)
            revision, earlier = placed[verdict.scan_uid].visit.last.revision, before.get(key)
            if earlier is None or earlier.verdict is not verdict or earlier.row.values["revision"] != revision:
                row = CourseRow(RESPONSES, {"criterion": criterion, "revision": revision, **verdict._asdict()})
                earlier = JudgedRow(verdict, row)
            rows[key] = earlier
    return rows


def _known_last(scans: Sequence[ScanEntry]) -> str:
    """The disease that the last scan tells of those that know one."""
    own = (next(iter(scan.features.values())).disease for scan in reversed(scans))
    return next((disease for disease in own if disease != "unknown"), "unknown")


def key_of(row: CourseRow) -> RowKey:
    """What names a row that stands."""
    return row.table, _KEY_OF[row.table](row.values)


def moves(
    timeline: Timeline, course: PatientCourse, before: PatientCourse | None
) -> tuple[list[CourseRow], list[StandingCourseRow]]:
    """Rows of `course`, made with `before`, that have to be written, and standing ones that have to end."""
    wanted, standing = course.rows, timeline.course
    if before and timeline.folded and timeline.folded.rows is before.rows:
        wanted = {key: wanted[key] for key in course.changed if key in wanted}
        standing = {key: standing[key] for key in course.changed if key in standing}
    new = [
        row
        for key, row in wanted.items()
        if (have := standing.get(key)) is None or (have.row is not row and have.row != row)
    ]
    gone = [each for key, each in standing.items() if (row := wanted.get(key)) is not each.row and row != each.row]
    return new, gone


def _question_row(question: Question) -> CourseRow:
    return CourseRow(QUESTIONS, question._asdict())

"""A course that goes on from what was worked out before is the one that all its facts tell at once."""

import datetime as dt
from dataclasses import dataclass, replace
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from models.criteria.finding import LesionFinding, LesionRole, LesionState, NamedBy
from models.criteria.place import LesionPlace, Registration
from models.features import MEASUREMENTS
from stream.timeline.conclusions import Conclusions
from stream.timeline.course import PatientCourse, course_of, key_of
from stream.timeline.entries import (
    ClinicalRecord,
    Folded,
    OutcomeFact,
    ScanEntry,
    ScanFeatures,
    ScanFindings,
    Timeline,
    TreatmentEntry,
    ordered,
)
from stream.timeline.lesion_links import LesionLink, LesionLinks
from stream.timeline.planning import Plan, plan
from stream.vocabulary import LesionRelation
from tests.timeline.test_planning import Weights, applied

DAY_0 = dt.datetime(2025, 3, 1, 9, tzinfo=dt.UTC)
UNMOVED = (1.0, 0, 0, 5.0, 0, 1.0, 0, 0, 0, 0, 1.0, 0, 0, 0, 0, 1.0)
CARD = SimpleNamespace(
    feature_version=MEASUREMENTS,
    applies_to=SimpleNamespace(diseases=("lung",)),
    endpoints=(SimpleNamespace(endpoint="progression"),),
    sees_outlines=True,
)
EMPTY = Timeline("P", 0, b"", (), (), {}, (), (), ())


@dataclass(frozen=True)
class Active(Weights):
    """Weights that a timeline's scans are seen by."""

    card = CARD


def at(day: int) -> dt.datetime:
    return DAY_0 + dt.timedelta(days=day)


@st.composite
def lesions(draw: st.DrawFn) -> tuple[LesionFinding, ...]:
    """What a scan says of some of three lesions, under its own names or by label and place."""
    said = []
    for name in draw(st.lists(st.sampled_from("ABC"), unique=True, max_size=3)):
        by_label = draw(st.booleans())
        size = draw(st.sampled_from([None, 0.0, 8.0, 20.0, 26.0, 40.0]))
        finding = LesionFinding(
            f"{draw(st.integers(1, 3))}{name}" if by_label else name,
            LesionState.NOT_EVALUATED if size is None else LesionState.MEASURED,
            label=name,
            organ=draw(st.sampled_from(["liver", "lung"])),
            role=draw(st.sampled_from([None, LesionRole.TARGET, LesionRole.NON_TARGET])),
            long_axis_mm=size,
            split_from=draw(st.sampled_from([None, None, None, "A"])) if name != "A" else None,
            named_by=NamedBy.LABEL if by_label else None,
            place=LesionPlace(draw(st.sampled_from("FG")), (1.0, 2.0, 3.0)) if draw(st.booleans()) else None,
        )
        said.append(finding)
    return tuple(said)


@st.composite
def scans(draw: st.DrawFn) -> ScanEntry:
    """A scan on one of a few days: the same one again is a correction or a move."""
    day, x = draw(st.integers(0, 9)) * 14, draw(st.sampled_from([30.0, 40.0]))
    moved = (Registration("F", "G", UNMOVED),) if draw(st.booleans()) else ()
    sum_mm, time_point = draw(st.sampled_from([None, 55.0])), draw(st.sampled_from([None, None, None, "T1"]))
    said = ScanFindings(draw(lesions()), sum_mm, time_point, moved)
    features = {MEASUREMENTS: ScanFeatures(str(x), "lung", (x, None, None, None, None, None))}
    return ScanEntry(f"scan {draw(st.integers(0, 7))}", 1, at(day), at(day).date(), features, said)


@st.composite
def changed(draw: st.DrawFn, timeline: Timeline) -> Timeline:
    """One more fact of any kind."""
    kind = draw(st.sampled_from(["scan"] * 6 + ["treatment", "link", "outcome", "criterion", "window", "rejected"]))
    entries = {entry.id: entry for entry in timeline.entries}
    if kind == "scan":
        scan = draw(scans())
        return replace(timeline, entries=ordered([*(entries | {scan.id: scan}).values()]))
    if kind == "treatment":
        start = at(draw(st.integers(-1, 9)) * 14)
        drug = TreatmentEntry(f"drug {start:%j}", 1, start, "drug", "drug", start, None, start.date())
        return replace(timeline, entries=ordered([*(entries | {drug.id: drug}).values()]))
    if kind == "rejected":
        return replace(timeline, entries=timeline.entries[1:])
    if kind == "link":
        relation = draw(st.sampled_from([LesionRelation.SAME, LesionRelation.DIFFERENT, LesionRelation.TARGET]))
        return replace(timeline, links=LesionLinks((LesionLink(relation, "A", "B"),)))
    if kind == "outcome":
        return replace(timeline, outcomes=(OutcomeFact("progression", at(70), True),))
    if kind == "criterion":
        return replace(timeline, clinical=(ClinicalRecord("P", 1, {"criterion": "iRECIST; volume"}),))
    return replace(timeline, visit_window_days=draw(st.sampled_from([0, 14])))


@settings(max_examples=150)
@given(st.data())
def test_whatever_arrives_in_whatever_order(data: st.DataObject) -> None:
    timeline = EMPTY
    before: PatientCourse | None = None
    for _ in range(data.draw(st.integers(2, 9))):
        timeline = data.draw(changed(timeline))
        at_once, before = course_of(timeline, ["progression"]), course_of(timeline, ["progression"], before)
        assert before.rows == at_once.rows
        assert (before.lines, before.open_questions) == (at_once.lines, at_once.open_questions)
        for scan in before.placed.values():
            assert scan.seen(MEASUREMENTS) == at_once.placed[scan.visit.last.id].seen(MEASUREMENTS)


@settings(max_examples=100)
@given(st.data())
def test_what_to_keep_end_and_step_is_the_same(data: st.DataObject) -> None:
    timeline, active = EMPTY, [Active(), Active("bladder weights", "bladder")]
    before: Conclusions | None = None
    for _ in range(data.draw(st.integers(2, 9))):
        timeline = data.draw(changed(timeline))
        at_once = plan(replace(timeline, folded=None), active)
        gone_on = plan(timeline, active, before=before)
        assert told(gone_on) == told(at_once)
        found = Folded(timeline.entries, gone_on.course.rows)
        timeline = replace(applied(at_once), folded=data.draw(st.sampled_from([None, found])))
        before = gone_on.worked_out


def told(done: Plan) -> tuple[object, ...]:
    """All that a plan says, rows in one order; of timepoints, which hold arrays, the digest."""
    weights = [
        (
            each.weights_version,
            each.kept,
            each.ended,
            [(step.position, step.digest, step.disease) for step in each.steps],
        )
        for each in done.weights_plans
    ]
    ended = sorted(done.course_ended, key=lambda each: key_of(each.row))
    rows = done.placed, done.ended, sorted(done.course_rows, key=key_of), ended
    return weights, rows, done.closed, done.cause, done.from_position


def test_a_visit_more_leaves_those_before_as_they_were_worked_out() -> None:
    features = {MEASUREMENTS: ScanFeatures("30", "lung", (30.0, None, None, None, None, None))}
    lesion = LesionFinding("A", LesionState.MEASURED, organ="lung", long_axis_mm=30.0)
    every = [
        ScanEntry(f"scan {day}", 1, at(day), at(day).date(), features, ScanFindings((lesion,))) for day in (0, 30, 60)
    ]
    before = course_of(replace(EMPTY, entries=tuple(every[:2])), ["progression"])
    after = course_of(replace(EMPTY, entries=tuple(every)), ["progression"], before)
    first, second, _ = [*after.rows.values()][:3]
    assert [id(row) for row in (first, second)] == [id(row) for row in [*before.rows.values()][:2]]


def test_a_baseline_stays_in_its_line_where_its_visit_was_read_anew() -> None:
    """A link that changes nothing has all visits followed again: they are equal, and not the same objects."""
    features = {MEASUREMENTS: ScanFeatures("30", "lung", (30.0, None, None, None, None, None))}
    sizes = {0: 30.0, 30: 60.0, 90: 60.0}
    found = {day: LesionFinding("A", LesionState.MEASURED, organ="lung", long_axis_mm=mm) for day, mm in sizes.items()}
    every = [
        ScanEntry(f"scan {day}", 1, at(day), at(day).date(), features, ScanFindings((lesion,)))
        for day, lesion in found.items()
    ]
    drugs = [TreatmentEntry(f"d{day}", 1, at(day), "drug", "drug", at(day), None, at(day).date()) for day in (1, 40)]
    timeline = replace(EMPTY, entries=ordered([*every, *drugs]))
    linked = replace(timeline, links=LesionLinks((LesionLink(LesionRelation.DIFFERENT, "X", "Y"),)))
    after = course_of(linked, ["progression"], course_of(timeline, ["progression"]))
    assert after.rows == course_of(linked, ["progression"]).rows
    assert [each.line for each in after.placed.values()] == [1, 2, 2]

"""The heart: which states are kept, which end and which steps are taken, whatever arrived in whatever order."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.timeline.course import key_of
from stream.timeline.entries import (
    ClinicalRecord,
    Entry,
    LedgerKey,
    Placement,
    ScanEntry,
    ScanFeatures,
    StandingCourseRow,
    StandingState,
    Timeline,
    TreatmentEntry,
    ordered,
    place,
)
from stream.timeline.links import digests
from stream.timeline.open_questions import as_they_stand
from stream.timeline.planning import Plan, WeightsPlan, latest_forecasts, latest_forecasts_before, plan
from stream.vocabulary import FactKind

DAY_0 = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Weights:
    """Weights that apply to scans of one disease with a measured first feature."""

    weights_version: str = "lung weights"
    disease: str = "lung"
    applies_to = SimpleNamespace(diseases=("lung",))
    card = SimpleNamespace(feature_version="v1", applies_to=applies_to, endpoints=(), sees_outlines=False)

    def applies(self, disease: str, x: Sequence[float | None]) -> bool:
        return disease == self.disease and x[0] is not None


LUNG = Weights()


def at(day: float) -> dt.datetime:
    return DAY_0 + dt.timedelta(days=day)


def scan(name: str, day: float, value: float | None = 1.0, revision: int = 1, disease: str = "lung") -> ScanEntry:
    sha256 = hashlib.sha256(f"{disease} {value}".encode()).hexdigest()
    return ScanEntry(name, revision, at(day), at(day).date(), {"v1": ScanFeatures(sha256, disease, (value,))})


def drug(name: str, start: float, end: float | None = None, revision: int = 1) -> TreatmentEntry:
    end_at = None if end is None else at(end)
    return TreatmentEntry(name, revision, at(start), name, "drug", at(start), end_at, at(start).date())


def timeline(*entries: Entry, clinical: Mapping[str, object] | None = None) -> Timeline:
    """A timeline on which nothing stands yet."""
    facts = (ClinicalRecord("PA", 1, clinical),) if clinical else ()
    unseen = tuple(LedgerKey(FactKind(entry.kind), entry.id, entry.revision) for entry in entries)
    return Timeline("PA", 0, b"", facts, ordered(entries), {}, unseen, (), ())


def applied(done: Plan) -> Timeline:
    """The timeline after `done` was carried out."""
    line, fold_id = done.timeline, done.timeline.version + 1
    kept = tuple(state for each in done.weights_plans for state in each.kept)
    new = tuple(
        StandingState(each.weights_version, step.scan_uid, step.position, step.digest, step.disease, fold_id, b"")
        for each in done.weights_plans
        for step in each.steps
    )
    gone = {(row.kind, row.id) for row in done.ended}
    placed = tuple(Placement(e.kind, e.id, e.revision, e.at, fold_id, b"") for e in done.placed)
    rest = tuple(row for row in line.placements if (row.kind, row.id) not in gone)
    ends = {key_of(each.row) for each in done.course_ended}
    course = {key: row for key, row in line.course.items() if key not in ends}
    course |= {key_of(row): StandingCourseRow(row, fold_id, b"") for row in done.course_rows}
    placements = tuple(sorted(rest + placed, key=place))
    return replace(line, version=fold_id, unseen=(), placements=placements, states=kept + new, course=course)


def folded(*entries: Entry, active: Sequence[Weights] = (LUNG,)) -> Timeline:
    return applied(plan(timeline(*entries), active))


def with_entries(line: Timeline, *entries: Entry) -> Timeline:
    """`line` with other facts: what stands is as before."""
    return replace(line, entries=ordered(entries))


def only(done: Plan) -> WeightsPlan:
    (weights_plan,) = done.weights_plans
    return weights_plan


def stepped(done: Plan) -> list[str]:
    return [step.scan_uid for step in only(done).steps]


A, B, C = scan("a", 0), scan("b", 40), scan("c", 90)


def test_the_first_fold_steps_every_scan_in_order_from_the_beginning() -> None:
    done = plan(timeline(C, A, B), [LUNG])
    assert stepped(done) == ["a", "b", "c"]
    assert [step.timepoint.elapsed_days for step in only(done).steps] == [0.0, 40.0, 50.0]
    assert only(done).base is None
    assert (done.cause, done.from_position) == ("arrival", 1)


def test_what_is_in_line_with_its_facts_is_left_alone() -> None:
    done = plan(folded(A, B), [LUNG])
    assert not done.changed
    assert [state.scan_uid for state in only(done).kept] == ["a", "b"]


def test_a_new_last_scan_takes_one_step_from_the_last_state() -> None:
    done = plan(with_entries(folded(A, B), A, B, C), [LUNG])
    assert stepped(done) == ["c"]
    assert only(done).base.scan_uid == "b"
    assert not only(done).ended
    assert (done.cause, done.from_position) == ("arrival", 3)


def test_a_late_scan_is_folded_in_from_the_state_before_its_place() -> None:
    done = plan(with_entries(folded(A, C), A, B, C), [LUNG])
    assert stepped(done) == ["b", "c"]
    assert only(done).base.scan_uid == "a"
    assert [state.scan_uid for state in only(done).ended] == ["c"]
    assert (done.cause, done.from_position) == ("late", 2)


def test_a_revision_folds_from_the_earlier_of_its_old_and_its_new_place() -> None:
    moved_back, moved_on = scan("b", -5, revision=2), scan("b", 99, revision=2)
    assert stepped(plan(with_entries(folded(A, B, C), A, moved_back, C), [LUNG])) == ["b", "a", "c"]
    done = plan(with_entries(folded(A, B, C), A, C, moved_on), [LUNG])
    assert stepped(done) == ["c", "b"]
    assert [state.scan_uid for state in only(done).ended] == ["b", "c"]
    assert done.cause == "revision"


def test_a_revision_without_a_new_value_still_ends_what_was_said_of_the_old_one() -> None:
    done = plan(with_entries(folded(A, B), A, replace(B, revision=2)), [LUNG])
    assert stepped(done) == ["b"]
    assert [(row.id, row.revision) for row in done.ended] == [("b", 1)]


def test_a_treatment_changes_the_scans_after_it_and_takes_no_step_itself() -> None:
    done = plan(with_entries(folded(A, B, C), A, drug("d", 20), B, C), [LUNG])
    assert stepped(done) == ["b", "c"]
    assert [step.position for step in only(done).steps] == [3, 4]
    assert done.cause == "treatment"
    after = plan(with_entries(folded(A, B, C), A, B, C, drug("d", 91)), [LUNG])
    assert stepped(after) == []
    assert after.changed and [entry.id for entry in after.placed] == ["d"]


def test_a_scan_at_the_moment_of_a_treatment_is_before_it() -> None:
    done = plan(timeline(drug("d", 40), B), [LUNG])
    assert only(done).steps[0].timepoint.treatments == ()


def test_a_scan_knows_the_end_of_a_treatment_only_from_that_day_on() -> None:
    done = plan(timeline(drug("d", 0, 60), scan("b", 40), scan("c", 60), scan("e", 70)), [LUNG])
    seen = [step.timepoint.treatments[0] for step in only(done).steps]
    assert [one.days_since_start for one in seen] == [40.0, 60.0, 70.0]
    assert [one.days_since_end for one in seen] == [None, 0.0, 10.0]


def test_a_later_end_of_a_treatment_is_a_new_revision_and_folds_what_it_was_input_of() -> None:
    before = folded(A, drug("d", 20), B)
    done = plan(with_entries(before, A, drug("d", 20, 80, revision=2), B), [LUNG])
    assert stepped(done) == ["b"]
    assert done.cause == "treatment"


def test_a_withdrawn_treatment_leaves_the_digests_as_if_it_had_never_been() -> None:
    with_drug = folded(A, drug("d", 20), B)
    done = plan(with_entries(with_drug, A, B), [LUNG])
    assert stepped(done) == ["b"]
    assert {s.scan_uid: s.digest for s in applied(done).states} == {s.scan_uid: s.digest for s in folded(A, B).states}


def test_a_change_of_clinical_facts_folds_everything_again() -> None:
    line = replace(
        folded(A, B), clinical=(ClinicalRecord("PA", 1, {"age": 60}),), unseen=(LedgerKey(FactKind.CLINICAL, "PA", 1),)
    )
    done = plan(line, [LUNG])
    assert stepped(done) == ["a", "b"]
    assert done.cause == "clinical"
    assert only(done).steps[0].timepoint.clinical == {"age": 60}


def test_of_merged_records_the_timelines_own_clinical_facts_come_last() -> None:
    line = replace(
        timeline(A), clinical=(ClinicalRecord("PA", 1, {"age": 60}), ClinicalRecord("PZ", 3, {"age": 40, "hr": 1}))
    )
    assert line.clinical_facts() == {"age": 60, "hr": 1}


def test_a_scan_no_model_applies_to_is_placed_and_takes_no_step() -> None:
    done = plan(timeline(A, scan("x", 20, disease="brain"), scan("y", 30, value=None), B), [LUNG])
    assert stepped(done) == ["a", "b"]
    assert {entry.id for entry in done.placed} == {"a", "x", "y", "b"}
    assert only(done).steps[1].timepoint.elapsed_days == 40.0


def test_a_scan_no_model_applies_to_is_part_of_the_digest_of_what_comes_after() -> None:
    done = plan(with_entries(folded(A, B), A, scan("x", 20, disease="brain"), B), [LUNG])
    assert stepped(done) == ["b"]


def test_a_rejected_scan_ends_what_stood_on_it_and_after_it() -> None:
    done = plan(with_entries(folded(A, B, C), A, C), [LUNG])
    assert [state.scan_uid for state in only(done).ended] == ["b", "c"]
    assert stepped(done) == ["c"]
    assert done.cause == "rejected"


def test_weights_that_are_not_active_any_more_have_no_standing_states() -> None:
    other = Weights("other weights")
    done = plan(folded(A, B, active=[LUNG, other]), [LUNG])
    gone = next(each for each in done.weights_plans if each.weights_version == "other weights")
    assert [state.scan_uid for state in gone.ended] == ["a", "b"]
    assert not gone.steps


def test_new_weights_step_the_whole_timeline_beside_what_stands() -> None:
    other = Weights("other weights")
    done = plan(folded(A, B), [LUNG, other])
    by_version = {each.weights_version: each for each in done.weights_plans}
    assert [step.scan_uid for step in by_version["other weights"].steps] == ["a", "b"]
    assert not by_version["lung weights"].steps


def test_a_replay_keeps_no_state_however_right_it_is() -> None:
    done = plan(folded(A, B), [LUNG], afresh=["lung weights"])
    assert stepped(done) == ["a", "b"]
    assert [state.scan_uid for state in only(done).ended] == ["a", "b"]
    assert done.cause == "replay"


def test_a_kept_forecast_is_no_longer_the_latest_when_a_later_scan_of_its_disease_comes() -> None:
    any_disease = AnyDisease()
    bladder = scan("x", 50, disease="bladder")
    before = folded(A, B, bladder, active=[any_disease])
    done = plan(with_entries(before, A, B, bladder, C), [any_disease])
    assert latest_forecasts_before(before, as_they_stand(before.course.values()), only(done)) == {"b", "x"}
    assert latest_forecasts(before, done.course, only(done)) == {"c", "x"}


def test_every_part_of_an_entry_is_in_the_digest() -> None:
    variants = [
        timeline(A, B),
        timeline(A, replace(B, at=at(41))),
        timeline(A, replace(B, revision=2)),
        timeline(A, replace(B, id="bb")),
        timeline(A, scan("b", 40, value=2.0)),
        timeline(drug("d", -1), A, B),
        timeline(A, drug("d", 1), B),
        timeline(A, drug("d", 1, 50), B),
        timeline(A, drug("e", 1), B),
        timeline(A, B, clinical={"age": 1}),
        replace(timeline(A, B), patient_id="PB"),
    ]
    last = [list(digests(line, LUNG))[-1][1] for line in variants]
    last.append(list(digests(timeline(A, B), Weights("other weights")))[-1][1])
    assert len(set(last)) == len(last)


class AnyDisease(Weights):
    """Weights of several diseases."""

    def applies(self, disease: str, x: Sequence[float | None]) -> bool:
        return True


ENTRIES = st.lists(
    st.one_of(
        st.builds(
            scan,
            st.sampled_from("abcdef"),
            st.integers(0, 5),
            st.sampled_from([None, 1.0, 2.0]),
            disease=st.sampled_from(["lung", "bladder"]),
        ),
        st.builds(drug, st.sampled_from("xyz"), st.integers(0, 5), st.sampled_from([None, 6])),
    ),
    max_size=8,
    unique_by=lambda entry: (entry.kind, entry.id),
)


@pytest.mark.parametrize("weights", [LUNG, AnyDisease()], ids=["one disease", "any disease"])
@given(ENTRIES.flatmap(lambda entries: st.tuples(st.just(entries), st.permutations(entries))), st.data())
def test_no_order_of_arrival_leaves_a_trace_in_what_stands(
    weights: Weights, orders: tuple[list[Entry], list[Entry]], data: st.DataObject
) -> None:
    """One by one in one order, in groups in another, or all at once: what stands is the same."""
    entries, shuffled = orders
    at_once = folded(*entries, active=[weights])
    line, waiting = timeline(), list(shuffled)
    while waiting:
        count = data.draw(st.integers(1, len(waiting)))
        arrived, waiting = waiting[:count], waiting[count:]
        line = applied(plan(with_entries(line, *line.entries, *arrived), [weights]))
    assert what_stands(line) == what_stands(at_once)
    assert not plan(line, [weights]).changed


def what_stands(line: Timeline) -> tuple[set, set]:
    states = {(state.scan_uid, state.position, state.digest, state.disease) for state in line.states}
    return states, {(row.kind, row.id, row.revision, row.at) for row in line.placements}


@given(ENTRIES, ENTRIES)
def test_what_is_kept_and_what_is_stepped_together_are_the_whole_timeline(before: list, after: list) -> None:
    """Whatever the facts become, kept states come first, steps follow them, and nothing else stands."""
    done = plan(with_entries(folded(*before), *after), [LUNG])
    weights_plan = only(done)
    positions = [state.position for state in weights_plan.kept] + [step.position for step in weights_plan.steps]
    assert positions == sorted(positions)
    assert what_stands(applied(done))[0] == what_stands(folded(*after))[0]
    assert {state.scan_uid for state in weights_plan.ended} | {state.scan_uid for state in weights_plan.kept} == {
        state.scan_uid for state in done.timeline.states
    }

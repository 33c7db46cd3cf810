"""How a timeline stands after a fold: what reading all its rows again would tell."""

from collections.abc import Mapping
from dataclasses import replace

from stream.services.folding.fold_rows import FoldRows
from stream.storage import schema
from stream.storage.folding.course_rows import COURSE_TABLES
from stream.timeline.course import key_of
from stream.timeline.entries import Folded, Placement, RowKey, StandingCourseRow, StandingState, Timeline, place
from stream.timeline.placed_visit import VISITS
from stream.vocabulary import EntryKind, FactKind


def after_fold(rows: FoldRows) -> Timeline:
    """The timeline once `rows` were committed; the digest of the fold is told by its head."""
    timeline = rows.plan.timeline
    seen = sum(fact.kind == FactKind.SCAN for fact in timeline.unseen)
    return replace(
        timeline,
        version=timeline.version + 1,
        unseen=(),
        placements=_placements(rows),
        states=_states(rows),
        course=_course(rows),
        scans_seen=timeline.scans_seen + seen,
        folded=Folded(timeline.entries, rows.plan.course.rows),
    )


def _placements(rows: FoldRows) -> tuple[Placement, ...]:
    ended = set(rows.plan.ended)
    before = rows.plan.timeline.placements
    kept = [each for each in before if each not in ended] if ended else before
    new = [
        Placement(EntryKind(row["kind"]), row["id"], row["revision"], row["at"], rows.fold_id, row["row_sha256"])
        for row in rows.written[schema.placements]
    ]
    if kept and new and place(kept[-1]) > place(new[0]):
        return tuple(sorted([*kept, *new], key=place))
    return *kept, *new


def _states(rows: FoldRows) -> tuple[StandingState, ...]:
    """Those of each weights version by position, with the diseases that the visits of today tell."""
    told = {row.values["scan_uid"]: row.values["disease"] for row in rows.plan.course_rows if row.table == VISITS}
    kept = [state for each in rows.plan.weights_plans for state in each.kept]
    if not told.keys().isdisjoint([state.scan_uid for state in kept]):
        kept = [state._replace(disease=told.get(state.scan_uid, state.disease)) for state in kept]
    diseases = rows.plan.course.placed
    new = [
        StandingState(
            row["weights_version"],
            row["scan_uid"],
            row["position"],
            row["digest"],
            diseases[row["scan_uid"]].row.values["disease"],
            rows.fold_id,
            row["row_sha256"],
        )
        for row in rows.written[schema.states]
    ]
    return *kept, *new


def _course(rows: FoldRows) -> Mapping[RowKey, StandingCourseRow]:
    course = dict(rows.plan.timeline.course)
    for each in rows.plan.course_ended:
        del course[key_of(each.row)]
    written = {name: iter(rows.written[table]) for name, table in COURSE_TABLES.items()}
    for row in rows.plan.course_rows:
        course[key_of(row)] = StandingCourseRow(row, rows.fold_id, next(written[row.table])["row_sha256"])
    return course

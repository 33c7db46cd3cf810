"""How a timeline stands after a fold: what reading all its rows again would tell."""

from dataclasses import replace

from stream.services.folding.fold_rows import FoldRows
from stream.storage import schema
from stream.storage.folding.course_rows import COURSE_TABLES
from stream.timeline.entries import Placement, StandingCourseRow, StandingState, Timeline, place
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
    )


def _placements(rows: FoldRows) -> tuple[Placement, ...]:
    ended = set(rows.plan.ended)
    kept = [each for each in rows.plan.timeline.placements if not ended or each not in ended]
    new = [
        Placement(EntryKind(row["kind"]), row["id"], row["revision"], row["at"], rows.fold_id, row["row_sha256"])
        for row in rows.written[schema.placements]
    ]
    return tuple(sorted([*kept, *new], key=place))


def _states(rows: FoldRows) -> tuple[StandingState, ...]:
    """By position, as they are read, with the diseases that the visits of today tell."""
    kept = [state for each in rows.plan.weights_plans for state in each.kept]
    new = [
        StandingState(
            row["weights_version"], row["scan_uid"], row["position"], row["digest"], "", rows.fold_id, row["row_sha256"]
        )
        for row in rows.written[schema.states]
    ]
    told = rows.plan.course.rows
    diseases = ((state, told[VISITS, state.scan_uid].values["disease"]) for state in [*kept, *new])
    states = (state if state.disease == own else replace(state, disease=own) for state, own in diseases)
    return tuple(sorted(states, key=lambda state: state.position))


def _course(rows: FoldRows) -> tuple[StandingCourseRow, ...]:
    ended = {id(row) for row in rows.plan.course_ended}
    kept = [row for row in rows.plan.timeline.course if id(row) not in ended]
    written = {name: iter(rows.written[table]) for name, table in COURSE_TABLES.items()}
    hashes = ((row, next(written[row.table])["row_sha256"]) for row in rows.plan.course_rows)
    return (*kept, *(StandingCourseRow(row, rows.fold_id, row_sha256) for row, row_sha256 in hashes))

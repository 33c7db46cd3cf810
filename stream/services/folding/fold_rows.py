"""The rows of one fold: what it writes and ends, with their hashes and the digest that covers them all."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.forecast import Forecast
from stream.services.folding.stepping import StepResult
from stream.storage import schema
from stream.storage.folding import forecasts
from stream.storage.folding.course_rows import COURSE, COURSE_TABLES
from stream.storage.folding.folds import LatestMark
from stream.storage.folding.forecasts import ForecastKey
from stream.storage.folding.staging import FORECASTS
from stream.storage.hashing import later_sha256, row_sha256
from stream.timeline.digest import digest
from stream.timeline.open_questions import endpoint_of
from stream.timeline.planning import Plan, latest_forecasts, latest_forecasts_before
from stream.vocabulary import Cause

Row = dict[str, Any]
RowsByTable = Mapping[schema.Table, list[Row]]
_STANDS: Row = {"superseded_by": None, "superseded_because": None, "later_sha256": None}


@dataclass(frozen=True)
class FoldRows:
    """All rows of one fold of one patient; those it ended carry their key, `by`, `because` and `later_sha256`.

    Among those it wrote are forecasts that end at once: of questions that something after their visit has closed.
    """

    fold_id: int
    plan: Plan
    written: RowsByTable
    ended: RowsByTable
    latest_marks: list[LatestMark]

    @property
    def rows_digest(self) -> bytes:
        """Hash over every row this fold writes or ends, in any order."""
        written = [row for rows in self.written.values() for row in rows]
        ended = [row for rows in self.ended.values() for row in rows]
        ended += [row for row in written if row.get("superseded_by") is not None]
        return rows_digest([row["row_sha256"] for row in written], [row["later_sha256"] for row in ended])

    def fold_row(self, computed_at: dt.datetime) -> Row:
        """The row of the fold itself, its digest chained to the fold before."""
        timeline = self.plan.timeline
        row = {
            "fold_id": self.fold_id,
            "patient_id": timeline.patient_id,
            "head_version": timeline.version + 1,
            "cause": self.plan.cause,
            "from_position": self.plan.from_position,
            "computed_at": computed_at,
            "rows_digest": self.rows_digest,
        }
        return {**row, "digest": fold_digest(timeline.fold_digest, row)}


def rows_digest(written: Sequence[bytes], ended: Sequence[bytes]) -> bytes:
    """One hash over the hashes of rows written and rows ended; their order does not count."""
    return digest(sorted(value.hex() for value in written), sorted(value.hex() for value in ended))


def fold_digest(before: bytes, row: Row) -> bytes:
    """The fold's digest: its own columns and the digest of the fold before it (docs/protocol.md 6)."""
    names = ("fold_id", "patient_id", "head_version", "cause", "from_position", "computed_at", "rows_digest")
    return digest(before, *(row[name] for name in names))


def fold_rows(
    fold_id: int, plan: Plan, results: Sequence[StepResult], superseded: Sequence[tuple[ForecastKey, Cause]]
) -> FoldRows:
    """Everything `plan` writes and ends, once its steps gave `results`; `superseded`: what ends, and why."""
    states = (state for each in plan.weights_plans for state in each.ended)
    return FoldRows(
        fold_id=fold_id,
        plan=plan,
        written={
            schema.ledger: _ledger(fold_id, plan),
            schema.placements: _placements(fold_id, plan),
            schema.states: [_state(fold_id, plan, result) for result in results],
            **_forecasts(fold_id, plan, results),
            **_course(fold_id, plan),
        },
        ended={
            schema.placements: [
                _ended(schema.placements, {**placement._asdict(), "ended_by": fold_id}, fold_id, plan)
                for placement in plan.ended
            ],
            schema.states: [
                _ended(schema.states, {**state._asdict(), "superseded_by": fold_id}, fold_id, plan) for state in states
            ],
            **_superseded(fold_id, plan, superseded),
            **_course_ended(fold_id, plan),
        },
        latest_marks=_latest_marks(plan),
    )


def _ledger(fold_id: int, plan: Plan) -> list[Row]:
    return [_hashed(schema.ledger, {**fact._asdict(), "fold_id": fold_id}) for fact in plan.timeline.unseen]


def _placements(fold_id: int, plan: Plan) -> list[Row]:
    rows = [
        {
            "fold_id": fold_id,
            "kind": entry.kind,
            "id": entry.id,
            "patient_id": plan.timeline.patient_id,
            "revision": entry.revision,
            "at": entry.at,
        }
        for entry in plan.placed
    ]
    return [_hashed(schema.placements, row) for row in rows]


def _state(fold_id: int, plan: Plan, result: StepResult) -> Row:
    data = result.state.astype("<f4").tobytes()
    row = {
        "fold_id": fold_id,
        "weights_version": result.weights_version,
        "scan_uid": result.step.scan_uid,
        "patient_id": plan.timeline.patient_id,
        "revision": result.step.revision,
        "at": result.step.at,
        "position": result.step.position,
        "state": data,
        "state_sha256": hashlib.sha256(data).digest(),
        "digest": result.step.digest,
    }
    return _hashed(schema.states, row)


def _forecasts(fold_id: int, plan: Plan, results: Sequence[StepResult]) -> RowsByTable:
    """Rows of every kind; a table takes of a row the columns it has: `tip` is of risks, `lesion_uid` of sizes.

    What a forecast says is named as its columns are.
    """
    latest = {
        (each.weights_version, scan_uid)
        for each in plan.weights_plans
        for scan_uid in latest_forecasts(plan.timeline, plan.course, each)
    }
    rows: RowsByTable = {table: [] for table in FORECASTS}
    for result in results:
        step = result.step
        stands_on = {
            "fold_id": fold_id,
            "weights_version": result.weights_version,
            "scan_uid": step.scan_uid,
            "patient_id": plan.timeline.patient_id,
            "disease": step.disease,
            "revision": step.revision,
            "at": step.at,
            "tip": (result.weights_version, step.scan_uid) in latest,
            "lesion_uid": None,
            **_STANDS,
        }
        for forecast in result.forecasts:
            table = forecasts.TABLES[type(forecast)]
            row = {**stands_on, **forecast._asdict()}
            if plan.course.open_questions.stands(step.scan_uid, forecast):
                rows[table].append(_hashed(table, row))
            elif plan.course.open_questions.ended(step.scan_uid, forecast):
                rows[table].append(_ended_at_once(table, row, forecast, plan))
    return rows


def _ended_at_once(table: schema.Table, row: Row, forecast: Forecast, plan: Plan) -> Row:
    """It would have stood until its question was closed: it is kept, to be judged by what came."""
    endpoint = endpoint_of(forecast)
    assert endpoint is not None, "sizes can always be measured"
    because = plan.course.open_questions.closed_by(row["scan_uid"], endpoint, plan.cause)
    ends = {"tip": False, "superseded_by": row["fold_id"], "superseded_because": because}
    ended = _hashed(table, {**row, **ends})
    return {**ended, "later_sha256": later_sha256(table, ended)}


def _superseded(fold_id: int, plan: Plan, superseded: Sequence[tuple[ForecastKey, Cause]]) -> RowsByTable:
    rows: RowsByTable = {table: [] for table in FORECASTS}
    for key, because in superseded:
        row = {**key.columns(), "superseded_by": fold_id, "superseded_because": because}
        rows[key.table].append(_ended(key.table, row, fold_id, plan))
    return rows


def _course(fold_id: int, plan: Plan) -> RowsByTable:
    rows: RowsByTable = {table: [] for table in COURSE}
    for row in plan.course_rows:
        table = COURSE_TABLES[row.table]
        values = {**row.values, "fold_id": fold_id, "patient_id": plan.timeline.patient_id}
        rows[table].append(_hashed(table, values))
    return rows


def _course_ended(fold_id: int, plan: Plan) -> RowsByTable:
    rows: RowsByTable = {table: [] for table in COURSE}
    for each in plan.course_ended:
        table = COURSE_TABLES[each.row.table]
        row = {**each.row.values, "fold_id": each.fold_id, "row_sha256": each.row_sha256}
        ends = {"superseded_by": fold_id, "superseded_because": plan.cause}
        rows[table].append(_ended(table, {**row, **ends}, fold_id, plan))
    return rows


def _latest_marks(plan: Plan) -> list[LatestMark]:
    """Marks of kept forecasts that change: those written or ended by this fold carry theirs anyway."""
    marks = []
    for each in plan.weights_plans:
        kept = {state.scan_uid for state in each.kept}
        after = latest_forecasts(plan.timeline, plan.course, each) & kept
        before = latest_forecasts_before(plan.timeline, plan.stood, each) & kept
        # where states end, the marks may be of another disease than the facts tell now: all are set anew
        taken, given = (kept, after) if each.ended else (before, after - before)
        marks += [LatestMark(each.weights_version, scan_uid, False) for scan_uid in sorted(taken - after)]
        marks += [LatestMark(each.weights_version, scan_uid, True) for scan_uid in sorted(given)]
    return marks


def _hashed(table: schema.Table, row: Row) -> Row:
    """The row, which is nobody else's, with its hash."""
    row["row_sha256"] = row_sha256(table, row)
    return row


def _ended(table: schema.Table, row: Row, fold_id: int, plan: Plan) -> Row:
    because = row.get("superseded_because", plan.cause)
    return {**row, "by": fold_id, "because": because, "later_sha256": later_sha256(table, row)}

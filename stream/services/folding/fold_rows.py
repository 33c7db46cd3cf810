"""The rows of one fold: what it writes and ends, with their hashes and the digest that covers them all."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stream.services.folding.stepping import Stepped
from stream.storage import forecasts, schema
from stream.storage.folds import Tip
from stream.storage.hashing import later_sha256, row_sha256
from stream.storage.staging import FORECASTS
from stream.timeline.digest import digest
from stream.timeline.planning import Plan, tips, tips_before

Row = dict[str, Any]
ByTable = Mapping[schema.Table, list[Row]]


@dataclass(frozen=True)
class FoldRows:
    """All rows of one fold of one patient; those it ended carry their key, `by`, `because` and `later_sha256`."""

    fold_id: int
    plan: Plan
    written: ByTable
    ended: ByTable
    new_tips: list[Tip]

    @property
    def rows_digest(self) -> bytes:
        """Hash over every row this fold writes or ends, in any order."""
        return rows_digest(
            [row["row_sha256"] for rows in self.written.values() for row in rows],
            [row["later_sha256"] for rows in self.ended.values() for row in rows],
        )

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
    """The fold's digest: its own columns and the digest of the fold before it (PROTOCOL 6)."""
    names = ("fold_id", "patient_id", "head_version", "cause", "from_position", "computed_at", "rows_digest")
    return digest(before, *(row[name] for name in names))


def fold_rows(
    fold_id: int, plan: Plan, stepped: Sequence[Stepped], superseded: Sequence[tuple[schema.Table, Row]]
) -> FoldRows:
    """Everything `plan` writes and ends, once its steps were taken; `superseded`: the forecasts that end, by key."""
    return FoldRows(
        fold_id=fold_id,
        plan=plan,
        written={
            schema.ledger: _ledger(fold_id, plan),
            schema.placements: _placements(fold_id, plan),
            schema.states: [_state(fold_id, plan, one) for one in stepped],
            **_forecasts(fold_id, plan, stepped),
        },
        ended={
            schema.placements: [_ended(schema.placements, {**vars(row), "ended_by": fold_id}, plan.cause)
                                for row in plan.ended],
            schema.states: [_ended(schema.states, {**vars(state), "superseded_by": fold_id}, plan.cause)
                            for course in plan.courses for state in course.ended],
            **_superseded(fold_id, plan, superseded),
        },
        new_tips=_new_tips(plan),
    )  # fmt: skip


def _ledger(fold_id: int, plan: Plan) -> list[Row]:
    return [
        _hashed(schema.ledger, {"kind": kind, "id": id_, "revision": revision, "fold_id": fold_id})
        for kind, id_, revision in plan.timeline.unseen
    ]


def _placements(fold_id: int, plan: Plan) -> list[Row]:
    return [
        _hashed(schema.placements, {
            "fold_id": fold_id, "kind": entry.kind, "id": entry.id, "patient_id": plan.timeline.patient_id,
            "revision": entry.revision, "at": entry.at,
        })
        for entry in plan.placed
    ]  # fmt: skip


def _state(fold_id: int, plan: Plan, one: Stepped) -> Row:
    data = one.state.astype("<f4").tobytes()
    return _hashed(schema.states, {
        "fold_id": fold_id, "weights_version": one.weights_version, "scan_uid": one.step.scan_uid,
        "patient_id": plan.timeline.patient_id, "revision": one.step.revision, "at": one.step.at,
        "position": one.step.position, "state": data, "state_sha256": hashlib.sha256(data).digest(),
        "digest": one.step.digest,
    })  # fmt: skip


def _forecasts(fold_id: int, plan: Plan, stepped: Sequence[Stepped]) -> ByTable:
    """Rows of every kind; a table takes of a row the columns it has: tips are of risks, lesions of sizes.

    What a forecast says is named as its columns are.
    """
    latest = {(course.weights_version, uid) for course in plan.courses for uid in tips(course)}
    rows: ByTable = {table: [] for table in FORECASTS}
    for one in stepped:
        stands_on = {
            "fold_id": fold_id, "weights_version": one.weights_version, "scan_uid": one.step.scan_uid,
            "patient_id": plan.timeline.patient_id, "disease": one.step.disease, "revision": one.step.revision,
            "at": one.step.at, "tip": (one.weights_version, one.step.scan_uid) in latest, "lesion_uid": None,
        }  # fmt: skip
        for said in one.forecasts:
            table = forecasts.TABLES[type(said)]
            rows[table].append(_hashed(table, {**stands_on, **said._asdict()}))
    return rows


def _superseded(fold_id: int, plan: Plan, superseded: Sequence[tuple[schema.Table, Row]]) -> ByTable:
    rows: ByTable = {table: [] for table in FORECASTS}
    for table, row in superseded:
        ended = {**row, "superseded_by": fold_id, "superseded_because": plan.cause}
        rows[table].append(_ended(table, ended, plan.cause))
    return rows


def _new_tips(plan: Plan) -> list[Tip]:
    """Marks of kept forecasts that change: those written or ended by this fold carry theirs anyway."""
    out = []
    for course in plan.courses:
        kept = {state.scan_uid for state in course.kept}
        before, after = tips_before(course) & kept, tips(course) & kept
        out += [(course.weights_version, uid, False) for uid in sorted(before - after)]
        out += [(course.weights_version, uid, True) for uid in sorted(after - before)]
    return out


def _hashed(table: Any, row: Row) -> Row:
    return {**row, "row_sha256": row_sha256(table, row)}


def _ended(table: Any, row: Row, because: str) -> Row:
    later = later_sha256(table, row)
    by = row.get("ended_by", row.get("superseded_by"))
    return {**row, "by": by, "because": because, "later_sha256": later}

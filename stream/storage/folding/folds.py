"""Ids, times and whole statements of the transaction that writes folds (docs/protocol.md 2)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import psycopg
import sqlalchemy as sa
from psycopg import sql
from psycopg.pq import TransactionStatus

from stream.crash import reach
from stream.storage import schema
from stream.storage.appending import qualified
from stream.storage.folding.course_rows import COURSE
from stream.storage.folding.staging import ENDED, FORECASTS, KEYS, temp, temp_ended, travelling, types_of
from stream.storage.rows import only_row
from stream.vocabulary import Cause


class LatestMark(NamedTuple):
    """What the kept forecasts of a scan get in their column `tip`: True where they are the latest of their kind now."""

    weights_version: str
    scan_uid: str
    tip: bool


TIME = {schema.placements: "placed_at", **dict.fromkeys((*FORECASTS, *COURSE), "computed_at")}
_SUPERSEDED = ("superseded_at = %(now)s", "superseded_because = t.because")
_WITH_THE_END = {
    schema.placements: ("ended_at = %(now)s",),
    **dict.fromkeys((*FORECASTS, *COURSE), _SUPERSEDED),
    schema.forecasts: (*_SUPERSEDED, "tip = false"),
}


def take_fold_ids(connection: psycopg.Connection, count: int) -> list[int]:
    """`count` new fold ids.

    Outside of a transaction nobody waits for the disk: a fold that is committed waits for all that was logged before,
    these ids too. After a crash those may come again that no fold has.
    """
    query = "SELECT nextval('core.fold_ids') FROM generate_series(1, %s)"
    if connection.info.transaction_status == TransactionStatus.IDLE:
        query += ", (SELECT set_config('synchronous_commit', 'off', true)) for_this_statement"
    return [fold_id for (fold_id,) in connection.execute(query, [count]).fetchall()]


def fold_time(connection: psycopg.Connection, patients: Sequence[str]) -> tuple[dt.datetime, dt.timedelta]:
    """The one time of all rows of this transaction, and how far it is ahead of the clock; taken after the last lock."""
    query = """SELECT t, t - clock_timestamp() FROM (
      SELECT greatest(clock_timestamp(), max(changed_at) + interval '1 us') t FROM core.heads
      WHERE patient_id = ANY(%b::text[])) x"""
    now, ahead = only_row(connection.execute(query, [list(patients)]))
    return now, ahead


def newest_fold(connection: psycopg.Connection) -> int:
    """The highest id of a fold that was committed."""
    (fold_id,) = only_row(connection.execute("SELECT coalesce(max(fold_id), 0) FROM core.folds"))
    return int(fold_id)


def others_folded(connection: psycopg.Connection, after: int) -> bool:
    """Whether a fold that no replay made has a higher id than `after`."""
    query = "SELECT EXISTS (SELECT FROM core.folds WHERE fold_id > %s AND cause <> %s)"
    return bool(only_row(connection.execute(query, [after, Cause.REPLAY]))[0])


def write_folds(
    connection: psycopg.Connection,
    folds: Sequence[Mapping[str, Any]],
    written: Sequence[sa.Table],
    ended: Sequence[sa.Table],
    latest_marks: Sequence[LatestMark],
    now: dt.datetime,
) -> None:
    """Whole statements only: end rows of all heads first, then write, then move the heads on (docs/protocol.md 2).

    `written`, `ended`: the tables that rows were sent for.
    """
    good = [fold["fold_id"] for fold in folds]
    for table in ended:
        connection.execute(_end(table), {"now": now, "good": good})
    reach("reconcile.ended")
    # a forecast becomes the latest when the one before it is that no more: at no moment are there two
    _mark_latest(connection, [mark for mark in latest_marks if not mark.tip])
    for table in written:
        connection.execute(_write(table), {"now": now, "good": good})
    _mark_latest(connection, [mark for mark in latest_marks if mark.tip])
    reach("reconcile.written")
    _write_fold_rows(connection, folds)
    reach("reconcile.moved")
    connection.execute(
        """UPDATE core.assembly w SET status = 'applied', changed_at = %s FROM new_ledger n
        WHERE n.fold_id = ANY(%b::bigint[]) AND n.kind = 'scan' AND w.scan_uid = n.id AND w.revision = n.revision""",
        [now, good],
    )


def _mark_latest(connection: psycopg.Connection, marks: Sequence[LatestMark]) -> None:
    """By arrays: a temp table has no statistics, and the planner would read all forecasts for a handful of marks."""
    if marks:
        connection.execute(
            """UPDATE core.forecasts f SET tip = t.tip FROM unnest(%b::text[], %b::text[], %b::bool[]) t(w, u, tip)
            WHERE f.superseded_by IS NULL AND f.weights_version = t.w AND f.scan_uid = t.u AND f.tip <> t.tip""",
            list(map(list, zip(*marks, strict=True))),
        )


def _write_fold_rows(connection: psycopg.Connection, folds: Sequence[Mapping[str, Any]]) -> None:
    names = tuple(column.name for column in schema.folds.columns if column.name != "xact")
    types = types_of(schema.folds, names)
    arrays = sql.SQL(", ").join(sql.SQL("%b::{}[]").format(sql.SQL(kind)) for kind in types)
    values = [[fold[name] for fold in folds] for name in names]
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    connection.execute(
        sql.SQL(
            """WITH f AS (INSERT INTO core.folds ({}) SELECT * FROM unnest({}) RETURNING patient_id, computed_at)
            INSERT INTO core.unexplained SELECT * FROM f"""
        ).format(columns, arrays),
        values,
    )
    connection.execute(
        """UPDATE core.heads h SET version = f.head_version, changed_at = f.computed_at, fold_digest = f.digest
        FROM core.folds f WHERE f.fold_id = ANY(%b::bigint[]) AND h.patient_id = f.patient_id""",
        [[fold["fold_id"] for fold in folds]],
    )


@cache
def _end(table: sa.Table) -> bytes:
    same = sql.SQL(" AND ").join(sql.SQL("r.{0} = t.{0}").format(sql.Identifier(name)) for name in KEYS[table])
    with_it = [sql.SQL("{} = t.by").format(sql.Identifier(ENDED[table])), *map(sql.SQL, _WITH_THE_END.get(table, ()))]
    statement = sql.SQL(
        "UPDATE {} r SET later_sha256 = t.later_sha256, {} FROM {} t WHERE t.by = ANY(%(good)b::bigint[]) AND {}"
    )
    return statement.format(qualified(table), sql.SQL(", ").join(with_it), temp_ended(table), same).as_bytes()


@cache
def _write(table: sa.Table) -> bytes:
    """Put together once: each fold asks for it."""
    names = travelling(table)
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    times = {TIME[table]: "%(now)s"} if table in TIME else {}
    if table in FORECASTS:
        times["superseded_at"] = "CASE WHEN superseded_by IS NOT NULL THEN %(now)s END"
    statement = sql.SQL("INSERT INTO {} ({}{}) SELECT {}{} FROM {} WHERE fold_id = ANY(%(good)b::bigint[])").format(
        qualified(table),
        columns,
        sql.SQL("").join(sql.SQL(f", {time}") for time in times),
        columns,
        sql.SQL("").join(sql.SQL(f", {value}") for value in times.values()),
        temp(table),
    )
    return statement.as_bytes()

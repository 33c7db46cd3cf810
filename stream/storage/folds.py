"""Locks, times and whole statements of the transaction that writes folds (PROTOCOL 2)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql

from stream.crash import reach
from stream.storage import schema
from stream.storage.appending import qualified
from stream.storage.staging import ENDED, FORECASTS, KEYS, temp, temp_ended, travelling, types_of

Tip = tuple[str, str, bool]
"""weights_version, scan_uid and the mark that kept forecasts get: True where they are the latest of their kind now."""

TIME = {schema.placements: "placed_at", **dict.fromkeys(FORECASTS, "computed_at")}
_SUPERSEDED = ("superseded_at = %(now)s", "superseded_because = t.because")
_WITH_THE_END = {
    schema.placements: ("ended_at = %(now)s",),
    **dict.fromkeys(FORECASTS, _SUPERSEDED),
    schema.forecasts: (*_SUPERSEDED, "tip = false"),
}


def take_fold_ids(connection: psycopg.Connection, count: int) -> list[int]:
    """`count` new fold ids."""
    rows = connection.execute("SELECT nextval('core.fold_ids') FROM generate_series(1, %s)", [count]).fetchall()
    return [row[0] for row in rows]


def read_states(connection: psycopg.Connection, keys: Sequence[tuple[int, str, str]]) -> dict[tuple, bytes]:
    """State bytes by (fold_id, weights_version, scan_uid)."""
    if not keys:
        return {}
    rows = connection.execute(
        """SELECT s.fold_id, s.weights_version, s.scan_uid, s.state FROM core.states s
        JOIN unnest(%b::bigint[], %b::text[], %b::text[]) k(f, w, u)
          ON s.fold_id = k.f AND s.weights_version = k.w AND s.scan_uid = k.u""",
        list(map(list, zip(*keys, strict=True))),
        binary=True,
    ).fetchall()
    return {tuple(row[:3]): row[3] for row in rows}


def fold_time(connection: psycopg.Connection, patients: Sequence[str]) -> tuple[dt.datetime, dt.timedelta]:
    """The one time of all rows of this transaction, and how far it is ahead of the clock; taken after the last lock."""
    return connection.execute(
        """SELECT t, t - clock_timestamp() FROM (SELECT greatest(clock_timestamp(), max(changed_at) + interval '1 us') t
        FROM core.heads WHERE patient_id = ANY(%b::text[])) x""",
        [list(patients)],
    ).fetchone()


def active_versions(connection: psycopg.Connection) -> list[str]:
    """Weights whose states are kept up to date, sorted."""
    rows = connection.execute(
        "SELECT weights_version FROM core.active_weights WHERE until IS NULL ORDER BY 1"
    ).fetchall()
    return [row[0] for row in rows]


def write_folds(
    connection: psycopg.Connection,
    folds: Sequence[Mapping[str, Any]],
    written: Sequence[sa.Table],
    ended: Sequence[sa.Table],
    tips: Sequence[Tip],
    now: dt.datetime,
) -> None:
    """Whole statements only: end rows of all heads first, then write, then move the heads on (PROTOCOL 2.5).

    `written`, `ended`: the tables that rows were sent for.
    """
    good = [fold["fold_id"] for fold in folds]
    for table in ended:
        connection.execute(_end(table), {"now": now, "good": good})
    reach("reconcile.ended")
    # a new tip comes when the old one has gone: at no moment are there two
    _mark_tips(connection, [tip for tip in tips if not tip[2]])
    for table in written:
        connection.execute(_write(table), {"now": now, "good": good})
    _mark_tips(connection, [tip for tip in tips if tip[2]])
    reach("reconcile.written")
    _write_fold_rows(connection, folds)
    reach("reconcile.moved")
    connection.execute(
        """UPDATE core.assembly w SET status = 'applied', changed_at = %s FROM new_ledger n
        WHERE n.fold_id = ANY(%b::bigint[]) AND n.kind = 'scan' AND w.scan_uid = n.id AND w.revision = n.revision""",
        [now, good],
    )


def _mark_tips(connection: psycopg.Connection, tips: Sequence[Tip]) -> None:
    """By arrays: a temp table has no statistics, and the planner would read all forecasts for a handful of marks."""
    if tips:
        connection.execute(
            """UPDATE core.forecasts f SET tip = t.tip FROM unnest(%b::text[], %b::text[], %b::bool[]) t(w, u, tip)
            WHERE f.superseded_by IS NULL AND f.weights_version = t.w AND f.scan_uid = t.u""",
            list(map(list, zip(*tips, strict=True))),
        )


def _write_fold_rows(connection: psycopg.Connection, folds: Sequence[Mapping[str, Any]]) -> None:
    names = [column.name for column in schema.folds.columns if column.name != "xact"]
    types = types_of(schema.folds, names)
    arrays = sql.SQL(", ").join(sql.SQL("%b::{}[]").format(sql.SQL(kind)) for kind in types)
    values = [[fold[name] for fold in folds] for name in names]
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    connection.execute(
        sql.SQL("INSERT INTO core.folds ({}) SELECT * FROM unnest({})").format(columns, arrays), values
    )  # fmt: skip
    connection.execute(
        """UPDATE core.heads h SET version = f.head_version, changed_at = f.computed_at, fold_digest = f.digest
        FROM core.folds f WHERE f.fold_id = ANY(%b::bigint[]) AND h.patient_id = f.patient_id""",
        [[fold["fold_id"] for fold in folds]],
    )


def _end(table: sa.Table) -> sql.Composed:
    same = sql.SQL(" AND ").join(sql.SQL("r.{0} = t.{0}").format(sql.Identifier(name)) for name in KEYS[table])
    with_it = [sql.SQL("{} = t.by").format(sql.Identifier(ENDED[table])), *map(sql.SQL, _WITH_THE_END.get(table, ()))]
    return sql.SQL(
        "UPDATE {} r SET later_sha256 = t.later_sha256, {} FROM {} t WHERE t.by = ANY(%(good)b::bigint[]) AND {}"
    ).format(qualified(table), sql.SQL(", ").join(with_it), temp_ended(table), same)


def _write(table: sa.Table) -> sql.Composed:
    names = travelling(table)
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    time = TIME.get(table)
    return sql.SQL("INSERT INTO {} ({}{}) SELECT {}{} FROM {} WHERE fold_id = ANY(%(good)b::bigint[])").format(
        qualified(table), columns, sql.SQL(f", {time}" if time else ""), columns,
        sql.SQL(", %(now)s" if time else ""), temp(table),
    )  # fmt: skip

"""What models say, as rows: each kind of forecast has a table of its own, whose columns its fields are."""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql

from models.forecast import Forecast, ResponseForecast, RiskForecast, SizeForecast
from stream.storage import schema
from stream.storage.appending import qualified

TABLES: dict[type[Forecast], sa.Table] = {
    RiskForecast: schema.forecasts,
    SizeForecast: schema.size_forecasts,
    ResponseForecast: schema.response_probabilities,
}
KEY = ("fold_id", "weights_version", "scan_uid", "row_sha256")
"""What names a row in any of the tables."""
State = tuple[int, str, str]
"""fold_id, weights_version and scan_uid of a state: those of the forecasts that were written with it."""


def read_written_with(connection: psycopg.Connection, states: Sequence[State]) -> list[tuple[sa.Table, dict[str, Any]]]:
    """Table and KEY of every standing forecast that was written with one of `states`."""
    if not states:
        return []
    rows = connection.execute(
        sql.SQL("WITH k AS (SELECT * FROM unnest(%b::bigint[], %b::text[], %b::text[]) k(f, w, u)) {}").format(
            sql.SQL(" UNION ALL ").join(_written_with(table) for table in TABLES.values())
        ),
        list(map(list, zip(*states, strict=True))),
    ).fetchall()
    tables = {table.name: table for table in TABLES.values()}
    return [(tables[name], dict(zip(KEY, key, strict=True))) for name, *key in rows]


def read_standing(
    connection: psycopg.Connection, patients: Sequence[str]
) -> Iterator[tuple[tuple[str, str, str], str, Forecast]]:
    """(patient_id, weights_version, scan_uid), disease and forecast of all that stands of `patients`."""
    names = ("patient_id", "weights_version", "scan_uid", "disease")
    for kind, table in TABLES.items():
        query = sql.SQL("SELECT {} FROM {} WHERE superseded_by IS NULL AND patient_id = ANY(%b)").format(
            sql.SQL(", ").join(map(sql.Identifier, (*names, *kind._fields))), qualified(table)
        )
        for patient_id, version, scan_uid, disease, *values in connection.execute(query, [list(patients)]):
            yield (patient_id, version, scan_uid), disease, kind(*map(_frozen, values))


def _written_with(table: sa.Table) -> sql.Composed:
    return sql.SQL(
        """SELECT {}, f.fold_id, f.weights_version, f.scan_uid, f.row_sha256 FROM {} f
        JOIN k ON f.fold_id = k.f AND f.weights_version = k.w AND f.scan_uid = k.u WHERE f.superseded_by IS NULL"""
    ).format(sql.Literal(table.name), qualified(table))


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value

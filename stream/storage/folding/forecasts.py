"""What models say, as rows: each kind of forecast has a table of its own, whose columns its fields are."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import psycopg
import sqlalchemy as sa
from psycopg import sql

from models.forecast import Forecast, GrowthMap, ResponseForecast, RiskForecast, SizeForecast
from stream.storage import schema
from stream.storage.appending import qualified
from stream.timeline.entries import StateKey

TABLES: dict[type[Forecast], sa.Table] = {
    RiskForecast: schema.forecasts,
    SizeForecast: schema.size_forecasts,
    ResponseForecast: schema.response_probabilities,
    GrowthMap: schema.growth_maps,
}
KEY = ("fold_id", "weights_version", "scan_uid", "row_sha256")
"""What names a row in any of the tables."""


class ForecastKey(NamedTuple):
    """What names the row of a forecast: its table, the state it was written with, and its hash."""

    table: sa.Table
    state: StateKey
    row_sha256: bytes

    def columns(self) -> dict[str, Any]:
        """Its KEY."""
        return {**self.state._asdict(), "row_sha256": self.row_sha256}


class FoldedForecast(NamedTuple):
    """A forecast, and what it stands on, or stood."""

    patient_id: str
    weights_version: str
    scan_uid: str
    disease: str
    forecast: Forecast


def read_written_with(connection: psycopg.Connection, states: Sequence[StateKey]) -> list[ForecastKey]:
    """What names every standing forecast that was written with one of `states`."""
    if not states:
        return []
    rows = connection.execute(
        sql.SQL("WITH k AS (SELECT * FROM unnest(%b::bigint[], %b::text[], %b::text[]) k(f, w, u)) {}").format(
            sql.SQL(" UNION ALL ").join(_written_with(table) for table in TABLES.values())
        ),
        list(map(list, zip(*states, strict=True))),
    ).fetchall()
    tables = {table.name: table for table in TABLES.values()}
    return [ForecastKey(tables[name], StateKey(*state), row_sha256) for name, *state, row_sha256 in rows]


def read_answering(
    connection: psycopg.Connection, questions: Sequence[tuple[StateKey, str]]
) -> list[tuple[str, ForecastKey]]:
    """Endpoint and name of every standing forecast of an endpoint that was written with a state."""
    if not questions:
        return []
    states, endpoints = zip(*questions, strict=True)
    rows = connection.execute(
        sql.SQL(
            "WITH k AS (SELECT * FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[]) k(f, w, u, e)) {}"
        ).format(
            sql.SQL(" UNION ALL ").join(
                [
                    _written_with(schema.forecasts, sql.SQL("k.e")) + sql.SQL(" AND f.endpoint = k.e"),
                    _written_with(schema.response_probabilities, sql.SQL("k.e")) + sql.SQL(" AND k.e = 'progression'"),
                ]
            )
        ),
        [*map(list, zip(*states, strict=True)), list(endpoints)],
    ).fetchall()
    tables = {table.name: table for table in TABLES.values()}
    return [(endpoint, ForecastKey(tables[name], StateKey(*state), row)) for name, *state, row, endpoint in rows]


def read_standing(connection: psycopg.Connection, patients: Sequence[str]) -> Iterator[FoldedForecast]:
    """All forecasts that stand of `patients`."""
    return _read(connection, patients, sql.SQL("f.superseded_by IS NULL"))


def read_ended(connection: psycopg.Connection, patients: Sequence[str]) -> Iterator[FoldedForecast]:
    """All forecasts of `patients` that do not stand, though the state that they were made with does."""
    return _read(
        connection,
        patients,
        sql.SQL(
            """f.superseded_by IS NOT NULL AND EXISTS (SELECT FROM core.states s WHERE s.fold_id = f.fold_id
            AND s.weights_version = f.weights_version AND s.scan_uid = f.scan_uid AND s.superseded_by IS NULL)"""
        ),
    )


def _read(connection: psycopg.Connection, patients: Sequence[str], which: sql.SQL) -> Iterator[FoldedForecast]:
    names = ("patient_id", "weights_version", "scan_uid", "disease")
    for kind, table in TABLES.items():
        query = sql.SQL("SELECT {} FROM {} f WHERE patient_id = ANY(%b) AND {}").format(
            sql.SQL(", ").join(map(sql.Identifier, (*names, *kind._fields))), qualified(table), which
        )
        for patient_id, version, scan_uid, disease, *values in connection.execute(query, [list(patients)]):
            yield FoldedForecast(patient_id, version, scan_uid, disease, kind(*map(frozen, values)))


def _written_with(table: sa.Table, *more: sql.SQL) -> sql.Composed:
    """Names of the standing forecasts of a table that were written with the states in `k`; and `more` columns."""
    also = sql.SQL("").join(sql.SQL(", {}").format(each) for each in more)
    return sql.SQL(
        """SELECT {}, f.fold_id, f.weights_version, f.scan_uid, f.row_sha256{} FROM {} f
        JOIN k ON f.fold_id = k.f AND f.weights_version = k.w AND f.scan_uid = k.u WHERE f.superseded_by IS NULL"""
    ).format(sql.Literal(table.name), also, qualified(table))


def frozen(value: Any) -> Any:
    """Lists as tuples, at any depth: arrays as forecasts hold them."""
    return tuple(map(frozen, value)) if isinstance(value, list) else value

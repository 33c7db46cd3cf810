"""What stands of the patients of one program, in the words of the plain model."""

from collections.abc import Iterable, Sequence
from typing import Any

from models.criteria.visit import Verdict
from models.forecast import Forecast, GrowthMap, ResponseForecast, RiskForecast, SizeForecast
from stream.storage.database import Connection

SAID = (
    (RiskForecast, RiskForecast._fields, "forecasts"),
    (SizeForecast, SizeForecast._fields, "size_forecasts"),
    (ResponseForecast, ResponseForecast._fields, "response_probabilities"),
    (GrowthMap, GrowthMap._fields, "growth_maps"),
)
"""Kinds of forecasts, their columns and tables."""
COURSE = {
    "visits": ("scan_uid", "at", "line", "scans"),
    "responses": ("criterion", "revision", *Verdict._fields),
    "endpoint_statuses": ("line", "endpoint", "status", "since", "scan_uid"),
}
"""Tables of the course, and their columns that are compared."""


Row = tuple[Any, ...]


def placements(connection: Connection, program: str) -> list[Row]:
    """(patient, id, revision, at) of every scan that stands."""
    return connection.execute(
        """SELECT patient_id, id, revision, at FROM core.placements
        WHERE kind = 'scan' AND ended_by IS NULL AND starts_with(patient_id, %s)""", [program]).fetchall()  # fmt: skip


def course(connection: Connection, program: str) -> list[Row]:
    """(table, patient, columns …) of every row of the course that stands."""
    rows: list[Row] = []
    for table, columns in COURSE.items():
        query = f"SELECT patient_id, {', '.join(columns)} FROM core.{table} WHERE superseded_by IS NULL"
        found = connection.execute(f"{query} AND starts_with(patient_id, %s)", [program]).fetchall()
        rows += [(table, *map(_frozen, row)) for row in found]
    return rows


def current(connection: Connection, program: str) -> list[Row]:
    """(patient, endpoint, horizon, risk, scan), as everybody sees it."""
    return connection.execute(
        """SELECT patient_id, endpoint, horizon_kind, horizon_days, risk, scan_uid FROM scanstream.current_risk
        WHERE starts_with(patient_id, %s)""", [program]).fetchall()  # fmt: skip


def states(connection: Connection, program: str, version: str) -> list[Row]:
    """(patient, scan, revision, at, position, state, forecasts) of everything that stands by one weights version."""
    said: dict[str, list[Forecast]] = {}
    for kind, columns, table in SAID:
        for uid, *values in connection.execute(
            f"""SELECT scan_uid, {", ".join(columns)} FROM core.{table} WHERE superseded_by IS NULL
            AND weights_version = %s AND starts_with(patient_id, %s) ORDER BY 1, 2, 3, 4""",
            [version, program],
        ):
            said.setdefault(uid, []).append(kind(*map(_frozen, values)))
    rows = connection.execute(
        """SELECT patient_id, scan_uid, revision, at, position, state FROM core.states
        WHERE superseded_by IS NULL AND weights_version = %s AND starts_with(patient_id, %s)""",
        [version, program],
    )
    return [(*row, tuple(said.get(row[1], ()))) for row in rows]


def ended(connection: Connection, program: str, version: str) -> list[Row]:
    """(scan, forecast) of everything that was said with a standing state of one weights version and stands no more."""
    rows: list[Row] = []
    for kind, columns, table in SAID:
        found = connection.execute(
            f"""SELECT scan_uid, {", ".join(f"f.{name}" for name in columns)} FROM core.{table} f
            JOIN core.states s USING (fold_id, weights_version, scan_uid)
            WHERE f.superseded_by IS NOT NULL AND s.superseded_by IS NULL
            AND weights_version = %s AND starts_with(f.patient_id, %s)""",
            [version, program],
        )
        rows += [(uid, kind(*map(_frozen, values))) for uid, *values in found]
    return rows


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def same(standing: Iterable[Row], wanted: Iterable[Row]) -> None:
    """Fail with the rows that differ."""
    stand, must = sorted(standing, key=repr), sorted(wanted, key=repr)
    wrong, missing = [row for row in stand if row not in must], [row for row in must if row not in stand]
    assert stand == must, f"standing but wrong: {wrong}\nmissing: {missing}"


def within(rows: Sequence[Row], must: set[Row], may: set[Row]) -> None:
    """Fail with the rows that are missing, came twice, or must not be there."""
    assert len(rows) == len(set(rows)), "a forecast was written twice"
    assert must <= set(rows) <= may, f"missing: {must - set(rows)}\nwrong: {set(rows) - may}"

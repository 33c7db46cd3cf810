"""Standing rows of patients' courses: which tables there are, and what stands."""

from collections.abc import Sequence

import psycopg
import sqlalchemy as sa
from psycopg import sql

from stream.storage import schema
from stream.storage.appending import qualified
from stream.storage.hashing import added_columns, hashed_columns
from stream.timeline.course import KEYS, key_of
from stream.timeline.entries import CourseRow, RowKey, StandingCourseRow

COURSE = (schema.visits, schema.responses, schema.endpoint_statuses)
COURSE_TABLES = {table.name: table for table in COURSE}
ROW_KEYS = {table: ("fold_id", *KEYS[table.name]) for table in COURSE}
"""What names a row, whether it stands or not."""


def read_standing_course(
    connection: psycopg.Connection, patients: Sequence[str]
) -> dict[str, dict[RowKey, StandingCourseRow]]:
    """All rows that stand, by patient."""
    rows: dict[str, dict[RowKey, StandingCourseRow]] = {patient_id: {} for patient_id in patients}
    for table in COURSE:
        columns = (*hashed_columns(table), *added_columns(table))
        names = [name for name in columns if name not in ("fold_id", "patient_id")]
        found = connection.execute(_query(table, names), [list(patients)], binary=True).fetchall()
        for patient_id, fold_id, row_sha256, *values in found:
            row = CourseRow(table.name, dict(zip(names, values, strict=True)))
            rows[patient_id][key_of(row)] = StandingCourseRow(row, fold_id, row_sha256)
    return rows


def _query(table: sa.Table, names: Sequence[str]) -> sql.Composed:
    return sql.SQL(
        "SELECT patient_id, fold_id, row_sha256, {} FROM {} "
        "WHERE superseded_by IS NULL AND patient_id = ANY(%b::text[])"
    ).format(sql.SQL(", ").join(map(sql.Identifier, names)), qualified(table))

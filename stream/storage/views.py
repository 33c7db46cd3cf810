"""Reading the views of schema `scanstream`, as any other client could."""

from collections.abc import Sequence
from typing import Any

from psycopg.rows import dict_row

from stream.storage.database import Connection

Row = dict[str, Any]


def counts(connection: Connection) -> tuple[Row, dict[str, int]]:
    """The row of service_status, and the number of scan revisions by status."""
    (files,) = _rows(connection, "SELECT * FROM scanstream.service_status")
    scans = _rows(
        connection, "SELECT status, count(*) AS n FROM scanstream.scan_status GROUP BY status ORDER BY status"
    )
    return files, {row["status"]: row["n"] for row in scans}


def current_risk(connection: Connection, patients: Sequence[str] | None = None) -> list[Row]:
    """Rows of current_risk, highest risk first; of `patients` only, where given."""
    return _rows(
        connection,
        """SELECT * FROM scanstream.current_risk WHERE %(all)s OR patient_id = ANY(%(patients)s)
        ORDER BY endpoint, horizon_days, risk DESC""",
        {"all": patients is None, "patients": list(patients or [])},
    )


def knows_patient(connection: Connection, patient_id: str) -> bool:
    """Whether anything was ever received for this pseudonym."""
    query = "SELECT EXISTS (SELECT FROM scanstream.scan_status WHERE patient_id = %(id)s) AS known"
    return _rows(connection, query, {"id": patient_id})[0]["known"]


def knows_scan(connection: Connection, scan_uid: str) -> bool:
    """Whether anything was ever received for this scan's pseudonym."""
    query = "SELECT EXISTS (SELECT FROM scanstream.scan_status WHERE scan_uid = %(id)s) AS known"
    return _rows(connection, query, {"id": scan_uid})[0]["known"]


def set_asides(connection: Connection, item_id: str | None = None) -> list[Row]:
    """Rows of set_aside, newest first; one item only, where given."""
    return _rows(
        connection,
        """SELECT * FROM scanstream.set_aside WHERE %(item)s::text IS NULL OR item_id = %(item)s
        ORDER BY set_aside_at DESC, item_id""",
        {"item": item_id},
    )


def timepoints(connection: Connection, patient_id: str) -> list[Row]:
    """Rows of timepoint of one patient, in timeline order."""
    query = "SELECT * FROM scanstream.timepoint WHERE patient_id = %(id)s ORDER BY acquired_at, scan_uid"
    return _rows(connection, query, {"id": patient_id})


def leads(connection: Connection) -> list[Row]:
    """Rows of leads, the latest first."""
    return _rows(connection, "SELECT * FROM scanstream.leads ORDER BY since DESC, endpoint, disease")


def _rows(connection: Connection, query: str, values: Row | None = None) -> list[Row]:
    return connection.cursor(row_factory=dict_row).execute(query, values).fetchall()

"""Reading verdicts and open questions from the views of schema `scanstream`."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.rows import dict_row

from stream.storage.database import Connection

Row = dict[str, Any]


def responses(connection: Connection, patient_id: str, criterion: str) -> list[Row]:
    """Standing verdicts of a patient by one criterion, in the order of lines and visits."""
    query = """SELECT * FROM scanstream.response
    WHERE patient_id = %(patient)s AND criterion = %(criterion)s AND superseded_at IS NULL
    ORDER BY line, acquired_at, scan_uid"""
    return _rows(connection, query, {"patient": patient_id, "criterion": criterion})


def endpoint_statuses(connection: Connection, patient_id: str) -> list[Row]:
    """Which questions are open of a patient, by line and endpoint."""
    query = """SELECT * FROM scanstream.endpoint_status WHERE patient_id = %(patient)s AND superseded_at IS NULL
    ORDER BY line, endpoint"""
    return _rows(connection, query, {"patient": patient_id})


def lesions_followed(connection: Connection, patient_id: str) -> list[Row]:
    """What every standing visit says of each lesion of a patient, in the order of the timeline."""
    query = """SELECT * FROM scanstream.lesion WHERE patient_id = %(patient)s AND superseded_at IS NULL
    ORDER BY first_seen_at, lesion_id, acquired_at, scan_uid"""
    return _rows(connection, query, {"patient": patient_id})


def scans_after_death(connection: Connection, patient_id: str) -> list[Row]:
    """The day of death of a patient beside each standing visit that lies a day and more after it, by time."""
    query = """SELECT w.died_at, v.acquired_at FROM scanstream.worklist w JOIN scanstream.visit v USING (patient_id)
    WHERE patient_id = %(patient)s AND v.superseded_at IS NULL AND v.acquired_at >= w.died_at + interval '1 day'
    ORDER BY v.acquired_at"""
    return _rows(connection, query, {"patient": patient_id})


def scan_clocks(connection: Connection, patients: Sequence[str]) -> dict[tuple[str, dt.datetime], dt.datetime]:
    """What the clock showed at each scan of these patients, in the zone of the scan: by pseudonym and moment."""
    query = """SELECT patient_id, acquired_at, acquired_local FROM scanstream.scan_status
    WHERE acquired_local IS NOT NULL
      AND scan_uid = ANY (ARRAY(SELECT scanstream.scans_of(p) FROM unnest(%(patients)s::text[]) p))"""
    rows = _rows(connection, query, {"patients": list(patients)})
    return {(row["patient_id"], row["acquired_at"]): row["acquired_local"] for row in rows}


def _rows(connection: Connection, query: str, values: Mapping[str, Any]) -> list[Row]:
    return connection.cursor(row_factory=dict_row).execute(query, values).fetchall()

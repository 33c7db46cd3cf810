"""What the demonstration asks of the views: how far its scans have come, and the question of the first day."""

from collections.abc import Sequence
from typing import NamedTuple

from psycopg.rows import args_row

from stream.storage.database import Connection
from stream.vocabulary import Status

FORECAST = "forecast"
FIRST_QUESTION = (
    "SELECT patient_id, risk, risk_low, risk_high FROM scanstream.current_risk "
    "WHERE endpoint = 'progression' AND horizon_days = 180 ORDER BY risk DESC LIMIT 10;"
)
"""Who is most likely to progress within 180 days? In one line, for whoever asks it by psql."""


class ScanEnd(NamedTuple):
    """How far a scan has come; `result` of an applied one is FORECAST, or why there is none."""

    scan_uid: str
    status: Status
    instances: int
    result: str | None


class PatientRisk(NamedTuple):
    """A patient's risk with the interval of the model's own uncertainty."""

    patient_id: str
    risk: float
    risk_low: float
    risk_high: float


def scan_ends(connection: Connection, scan_uids: Sequence[str]) -> dict[str, ScanEnd]:
    """By scan_uid how far each scan has come; those that nothing was received of are missing."""
    query = """SELECT s.scan_uid, s.status, s.instances,
        CASE WHEN f.scan_uid IS NULL THEN s.reason ELSE %(forecast)s END
    FROM scanstream.scan_status s LEFT JOIN (
        SELECT DISTINCT scan_uid FROM scanstream.risk_history WHERE superseded_at IS NULL) f USING (scan_uid)
    WHERE s.scan_uid = ANY(%(scans)s) AND s.status <> 'superseded'"""
    rows = connection.execute(query, {"forecast": FORECAST, "scans": list(scan_uids)}).fetchall()
    return {scan_uid: ScanEnd(scan_uid, Status(status), *rest) for scan_uid, status, *rest in rows}


def most_likely_to_progress(connection: Connection) -> list[PatientRisk]:
    """The answer to FIRST_QUESTION, highest risk first."""
    return connection.cursor(row_factory=args_row(PatientRisk)).execute(FIRST_QUESTION).fetchall()

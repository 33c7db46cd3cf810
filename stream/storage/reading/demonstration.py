"""What the demonstration asks of the views: how far its scans have come, and the question of the first day."""

from collections.abc import Sequence
from typing import NamedTuple

from psycopg.rows import args_row

from stream.storage.database import Connection
from stream.storage.rows import only_row
from stream.vocabulary import Status

FORECAST, CLOSED = "forecast", "closed question"
FIRST_QUESTION = (
    "SELECT patient_id, risk, risk_low, risk_high FROM scanstream.current_risk "
    "WHERE endpoint = 'progression' AND horizon_days = 180 ORDER BY risk DESC LIMIT 10;"
)
"""Who is most likely to progress within 180 days? In one line, for whoever asks it by psql."""
_PROGRESSIONS = """SELECT count(*), count(*) FILTER (WHERE occurred), count(*) FILTER (WHERE asked),
  count(*) FILTER (WHERE overdue), count(*) FILTER (WHERE died AND NOT occurred),
  count(*) FILTER (WHERE NOT (occurred OR asked OR died))
FROM (
  SELECT w.died, coalesce(s.occurred, false) AS occurred, r.patient_id IS NOT NULL AS asked, r.overdue
  FROM scanstream.worklist w
  LEFT JOIN (
    SELECT DISTINCT ON (patient_id) patient_id, status = 'occurred' AS occurred FROM scanstream.endpoint_status
    WHERE endpoint = 'progression' AND superseded_at IS NULL ORDER BY patient_id, line DESC) s USING (patient_id)
  LEFT JOIN (
    SELECT patient_id, bool_or(stale) AS overdue FROM scanstream.current_risk
    WHERE endpoint = 'progression' GROUP BY 1) r USING (patient_id)) p"""


class ScanEnd(NamedTuple):
    """How far a scan has come; `result` of an applied one is FORECAST, CLOSED, or why there is none."""

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


class Progressions(NamedTuple):
    """Of `patients`: progressed in the current line; asked for, some of them `overdue`; dead without it; none of these.

    Each but the overdue is in one of the four.
    """

    patients: int
    occurred: int
    open: int
    overdue: int
    died: int
    others: int


def scan_ends(connection: Connection, scan_uids: Sequence[str]) -> dict[str, ScanEnd]:
    """By scan_uid how far each scan has come; those that nothing was received of are missing."""
    query = """SELECT s.scan_uid, s.status, s.instances,
      CASE WHEN f.scan_uid IS NOT NULL THEN %(forecast)s WHEN s.reason IS NULL AND EXISTS (
        SELECT FROM scanstream.endpoint_status q
        WHERE q.patient_id = v.patient_id AND q.line = v.line AND q.status <> 'open' AND q.superseded_at IS NULL)
      THEN %(closed)s ELSE s.reason END
    FROM scanstream.scan_status s
    LEFT JOIN scanstream.visit v ON s.scan_uid = ANY (v.scans) AND v.superseded_at IS NULL
    LEFT JOIN (
      SELECT scan_uid FROM scanstream.risk_history WHERE superseded_at IS NULL
      UNION SELECT scan_uid FROM scanstream.size_forecast WHERE superseded_at IS NULL) f ON f.scan_uid = v.visit_id
    WHERE s.scan_uid = ANY(%(scans)s) AND s.status <> 'superseded'"""
    values = {"forecast": FORECAST, "closed": CLOSED, "scans": list(scan_uids)}
    rows = connection.execute(query, values).fetchall()
    return {scan_uid: ScanEnd(scan_uid, Status(status), *rest) for scan_uid, status, *rest in rows}


def most_likely_to_progress(connection: Connection) -> list[PatientRisk]:
    """The answer to FIRST_QUESTION, highest risk first."""
    return connection.cursor(row_factory=args_row(PatientRisk)).execute(FIRST_QUESTION).fetchall()


def progressions(connection: Connection) -> Progressions:
    """What the answer to FIRST_QUESTION leaves out, and how many of those it speaks of have their next scan due."""
    return Progressions(*only_row(connection.execute(_PROGRESSIONS)))

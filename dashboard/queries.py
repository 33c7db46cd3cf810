"""What the pages ask the database: views of the schema `scanstream` only, each page from one snapshot."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
import streamlit as st

from stream.errors import CannotStart
from stream.settings import Settings, load_settings
from stream.storage import database

ROLE = "dashboard"
AWAY = (CannotStart, pd.errors.DatabaseError, database.ReaderOutage)
"""Never started or not migrated, gone while it answered, gone before it was asked."""
SET_ASIDES_SHOWN, SCANS_SHOWN = 50, 25

CURRENT = """
SELECT c.*, p.risk AS previous_risk, p.acquired_at AS previous_at, p.weights_version AS previous_weights
FROM scanstream.current_risk c LEFT JOIN LATERAL (
  SELECT h.risk, h.acquired_at, h.weights_version FROM scanstream.risk_history h
  WHERE h.patient_id = c.patient_id AND h.endpoint = c.endpoint AND h.horizon_kind = c.horizon_kind
    AND h.horizon_days IS NOT DISTINCT FROM c.horizon_days AND h.superseded_at IS NULL AND h.role = 'lead'
    AND (h.acquired_at, h.scan_uid) < (c.acquired_at, c.scan_uid)
  ORDER BY h.acquired_at DESC, h.scan_uid DESC LIMIT 1) p ON true"""
LAST_SCANS = """
SELECT patient_id, max(acquired_at) AS last_scan_at FROM scanstream.scan_status WHERE status = 'applied' GROUP BY 1"""
WITHOUT_FORECAST = """
SELECT DISTINCT ON (s.patient_id) s.patient_id, s.status, s.reason_code, s.reason, s.accepted_at
FROM scanstream.scan_status s
WHERE NOT EXISTS (SELECT FROM scanstream.current_risk c WHERE c.patient_id = s.patient_id)
ORDER BY s.patient_id, s.accepted_at DESC"""
HISTORY = "SELECT * FROM scanstream.risk_history WHERE patient_id = %(patient)s ORDER BY acquired_at, scan_uid"
TRAJECTORY = "SELECT * FROM scanstream.trajectory WHERE patient_id = %(patient)s ORDER BY acquired_at, scan_uid"
TREATMENTS = "SELECT * FROM scanstream.treatments WHERE patient_id = %(patient)s ORDER BY start_at, name"
LATEST = """
SELECT * FROM (SELECT *, rank() OVER (PARTITION BY {of} ORDER BY acquired_at DESC, scan_uid DESC) AS place
  FROM scanstream.{view} WHERE patient_id = %(patient)s AND superseded_at IS NULL AND role = 'lead') f
WHERE place = 1 ORDER BY {of}"""
SIZES = LATEST.format(view="size_forecast", of="measurement, lesion_uid") + ", horizon_days, level"
RESPONSES = LATEST.format(view="response_probability", of="criterion")
SCANS = "SELECT * FROM scanstream.scan_status WHERE patient_id = %(patient)s ORDER BY accepted_at DESC, revision DESC"
SERVICE = "SELECT *, now() AS now FROM scanstream.service_status"
REVISIONS = "SELECT status, count(*) AS revisions FROM scanstream.scan_status GROUP BY status"
LATEST_SCANS = "SELECT * FROM scanstream.scan_status ORDER BY accepted_at DESC, scan_uid, revision DESC LIMIT %(limit)s"
SET_ASIDE = """
SELECT *, count(*) FILTER (WHERE decision IS NULL) OVER () AS undecided FROM scanstream.set_aside
ORDER BY decided_at DESC NULLS FIRST, set_aside_at DESC LIMIT %(limit)s"""
MODEL_CARDS = "SELECT * FROM scanstream.model_card ORDER BY jsonb_array_length(leads) = 0, model, active_since"


class DatabaseAway(Exception):
    """Postgres cannot be asked at the moment; the message says why, for the log."""


class Reader:
    """Reads as the role `dashboard`; all that one Reader reads is of the same moment."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.now: pd.Timestamp = self._read("SELECT now() AS now").now[0]

    def worklist(self) -> pd.DataFrame:
        """A row per current forecast, with the one of the scan before and `change`: risk now minus risk then."""
        rows = _with_change(self._read(CURRENT)).merge(self._read(LAST_SCANS), on="patient_id", how="left")
        rows["last_scan_at"] = rows.last_scan_at.fillna(rows.acquired_at)
        return rows

    def current(self, patient: str) -> pd.DataFrame:
        """The worklist's rows of one patient, the main forecast first."""
        return _with_change(self._read(CURRENT + " WHERE c.patient_id = %(patient)s", patient=patient))

    def without_forecast(self) -> pd.DataFrame:
        """A row per patient who has no current forecast: how far the newest scan came and why."""
        return self._read(WITHOUT_FORECAST).merge(self._read(LAST_SCANS), on="patient_id", how="left")

    def history(self, patient: str) -> pd.DataFrame:
        """Every forecast shown under this patient, by date of its scan."""
        return self._read(HISTORY, patient=patient)

    def trajectory(self, patient: str) -> pd.DataFrame:
        """The measured values of the patient's standing scans, by date."""
        return self._read(TRAJECTORY, patient=patient)

    def sizes(self, patient: str) -> pd.DataFrame:
        """The sizes forecast after the patient's latest scan that has such a forecast: a row per day and level."""
        return self._read(SIZES, patient=patient)

    def responses(self, patient: str) -> pd.DataFrame:
        """The probabilities of the best response after the latest scan that has them: a row per category."""
        return self._read(RESPONSES, patient=patient)

    def treatments(self, patient: str) -> pd.DataFrame:
        """The patient's treatments, by start."""
        return self._read(TREATMENTS, patient=patient)

    def scans(self, patient: str) -> pd.DataFrame:
        """Every revision of the patient's scans, the newest first."""
        return self._read(SCANS, patient=patient)

    def service(self) -> pd.Series:
        """Counts of files, what is pending, and when something last arrived or was folded."""
        return self._read(SERVICE).iloc[0]

    def revisions(self) -> dict[str, int]:
        """How many scan revisions have each status."""
        return dict(self._read(REVISIONS).itertuples(index=False, name=None))

    def latest_scans(self) -> pd.DataFrame:
        """The newest revisions, at most SCANS_SHOWN."""
        return self._read(LATEST_SCANS, limit=SCANS_SHOWN)

    def set_aside(self) -> pd.DataFrame:
        """What was set aside, undecided first, at most SET_ASIDES_SHOWN; `undecided` counts all of them."""
        return self._read(SET_ASIDE, limit=SET_ASIDES_SHOWN)

    def model_cards(self) -> pd.DataFrame:
        """Weights in service with their cards, those that lead first."""
        return self._read(MODEL_CARDS)

    def _read(self, sql: str, **values: object) -> pd.DataFrame:
        rows = pd.read_sql_query(sql, self._connection, params=values or None)
        words = rows.select_dtypes(["object", "string"])
        rows[words.columns] = words.astype(object).where(words.notna(), None)
        return rows


@contextmanager
def reader() -> Iterator[Reader]:
    """A Reader of one snapshot; raises DatabaseAway while Postgres cannot be asked."""
    try:
        pool = _pool(load_settings(), ROLE)
        with pool.connect().execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        ) as connection:
            yield Reader(connection)
    except AWAY as error:
        raise DatabaseAway(str(error).splitlines()[0]) from error


def _with_change(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(change=rows.risk - rows.previous_risk.astype(float))


@st.cache_resource(hash_funcs={Settings: lambda settings: database.database_url(settings, ROLE)})
def _pool(settings: Settings, role: str) -> Any:
    return database.engine(settings, role)

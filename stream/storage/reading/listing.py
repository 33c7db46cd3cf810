"""Lists that people read page by page: filtered, sorted, counted and cut in SQL, over the views of `scanstream`."""

from typing import Any, NamedTuple

from psycopg.rows import dict_row

from stream.storage.database import Connection
from stream.storage.reading.views import Row

_OF_WHOM = """(%(patients)s::text[] IS NULL OR {row}.patient_id = ANY(%(patients)s))
  AND (%(endpoint)s::text IS NULL OR {row}.endpoint = %(endpoint)s)
  AND (%(disease)s::text IS NULL OR {row}.patient_id IN (
    SELECT e.patient_id FROM scanstream.enrolment e WHERE e.disease = lower(%(disease)s)))"""
RISKS = f"""SELECT c.*, a.risk AS risk_ahead, a.risk_low AS risk_ahead_low, a.risk_high AS risk_ahead_high
FROM scanstream.current_risk c LEFT JOIN scanstream.risk_ahead() a
  USING (patient_id, endpoint, weights_version, scan_uid, horizon_days)
WHERE {_OF_WHOM.format(row="c")} AND (%(horizon)s::int IS NULL OR c.horizon_days = %(horizon)s)"""
RISK_ORDER = """endpoint <> 'progression', endpoint,
  max(risk) OVER (PARTITION BY endpoint, patient_id) DESC, patient_id, horizon_kind <> 'next_visit', horizon_days"""
CLOSED = f"""SELECT q.* FROM (
  SELECT DISTINCT ON (s.patient_id, s.endpoint) s.* FROM scanstream.endpoint_status s
  WHERE s.superseded_at IS NULL AND {_OF_WHOM.format(row="s")}
  ORDER BY s.patient_id, s.endpoint, s.line DESC) q
WHERE q.status <> 'open'"""
SET_ASIDE = """SELECT * FROM scanstream.set_aside
WHERE item_id = cause AND (%(reason)s::text IS NULL OR reason_code = %(reason)s)
  AND (%(sender)s::text IS NULL OR upper(sender) = upper(%(sender)s)) AND (NOT %(waiting)s OR decision IS NULL)"""


class PageChoice(NamedTuple):
    """Which rows of a list are shown: the page, from 1, of `limit` rows each; without a limit all."""

    limit: int | None = None
    page: int = 1


class Listing(NamedTuple):
    """The `rows` of one page, every column by its name, and how many there are on all pages (0 beyond the last)."""

    rows: list[Row]
    total: int


class RiskFilter(NamedTuple):
    """Whose risks, of what, within how many days; None: any."""

    patients: list[str] | None = None
    disease: str | None = None
    endpoint: str | None = None
    horizon: int | None = None


class SetAsideFilter(NamedTuple):
    """Set aside for which reason code, sent by which AE title (None: any); `waiting`: nobody has decided yet."""

    reason: str | None = None
    sender: str | None = None
    waiting: bool = False


def current_risks(connection: Connection, wanted: RiskFilter, choice: PageChoice) -> Listing:
    """Rows of current_risk, each with what is left of it today, by endpoint: the patient with the highest risk first.

    The horizons of a patient follow each other, the nearest first.
    """
    return _listing(connection, RISKS, RISK_ORDER, wanted, choice)


def closed_questions(connection: Connection, wanted: RiskFilter, choice: PageChoice) -> Listing:
    """Questions of the current lines that are not open, by patient; whatever horizon is wanted."""
    return _listing(connection, CLOSED, "patient_id, endpoint", wanted, choice)


def set_aside_causes(connection: Connection, wanted: SetAsideFilter, choice: PageChoice) -> Listing:
    """Rows of set_aside, one for each cause, newest first."""
    return _listing(connection, SET_ASIDE, "set_aside_at DESC, item_id", wanted, choice)


def _listing(
    connection: Connection, query: str, order: str, wanted: RiskFilter | SetAsideFilter, choice: PageChoice
) -> Listing:
    values: dict[str, Any] = {**wanted._asdict(), "limit": choice.limit}
    values["offset"] = (choice.page - 1) * choice.limit if choice.limit else 0
    text = f"""SELECT l.*, count(*) OVER () AS of_all FROM ({query}) l ORDER BY {order}
    LIMIT %(limit)s OFFSET %(offset)s"""
    rows = connection.cursor(row_factory=dict_row).execute(text, values).fetchall()
    totals = [row.pop("of_all") for row in rows]
    return Listing(rows, totals[0] if totals else 0)

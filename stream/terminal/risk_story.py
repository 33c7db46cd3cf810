"""Risks as a person reads them: a row for each forecast in words, and why there is none of what is not forecast."""

from collections.abc import Mapping
from typing import Any

from stream.percentages import interval, percent
from stream.terminal.days import PatientDays

Row = Mapping[str, Any]

HORIZONS = {"next_visit": "at the next visit", "end_of_treatment": "at the end of treatment", "now": "now"}
ANSWERED = {"occurred": "observed", "known": "known already"}
"""What became of a question that has its answer; others are closed without one."""
RISK_COLUMNS = (
    "patient",
    "line",
    "forecast",
    "risk",
    "90 % interval",
    "scan of",
    "until",
    "from today",
    "model",
    "remark",
)
CLOSED_COLUMNS = ("patient", "line", "question", "is", "since", "because")


def within(forecast: Row) -> str:
    """How far ahead: `within 180 days`, `at the next visit`."""
    days = forecast["horizon_days"]
    return f"within {days} days" if days else HORIZONS[forecast["horizon_kind"]]


def risk_row(row: Row, days: PatientDays) -> dict[str, Any]:
    """A row of current_risk with what is left of it today."""
    remarks = (("stale", row["stale"]), ("provisional", row["provisional"]))
    cells = (
        row["patient_id"],
        row["line"],
        f"{row['endpoint']} {within(row)}",
        percent(row["risk"]),
        interval(row["risk_low"], row["risk_high"]),
        days.of(row["patient_id"], row["acquired_at"]),
        days.of(row["patient_id"], row["valid_until"]),
        "" if row["risk_ahead"] is None else percent(row["risk_ahead"]),
        row["model"],
        ", ".join(word for word, is_so in remarks if is_so),
    )
    return dict(zip(RISK_COLUMNS, cells, strict=True))


def closed_row(row: Row, days: PatientDays) -> dict[str, Any]:
    """A row of endpoint_status of a question that is not open."""
    became, since = answered(row["status"]), days.of(row["patient_id"], row["since"])
    cells = (row["patient_id"], row["line"], row["endpoint"], became, since, row["because"])
    return dict(zip(CLOSED_COLUMNS, cells, strict=True))


def answered(status: str) -> str:
    """What became of a question that is not open."""
    return ANSWERED.get(status, "not asked")

"""The rows that pages walk through one by one, by the names of their columns."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import pandas as pd

from stream.vocabulary import Decision, ReasonCode, Status

Row = TypeVar("Row")


class WorklistRow(NamedTuple):
    """A forecast that stands now; `change`: its risk minus that of the scan before, NaN where there is none."""

    patient_id: str
    endpoint: str
    horizon_kind: str
    horizon_days: float | None
    risk: float
    risk_low: float
    risk_high: float
    provisional: bool
    weights_version: str
    computed_at: dt.datetime
    previous_risk: float
    previous_weights: str | None
    change: float
    last_scan_at: dt.datetime
    last_scan_local: dt.datetime


class ClosedQuestion(NamedTuple):
    """A question that is not open in a line of therapy, and since when; NaT where no day is known."""

    question: str
    question_status: str
    since: dt.datetime | None
    line: int


class WaitingRow(NamedTuple):
    """A patient without a forecast: how far the newest scan came, why, and the question that is not open (or None)."""

    patient_id: str
    status: Status
    reason: str | None
    last_scan_at: dt.datetime | None
    last_scan_local: dt.datetime | None
    question: str | None
    question_status: str
    since: dt.datetime | None
    line: float


class ForecastCard(NamedTuple):
    """A forecast of one patient that stands now."""

    endpoint: str
    horizon_kind: str
    horizon_days: float | None
    risk: float
    risk_low: float
    risk_high: float
    provisional: bool
    change: float


class SetAsideRow(NamedTuple):
    """What was set aside for one cause, and what people want and decided; `files`: how many items that are."""

    item_id: str
    files: int
    kind: str
    sender: str | None
    scan_uid: str | None
    reason_code: ReasonCode
    reason: str
    set_aside_at: dt.datetime
    why_not: str | None
    wanted: Decision | None
    wanted_by: str | None
    wanted_at: dt.datetime | None
    answer: str | None
    decision: Decision | None
    decided_by: str | None
    decided_at: dt.datetime | None


class WeightsRow(NamedTuple):
    """Weights in service with their card; `leads`: endpoint and disease of what they lead for."""

    model: str
    weights_version: str
    active_since: str
    leads: Sequence[Mapping[str, str]]
    card: Mapping[str, Any]


def rows_of(frame: pd.DataFrame, kind: type[Row]) -> list[Row]:
    """The rows of `frame` as `kind`, a NamedTuple of some of its columns; none of a table without rows."""
    if frame.empty:
        return []
    columns = list(kind.__annotations__)
    return [kind(*values) for values in frame[columns].itertuples(index=False, name=None)]

"""The rows that pages walk through one by one, by the names of their columns."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import pandas as pd

from stream.vocabulary import Decision, ReasonCode

Row = TypeVar("Row")


class WorklistRow(NamedTuple):
    """A patient on the worklist, as scanstream.worklist says; None where there is nothing to say."""

    patient_id: str
    need: str
    disease: str | None
    trial: str | None
    arm: str | None
    line: int | None
    response: str | None
    criterion: str | None
    response_at: dt.datetime | None
    progressed_at: dt.datetime | None
    percent_from_nadir: float | None
    percent_from_baseline: float | None
    sum_now: float | None
    nadir_sum: float | None
    nadir_at: dt.datetime | None
    new_lesions: int | None
    endpoint: str | None
    question: str | None
    question_since: dt.datetime | None
    horizon_kind: str | None
    horizon_days: int | None
    risk: float | None
    risk_low: float | None
    risk_high: float | None
    risk_at: dt.datetime | None
    valid_until: dt.datetime | None
    risk_before: float | None
    risk_before_at: dt.datetime | None
    weights_version: str | None
    weights_before: str | None
    provisional: bool | None
    last_scan_at: dt.datetime | None
    last_scan_local: dt.datetime | None
    due_at: dt.datetime | None
    overdue: bool
    stale: bool
    on_the_way: int
    undecided: int
    doubtful_lesions: int
    is_new: bool
    acknowledged_at: dt.datetime | None
    acknowledged_by: str | None
    note: str | None
    died: bool
    died_at: dt.datetime | None


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
    acquired_at: dt.datetime
    valid_until: dt.datetime | None
    stale: bool


class SetAsideRow(NamedTuple):
    """What was set aside for one cause, and what people want and decided; `files`: how many items that are."""

    item_id: str
    files: int
    kind: str
    sender: str | None
    scan_uid: str | None
    patient_id: str | None
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


class ProcessRow(NamedTuple):
    """A process that runs, or went within a day without having ended in order; `spooled` is None or NaN without one."""

    name: str
    part: str
    device: str | None
    version: str
    started_at: dt.datetime
    heard_at: dt.datetime
    is_heard: bool
    spooled: float | None


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

"""At which visits which questions are open, or were until something came after: now, and as the standing rows have it.

Forecasts of an open question stand. Those of a question that only something after the visit closed were made and ended.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from models.criteria.recist import RECIST
from models.forecast import Forecast, ResponseForecast, RiskForecast
from stream.timeline.entries import CLOSED_ARE_ASKED, StandingCourseRow
from stream.timeline.questions import PROGRESSION, RESPONSE, QuestionStatus
from stream.vocabulary import Cause

ENDED_BY_EVENT = (QuestionStatus.OCCURRED, QuestionStatus.KNOWN)
ONCE_OPEN = (*ENDED_BY_EVENT, QuestionStatus.CLOSED)
"""Of a question that could be asked until something came; the other statuses say that it never could."""


class VisitPlace(NamedTuple):
    """The line and the time of a visit."""

    line: int
    at: dt.datetime


class StatusSince(NamedTuple):
    """The status of a question, and since when; None: on no day that is known."""

    status: QuestionStatus
    since: dt.datetime | None


_OPEN = StatusSince(QuestionStatus.OPEN, None)


@dataclass(frozen=True)
class OpenQuestions:
    """`visits` by scan_uid, `statuses` by line and endpoint; what neither tells is open.

    `measured`: the lines whose baseline has a sum of diameters; in others nothing is asked of lesions.
    `by_first_rules`: nothing was written of questions that were closed already.
    """

    visits: Mapping[str, VisitPlace]
    statuses: Mapping[tuple[int, str], StatusSince]
    measured: frozenset[int]
    by_first_rules: bool = False

    def status(self, scan_uid: str, endpoint: str) -> QuestionStatus:
        """Of an endpoint in the line of a visit."""
        return self._told(scan_uid, endpoint).status

    def is_open(self, scan_uid: str, endpoint: str) -> bool:
        """Whether forecasts of the endpoint stand at a visit."""
        return self.status(scan_uid, endpoint) is QuestionStatus.OPEN

    def was_open(self, scan_uid: str, endpoint: str) -> bool:
        """Whether it is closed, but by nothing that lay before a visit.

        Another line begins after all visits of its own; what has no known day lies before none.
        """
        status, since = self._told(scan_uid, endpoint)
        if status not in ONCE_OPEN or self.by_first_rules:
            return False
        line, at = self.visits[scan_uid]
        can_be_asked = endpoint not in (PROGRESSION, RESPONSE) or line in self.measured
        return can_be_asked and (since is None or at < since)

    def in_last_line(self, scan_uid: str) -> bool:
        """Whether anything may still be open at a visit."""
        return scan_uid not in self.visits or self.visits[scan_uid].line == self._last_line

    @cached_property
    def _last_line(self) -> int:
        return max((line for line, _ in self.statuses), default=1)

    def stands(self, scan_uid: str, forecast: Forecast) -> bool:
        """Whether a forecast made at a visit stands; sizes can always be measured."""
        endpoint = endpoint_of(forecast)
        return endpoint is None or self.is_open(scan_uid, endpoint)

    def ended(self, scan_uid: str, forecast: Forecast) -> bool:
        """Whether a forecast made at a visit stood until its question was closed."""
        endpoint = endpoint_of(forecast)
        return endpoint is not None and self.was_open(scan_uid, endpoint)

    def closed_by(self, scan_uid: str, endpoint: str, cause: Cause) -> Cause:
        """Why forecasts of a question that is not open end: what was asked of happened, or another line began.

        Of one that cannot be asked after all the `cause` of the fold, unless that is a mere arrival.
        """
        status = self.status(scan_uid, endpoint)
        if status in ENDED_BY_EVENT:
            return Cause.OCCURRED
        if status is not QuestionStatus.CLOSED and cause is not Cause.ARRIVAL:
            return cause
        return Cause.OCCURRED if self.in_last_line(scan_uid) else Cause.TREATMENT

    def are_missing(self, before: "OpenQuestions", scan_uid: str, endpoint: str) -> bool:
        """Whether forecasts of an endpoint must stand, or have been made, at a visit where by `before` they did not."""
        if self.is_open(scan_uid, endpoint):
            return not before.is_open(scan_uid, endpoint)
        made = before.is_open(scan_uid, endpoint) or before.was_open(scan_uid, endpoint)
        return self.was_open(scan_uid, endpoint) and not made

    def told_otherwise(self, before: "OpenQuestions", scan_uids: Collection[str]) -> set[str]:
        """Those of the visits of which anything is told that `before` does not tell."""
        rules = self.statuses, self.measured, self.by_first_rules
        if rules != (before.statuses, before.measured, before.by_first_rules):
            return set(scan_uids)
        if before.visits.keys() >= set(scan_uids) and before.visits.items() <= self.visits.items():
            return set()
        return {uid for uid in scan_uids if self.visits.get(uid) != before.visits.get(uid)}

    def _told(self, scan_uid: str, endpoint: str) -> StatusSince:
        visit = self.visits.get(scan_uid)
        return _OPEN if visit is None else self.statuses.get((visit.line, endpoint), _OPEN)


def endpoint_of(forecast: Forecast) -> str | None:
    """The question that a forecast answers: the best response is settled with the first progression."""
    if isinstance(forecast, RiskForecast):
        return forecast.endpoint
    return PROGRESSION if isinstance(forecast, ResponseForecast) else None


def as_they_stand(rows: Iterable[StandingCourseRow]) -> OpenQuestions:
    """What was open by the rows that stand; the first rules made no forecasts of what was closed already."""
    of_tables: dict[str, list[Mapping[str, Any]]] = {}
    for each in rows:
        of_tables.setdefault(each.row.table, []).append(each.row.values)
    return OpenQuestions(
        {row["scan_uid"]: VisitPlace(row["line"], row["at"]) for row in of_tables.get("visits", ())},
        {
            (row["line"], row["endpoint"]): StatusSince(QuestionStatus(row["status"]), row["since"])
            for row in of_tables.get("endpoint_statuses", ())
        },
        frozenset(row["line"] for row in of_tables.get("responses", ()) if _is_measured_baseline(row)),
        any(row["rules"] < CLOSED_ARE_ASKED for row in of_tables.get("visits", ())),
    )


def _is_measured_baseline(row: Mapping[str, Any]) -> bool:
    of_baseline = row["criterion"] == RECIST.name and row["category"] is None
    return of_baseline and row["sum_of_diameters"] is not None

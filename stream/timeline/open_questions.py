"""At which visits which questions are open, and so which forecasts stand: now, and as the standing rows have it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from models.forecast import Forecast, ResponseForecast, RiskForecast
from stream.timeline.entries import StandingCourseRow
from stream.timeline.questions import PROGRESSION, QuestionStatus

ENDED_BY_EVENT = (QuestionStatus.OCCURRED, QuestionStatus.KNOWN)


@dataclass(frozen=True)
class OpenQuestions:
    """`line_of` a visit by its scan_uid, `status_of` an endpoint in a line; what neither tells is open."""

    line_of: Mapping[str, int]
    status_of: Mapping[tuple[int, str], QuestionStatus]

    def status(self, scan_uid: str, endpoint: str) -> QuestionStatus:
        """Of an endpoint in the line of a visit."""
        line = self.line_of.get(scan_uid)
        return QuestionStatus.OPEN if line is None else self.status_of.get((line, endpoint), QuestionStatus.OPEN)

    def is_open(self, scan_uid: str, endpoint: str) -> bool:
        """Whether forecasts of the endpoint stand at a visit."""
        return self.status(scan_uid, endpoint) is QuestionStatus.OPEN

    def stands(self, scan_uid: str, forecast: Forecast) -> bool:
        """Whether a forecast made at a visit stands; sizes can always be measured."""
        endpoint = endpoint_of(forecast)
        return endpoint is None or self.is_open(scan_uid, endpoint)


def endpoint_of(forecast: Forecast) -> str | None:
    """The question that a forecast answers: the best response is settled with the first progression."""
    if isinstance(forecast, RiskForecast):
        return forecast.endpoint
    return PROGRESSION if isinstance(forecast, ResponseForecast) else None


def as_they_stand(rows: Iterable[StandingCourseRow]) -> OpenQuestions:
    """What was open by the rows that stand."""
    values: list[tuple[str, Mapping[str, Any]]] = [(each.row.table, each.row.values) for each in rows]
    line_of = {row["scan_uid"]: row["line"] for table, row in values if table == "visits"}
    of_lines = [row for table, row in values if table == "endpoint_statuses"]
    return OpenQuestions(line_of, {(row["line"], row["endpoint"]): QuestionStatus(row["status"]) for row in of_lines})

"""How every patient's risks shift under other weights, and which are nearer to the outcomes that are known."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from models.judging.comparison import Followed, Judged, judge_both, shift_quantiles
from stream.services.comparing.shifts import Shifts, by_question, quantile_line
from stream.storage.database import Connection

Question = tuple[str, str, int | None]
"""endpoint, horizon_kind, horizon_days"""


@dataclass(frozen=True)
class Compared:
    """One question of both weights, at the latest timepoints and judged against outcomes."""

    question: Question
    shifts: Shifts
    judged: Judged

    @property
    def quantiles(self) -> dict[str, float]:
        """Of the shifts of the risk, new minus old."""
        return shift_quantiles(self.shifts.new_minus_old)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        endpoint, horizon_kind, horizon_days = self.question
        return {
            "endpoint": endpoint, "horizon_kind": horizon_kind, "horizon_days": horizon_days,
            **self.shifts.to_json(), "shift": self.quantiles,
            "largest": [{"patient_id": who, "old": old, "new": new} for who, old, new in self.shifts.largest],
            "outcomes": self.judged.to_json(),
        }  # fmt: skip

    def __str__(self) -> str:
        endpoint, horizon_kind, horizon_days = self.question
        within = f"within {horizon_days} days" if horizon_kind == "days" else horizon_kind.replace("_", " ")
        return "\n".join([
            f"{endpoint} {within}: {self.shifts}", f"  shift  {quantile_line(self.quantiles, 3)}",
            *(f"  {who}  {old:.3f} → {new:.3f}  ({new - old:+.3f})" for who, old, new in self.shifts.largest),
            f"  outcomes: {self.judged.patients} patients, {self.judged.with_event} with the event, "
            f"{self.judged.visits} visits before it", *(f"  {one}" for one in self.judged.measures),
        ])  # fmt: skip


def compare(connection: Connection, versions: dict[str, str]) -> list[Compared]:
    """Every question that one of `versions` ("new" and "old") answers for somebody."""
    followed = dict(_followed(connection, versions))
    rows = connection.execute(TIPS, versions).fetchall()
    return [
        Compared(question, shifts, _judged(question, followed.get(question)))
        for question, shifts in by_question(rows, 3)
    ]


def _judged(question: Question, followed: Followed | None) -> Judged:
    return Judged(0, 0, 0, ()) if followed is None else judge_both(followed, question[2])


def _followed(connection: Connection, versions: dict[str, str]) -> Iterator[tuple[Question, Followed]]:
    """Visits of which it is known what followed, by question."""
    rows = connection.execute(FOLLOWED, versions).fetchall()
    for question, group in groupby(rows, key=lambda row: row[:3]):
        patients, new, old, days, event = zip(*(row[3:] for row in group), strict=True)
        yield question, Followed(
            np.unique(patients, return_inverse=True)[1], np.array([new, old]).T,
            np.array(days, dtype=float), np.array(event),
        )  # fmt: skip


TIPS = """WITH new AS (SELECT * FROM core.forecasts WHERE tip AND weights_version = %(new)s),
old AS (SELECT * FROM core.forecasts WHERE tip AND weights_version = %(old)s)
SELECT coalesce(new.endpoint, old.endpoint), coalesce(new.horizon_kind, old.horizon_kind),
  coalesce(new.horizon_days, old.horizon_days), coalesce(new.patient_id, old.patient_id), new.risk, old.risk
FROM new FULL JOIN old ON old.scan_uid = new.scan_uid AND old.endpoint = new.endpoint
  AND old.horizon_kind = new.horizon_kind AND coalesce(old.horizon_days, 0) = coalesce(new.horizon_days, 0)
ORDER BY 1, 2, 3, 4"""

FOLLOWED = """WITH told AS (
  SELECT DISTINCT ON (outcome_id) * FROM core.outcomes ORDER BY outcome_id, revision DESC),
outcome AS (
  SELECT DISTINCT ON (core.root(received_as), endpoint) core.root(received_as) AS patient_id, endpoint, at, event
  FROM told WHERE NOT withdrawn
  ORDER BY core.root(received_as), endpoint, event DESC, CASE WHEN event THEN at END, at DESC NULLS LAST)
SELECT n.endpoint, n.horizon_kind, n.horizon_days, n.patient_id, n.risk, o.risk,
  extract(epoch FROM w.at - n.at) / 86400, w.event
FROM core.forecasts n JOIN core.forecasts o ON o.scan_uid = n.scan_uid AND o.endpoint = n.endpoint
  AND o.horizon_kind = n.horizon_kind AND o.horizon_days IS NOT DISTINCT FROM n.horizon_days
JOIN outcome w ON w.patient_id = n.patient_id AND w.endpoint = n.endpoint
WHERE n.weights_version = %(new)s AND o.weights_version = %(old)s
  AND n.superseded_by IS NULL AND o.superseded_by IS NULL
  AND (n.horizon_kind = 'days' AND w.at > n.at OR n.horizon_kind = 'end_of_treatment' AND (w.at > n.at) IS NOT FALSE)
ORDER BY 1, 2, 3, 4, n.at"""
"""Standing forecasts of both at visits before the outcome; of several records of one patient the first event counts."""

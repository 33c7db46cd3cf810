"""What would change if other weights led: the shift of every patient's risk, and which are nearer to what happened."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from models.comparison import Followed, Judged, judge_both, shift_quantiles
from stream.errors import AnswerIsNo, WrongUse
from stream.storage import weights
from stream.storage.database import Connection

LARGEST = 10
"""Patients whose risk shifts most that are named."""

Question = tuple[str, str, int | None]
"""endpoint, horizon_kind, horizon_days"""


@dataclass(frozen=True)
class Compared:
    """One question of both weights at the latest timepoints: shifts are new minus old, the largest first.

    `only_new`, `only_old`: patients who have such a forecast of one of them only.
    """

    question: Question
    patients: int
    only_new: int
    only_old: int
    quantiles: dict[str, float]
    largest: tuple[tuple[str, float, float], ...]  # patient_id, old risk, new risk
    judged: Judged

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        endpoint, horizon_kind, horizon_days = self.question
        return {
            "endpoint": endpoint, "horizon_kind": horizon_kind, "horizon_days": horizon_days,
            "patients": self.patients, "only_new": self.only_new, "only_old": self.only_old, "shift": self.quantiles,
            "largest": [{"patient_id": who, "old": old, "new": new} for who, old, new in self.largest],
            "outcomes": {
                "patients": self.judged.patients, "with_event": self.judged.with_event, "visits": self.judged.visits,
                "measures": [one.to_json() for one in self.judged.measures],
            },
        }  # fmt: skip

    def __str__(self) -> str:
        endpoint, horizon_kind, horizon_days = self.question
        within = f"within {horizon_days} days" if horizon_kind == "days" else horizon_kind.replace("_", " ")
        shifts = "  ".join(f"{name} {value:+.3f}" for name, value in self.quantiles.items())
        return "\n".join([
            f"{endpoint} {within}: {self.patients} patients with both, {self.only_new} with the new only, "
            f"{self.only_old} with the old only", f"  shift  {shifts}",
            *(f"  {who}  {old:.3f} → {new:.3f}  ({new - old:+.3f})" for who, old, new in self.largest),
            f"  outcomes: {self.judged.patients} patients, {self.judged.with_event} with the event, "
            f"{self.judged.visits} visits before it", *(f"  {one}" for one in self.judged.measures),
        ])  # fmt: skip


def leading_beside(connection: Connection, version: str) -> str:
    """What leads for everything that `version` forecasts; AnswerIsNo or WrongUse where that is not one other set."""
    pairs = weights.known(connection)[version].card.pairs
    leading = {one.weights_version for one in weights.leads(connection) if one.until is None and one.pair in pairs}
    if not leading:
        raise AnswerIsNo("Nothing leads for what these weights forecast: there is nothing to compare them with.")
    if leading == {version}:
        raise WrongUse("These weights lead themselves: name those to compare them with.")
    if len(leading) > 1:
        raise WrongUse("Several weights lead for what these forecast: name those to compare them with.")
    return leading.pop()


def compare(connection: Connection, new: str, old: str) -> list[Compared]:
    """Every question that both answer for somebody; AnswerIsNo where there is none."""
    connection.execute("SET transaction_timeout = 0")  # it only reads, and locks nothing
    versions = {"new": new, "old": old}
    followed = dict(_followed(connection, versions))
    rows = connection.execute(TIPS, versions).fetchall()
    found = [
        _compared(question, [row[3:] for row in group], followed.get(question))
        for question, group in groupby(rows, key=lambda row: row[:3])
    ]
    if not any(one.patients for one in found):
        raise AnswerIsNo("No patient has forecasts of both weights: there is nothing to compare.")
    return found


def _compared(
    question: Question, rows: Sequence[tuple[str, float | None, float | None]], followed: Followed | None
) -> Compared:
    both = [(who, new, old) for who, new, old in rows if new is not None and old is not None]
    shifts = np.array([new - old for _, new, old in both])
    largest = sorted(both, key=lambda row: (-abs(row[1] - row[2]), row[0]))[:LARGEST]
    return Compared(
        question,
        len(both),
        sum(old is None for _, _, old in rows),
        sum(new is None for _, new, _ in rows),
        shift_quantiles(shifts) if both else {},
        tuple((who, old, new) for who, new, old in largest),
        Judged(0, 0, 0, ()) if followed is None else judge_both(followed, question[2]),
    )


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

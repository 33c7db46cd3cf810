"""How every patient's risks shift under other weights, and which are nearer to the outcomes that are known."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from models.judging.comparison import FollowedVisits, RiskMeasures, judge_both, shift_quantiles
from stream.services.comparing.shifts import Shifts, by_question, quantile_line
from stream.storage.database import Connection
from stream.storage.folding.comparisons import (
    FollowedRisk,
    RiskQuestion,
    WeightsPair,
    followed_risks,
    latest_risks,
)


@dataclass(frozen=True)
class RiskComparison:
    """One question of both weights, at the latest timepoints and judged against outcomes."""

    question: RiskQuestion
    shifts: Shifts[float]
    judged: RiskMeasures

    @property
    def of_both(self) -> bool:
        """Whether both answer or answered it for anybody."""
        return bool(self.shifts.both or self.judged.visits)

    @property
    def quantiles(self) -> dict[str, float]:
        """Of the shifts of the risk, new minus old."""
        return shift_quantiles(self.shifts.new_minus_old)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            **self.question._asdict(),
            **self.shifts.to_json(),
            "shift": self.quantiles,
            "largest": [shift._asdict() for shift in self.shifts.largest],
            "outcomes": self.judged.to_json(),
        }

    def __str__(self) -> str:
        endpoint, horizon_kind, horizon_days = self.question
        within = f"within {horizon_days} days" if horizon_kind == "days" else horizon_kind.replace("_", " ")
        lines = [f"{endpoint} {within}: {self.shifts}", f"  shift  {quantile_line(self.quantiles, 3)}"]
        lines += [f"  {who}  {old:.3f} → {new:.3f}  ({new - old:+.3f})" for who, old, new in self.shifts.largest]
        patients = f"{self.judged.patients} patients, {self.judged.with_event} with the event"
        lines.append(f"  outcomes: {patients}, {self.judged.visits} visits before it")
        lines += [f"  {measure}" for measure in self.judged.measures]
        return "\n".join(lines)


def compare(connection: Connection, weights: WeightsPair) -> list[RiskComparison]:
    """Every question that one of them answers for somebody, or that both answered before it was closed."""
    followed = dict(_followed(followed_risks(connection, weights)))
    shifts = dict(by_question(latest_risks(connection, weights)))
    return [
        RiskComparison(question, shifts.get(question, Shifts.of([])), _judged(question, followed.get(question)))
        for question in sorted(shifts.keys() | followed.keys(), key=_place)
    ]


def _place(question: RiskQuestion) -> tuple[str, str, float]:
    """What questions are sorted by; no horizon comes last."""
    endpoint, horizon_kind, horizon_days = question
    return endpoint, horizon_kind, math.inf if horizon_days is None else horizon_days


def _judged(question: RiskQuestion, followed: FollowedVisits | None) -> RiskMeasures:
    return RiskMeasures(0, 0, 0, ()) if followed is None else judge_both(followed, question.horizon_days)


def _followed(risks: Sequence[FollowedRisk]) -> Iterator[tuple[RiskQuestion, FollowedVisits]]:
    """Visits of which it is known what followed, by question."""
    for question, group in groupby(risks, key=lambda risk: risk.question):
        visits = list(group)
        patients = np.unique([visit.patient_id for visit in visits], return_inverse=True)[1]
        both = np.array([[visit.new for visit in visits], [visit.old for visit in visits]]).T
        days = np.array([visit.days for visit in visits], dtype=float)
        yield question, FollowedVisits(patients, both, days, np.array([visit.event for visit in visits]))

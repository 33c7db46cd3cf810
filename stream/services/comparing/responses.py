"""How the best responses forecast shift under other weights, and which are nearer to those that followed.

What followed is known from stored sums of diameters: a forecast of the best response is one of those sums too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.judging.comparison import FollowedVisits, RiskMeasures, judge_both, shift_quantiles
from models.response import CATEGORIES, CRITERION, best_response, still_open
from stream.services.comparing.shifts import Shifts, by_question, quantile_line
from stream.storage.database import Connection
from stream.storage.folding.comparisons import (
    FollowedResponse,
    WeightsPair,
    followed_responses,
    latest_responses,
)


@dataclass(frozen=True)
class ResponseComparison:
    """A criterion at the latest timepoints, and judged by the best response up to the next visit, by category.

    Shifts are of the four probabilities, in the order of CATEGORIES.
    """

    criterion: str
    shifts: Shifts[list[float]]
    judged: dict[str, RiskMeasures]

    @property
    def of_both(self) -> bool:
        """Whether both forecast it of anybody, or did before it was settled."""
        return bool(self.shifts.both or any(judged.visits for judged in self.judged.values()))

    @property
    def quantiles(self) -> dict[str, dict[str, float]]:
        """Of the shifts of each category's probability, new minus old."""
        shifts = self.shifts.new_minus_old.reshape(-1, len(CATEGORIES))
        return {category: shift_quantiles(each) for category, each in zip(CATEGORIES, shifts.T, strict=True)}

    def to_json(self) -> dict[str, Any]:
        """Plain values, by category."""
        return {
            "criterion": self.criterion,
            **self.shifts.to_json(),
            "shift": self.quantiles,
            "largest": [
                {"patient_id": who, "old": _by_category(old), "new": _by_category(new)}
                for who, old, new in self.shifts.largest
            ],
            "followed": {category: judged.to_json() for category, judged in self.judged.items()},
        }

    def __str__(self) -> str:
        lines = [f"best response by {self.criterion}: {self.shifts}"]
        lines += [f"  shift of {name}  {quantile_line(each, 3)}" for name, each in self.quantiles.items()]
        for who, *both in self.shifts.largest:
            each = zip(CATEGORIES, *both, strict=True)
            lines.append(f"  {who}" + "".join(f"  {name} {old:.3f} → {new:.3f}" for name, old, new in each))
        for category, judged in self.judged.items():
            patients = f"{judged.with_event} of {judged.patients} patients"
            lines.append(f"  {category} followed in {patients}, {judged.visits} visits")
            lines += [f"  {measure}" for measure in judged.measures]
        return "\n".join(lines)


def compare(connection: Connection, weights: WeightsPair) -> list[ResponseComparison]:
    """Every criterion by which one of them forecasts somebody's response, or both did before it was settled."""
    shifts = dict(by_question(latest_responses(connection, weights)))
    followed = followed_responses(connection, weights, CRITERION)
    return [
        ResponseComparison(
            criterion,
            shifts.get(criterion, Shifts.of([])),
            dict(_judged(followed)) if criterion == CRITERION else {},
        )
        for criterion in sorted(shifts.keys() | ({CRITERION} if followed else set()))
    ]


def _judged(followed: Sequence[FollowedResponse]) -> Iterator[tuple[str, RiskMeasures]]:
    """Each category as an event of its own, at visits that another followed and at which it was still open."""
    for at, category in enumerate(CATEGORIES):
        visits = [visit for visit in followed if category in still_open(visit.sums[:-1])]
        patients = np.unique([visit.patient_id for visit in visits], return_inverse=True)[1]
        both = np.array([[visit.new[at], visit.old[at]] for visit in visits]).reshape(-1, 2)
        came = np.array([best_response(visit.sums) == category for visit in visits], dtype=bool)
        yield category, judge_both(FollowedVisits(patients, both, np.full(len(visits), np.nan), came), None)


def _by_category(probabilities: list[float]) -> dict[str, float]:
    return dict(zip(CATEGORIES, probabilities, strict=True))

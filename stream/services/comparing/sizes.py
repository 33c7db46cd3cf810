"""How the sizes forecast shift under other weights, and which are nearer to what was measured later."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from models.judging.comparison import MeasuredSizes, SizeMeasures, judge_sizes, shift_quantiles
from models.judging.intervals import quantiles_of
from models.measurement import UNITS
from stream.services.comparing.shifts import Shifts, by_question, quantile_line
from stream.storage.database import Connection
from stream.storage.folding.comparisons import (
    MeasuredSize,
    SizeQuestion,
    WeightsPair,
    latest_sizes,
    measured_sizes,
)

# Visits come up to a week early or late. Wider than that, but less than half of the three weeks between the days that
# are forecast: no visit is the answer for two of them.
NEAR_DAYS = 10


@dataclass(frozen=True)
class SizeComparison:
    """A measurement on one coming day, at the latest timepoints and judged by what was measured within NEAR_DAYS of it.

    Shifts are in the unit of the measurement, as are its errors; a share of the old size would be none where that is 0.
    """

    question: SizeQuestion
    shifts: Shifts[float]
    judged: SizeMeasures

    @property
    def of_both(self) -> bool:
        """Whether both forecast it of anybody."""
        return bool(self.shifts.both)

    @property
    def quantiles(self) -> dict[str, float]:
        """Of the shifts, new minus old."""
        return shift_quantiles(self.shifts.new_minus_old)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        measurement, horizon_days = self.question
        return {
            "measurement": measurement,
            "unit": UNITS[measurement],
            "horizon_days": horizon_days,
            **self.shifts.to_json(),
            "shift": self.quantiles,
            "largest": [shift._asdict() for shift in self.shifts.largest],
            "measured": self.judged.to_json(),
        }

    def __str__(self) -> str:
        measurement, horizon_days = self.question
        name, unit = measurement.replace("_", " "), UNITS[measurement]
        lines = [f"{name} in {horizon_days} days: {self.shifts}"]
        lines.append(f"  shift in {unit}  {quantile_line(self.quantiles, 1)}")
        lines += [f"  {who}  {old:.1f} → {new:.1f} {unit}  ({new - old:+.1f})" for who, old, new in self.shifts.largest]
        judged = f"{self.judged.patients} patients, {self.judged.visits} visits"
        lines.append(f"  measured within {NEAR_DAYS} days of it: {judged}; errors in {unit}")
        lines += [f"  {measure}" for measure in self.judged.measures]
        return "\n".join(lines)


def compare(connection: Connection, weights: WeightsPair) -> list[SizeComparison]:
    """Every measurement and day that one of them forecasts for somebody."""
    sized = dict(_sized(measured_sizes(connection, weights, NEAR_DAYS)))
    return [
        SizeComparison(question, shifts, _judged(sized.get(question)))
        for question, shifts in by_question(latest_sizes(connection, weights))
    ]


def _judged(sized: MeasuredSizes | None) -> SizeMeasures:
    return SizeMeasures(0, 0, ()) if sized is None else judge_sizes(sized)


def _sized(sizes: Sequence[MeasuredSize]) -> Iterator[tuple[SizeQuestion, MeasuredSizes]]:
    """Forecasts of both for days near which the size was measured, by question."""
    for question, group in groupby(sizes, key=lambda size: size.question):
        visits, days = list(group), question.horizon_days
        patients = np.unique([visit.patient_id for visit in visits], return_inverse=True)[1]
        quantiles = np.array([[quantiles_of([of], days) for of in (visit.new, visit.old)] for visit in visits])
        yield question, MeasuredSizes(patients, quantiles, np.array([visit.size for visit in visits]))

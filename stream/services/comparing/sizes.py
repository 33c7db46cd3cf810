"""How the sizes forecast shift under other weights, and which are nearer to what was measured later."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from models.forecast import SizeForecast
from models.judging.comparison import JudgedSizes, Sized, judge_sizes, shift_quantiles
from models.judging.intervals import quantiles_of
from models.measurement import UNITS
from stream.services.comparing.measured import MEASURED, VALUES
from stream.services.comparing.shifts import Shifts, by_question, quantile_line
from stream.storage.database import Connection

# Visits come up to a week early or late. Wider than that, but less than half of the three weeks between the days that
# are forecast: no visit is the answer for two of them.
NEAR_DAYS = 10

Question = tuple[str, int]
"""measurement, horizon_days"""


@dataclass(frozen=True)
class Compared:
    """A measurement on one coming day, at the latest timepoints and judged by what was measured within NEAR_DAYS of it.

    Shifts are in the unit of the measurement, as are its errors; a share of the old size would be none where that is 0.
    """

    question: Question
    shifts: Shifts
    judged: JudgedSizes

    @property
    def quantiles(self) -> dict[str, float]:
        """Of the shifts, new minus old."""
        return shift_quantiles(self.shifts.new_minus_old)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        measurement, horizon_days = self.question
        return {
            "measurement": measurement, "unit": UNITS[measurement], "horizon_days": horizon_days,
            **self.shifts.to_json(), "shift": self.quantiles,
            "largest": [{"patient_id": who, "old": old, "new": new} for who, old, new in self.shifts.largest],
            "measured": self.judged.to_json(),
        }  # fmt: skip

    def __str__(self) -> str:
        measurement, horizon_days = self.question
        name, unit = measurement.replace("_", " "), UNITS[measurement]
        return "\n".join([
            f"{name} in {horizon_days} days: {self.shifts}", f"  shift in {unit}  {quantile_line(self.quantiles, 1)}",
            *(f"  {who}  {old:.1f} → {new:.1f} {unit}  ({new - old:+.1f})" for who, old, new in self.shifts.largest),
            f"  measured within {NEAR_DAYS} days of it: {self.judged.patients} patients, {self.judged.visits} visits; "
            f"errors in {unit}", *(f"  {one}" for one in self.judged.measures),
        ])  # fmt: skip


def compare(connection: Connection, versions: dict[str, str]) -> list[Compared]:
    """Every measurement and day that one of `versions` ("new" and "old") forecasts for somebody."""
    sized = dict(_sized(connection, versions))
    rows = connection.execute(LATEST, versions).fetchall()
    return [Compared(question, shifts, _judged(sized.get(question))) for question, shifts in by_question(rows, 2)]


def _judged(sized: Sized | None) -> JudgedSizes:
    return JudgedSizes(0, 0, ()) if sized is None else judge_sizes(sized)


def _sized(connection: Connection, versions: dict[str, str]) -> Iterator[tuple[Question, Sized]]:
    """Forecasts of both for days near which the size was measured, by question."""
    rows = connection.execute(MEASURED_LATER, {**versions, **VALUES, "near": NEAR_DAYS}).fetchall()
    for question, group in groupby(rows, key=lambda row: row[:2]):
        patients, sizes, quantiles = [], [], []
        for patient, size, *forecasts in (row[2:] for row in group):
            patients.append(patient)
            sizes.append(size)
            quantiles.append([_quantiles(question, *one) for one in (forecasts[:5], forecasts[5:])])
        yield question, Sized(np.unique(patients, return_inverse=True)[1], np.array(quantiles), np.array(sizes))


def _quantiles(question: Question, *of: Any) -> np.ndarray:
    measurement, horizon_days = question
    return quantiles_of([SizeForecast(measurement, *of)], horizon_days)


LATEST = """WITH latest AS (
  SELECT DISTINCT ON (weights_version, patient_id, measurement) weights_version, patient_id, scan_uid, measurement,
    horizon_days, value FROM core.size_forecasts
  WHERE superseded_by IS NULL AND lesion_uid IS NULL AND weights_version IN (%(new)s, %(old)s)
  ORDER BY weights_version, patient_id, measurement, at DESC, scan_uid DESC),
of_day AS (
  SELECT weights_version, patient_id, scan_uid, measurement, d.horizon_days, d.value
  FROM latest l CROSS JOIN LATERAL unnest(l.horizon_days, l.value) d(horizon_days, value)),
new AS (SELECT * FROM of_day WHERE weights_version = %(new)s),
old AS (SELECT * FROM of_day WHERE weights_version = %(old)s)
SELECT measurement, horizon_days, patient_id, new.value, old.value
FROM new FULL JOIN old USING (patient_id, scan_uid, measurement, horizon_days)
ORDER BY 1, 2, 3"""

MEASURED_LATER = f"""WITH {MEASURED}
SELECT n.measurement, h.days, n.patient_id, later.value,
  n.horizon_days, n.level, n.value, n.value_low, n.value_high,
  o.horizon_days, o.level, o.value, o.value_low, o.value_high
FROM core.size_forecasts n
JOIN core.size_forecasts o ON o.scan_uid = n.scan_uid AND o.measurement = n.measurement
CROSS JOIN LATERAL unnest(n.horizon_days) h(days)
CROSS JOIN LATERAL (
  SELECT m.value FROM measured m, LATERAL (SELECT abs(extract(epoch FROM m.at - n.at) / 86400 - h.days)) d(off)
  WHERE m.patient_id = n.patient_id AND m.disease = n.disease AND m.measurement = n.measurement
    AND m.at > n.at AND d.off <= %(near)s
  ORDER BY d.off, m.at, m.scan_uid LIMIT 1) later
WHERE n.weights_version = %(new)s AND o.weights_version = %(old)s AND n.lesion_uid IS NULL AND o.lesion_uid IS NULL
  AND n.superseded_by IS NULL AND o.superseded_by IS NULL AND h.days = ANY (o.horizon_days)
ORDER BY 1, 2, 3, n.at, n.scan_uid"""
"""Standing forecasts of both at one scan, with the size at the standing scan nearest to each day they are for."""

"""How the best responses forecast shift under other weights, and which are nearer to those that followed.

What followed is known from stored sums of diameters: a forecast of the best response is one of those sums too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.judging.comparison import Followed, Judged, judge_both, shift_quantiles
from models.response import CATEGORIES, CRITERION, best_response, still_open
from stream.services.comparing.measured import MEASURED, VALUES
from stream.services.comparing.shifts import Shifts, by_question, quantile_line
from stream.storage.database import Connection


@dataclass(frozen=True)
class Compared:
    """A criterion at the latest timepoints, and judged by the best response up to the next visit, by category.

    Shifts are of the four probabilities, in the order of CATEGORIES.
    """

    criterion: str
    shifts: Shifts
    judged: dict[str, Judged]

    @property
    def quantiles(self) -> dict[str, dict[str, float]]:
        """Of the shifts of each category's probability, new minus old."""
        shifts = self.shifts.new_minus_old.reshape(-1, len(CATEGORIES))
        return {category: shift_quantiles(each) for category, each in zip(CATEGORIES, shifts.T, strict=True)}

    def to_json(self) -> dict[str, Any]:
        """Plain values, by category."""
        return {
            "criterion": self.criterion, **self.shifts.to_json(), "shift": self.quantiles,
            "largest": [{"patient_id": who, "old": _by_category(old), "new": _by_category(new)}
                        for who, old, new in self.shifts.largest],
            "followed": {category: judged.to_json() for category, judged in self.judged.items()},
        }  # fmt: skip

    def __str__(self) -> str:
        lines = [f"best response by {self.criterion}: {self.shifts}"]
        lines += [f"  shift of {name}  {quantile_line(each, 3)}" for name, each in self.quantiles.items()]
        for who, *both in self.shifts.largest:
            each = zip(CATEGORIES, *both, strict=True)
            lines.append(f"  {who}" + "".join(f"  {name} {old:.3f} → {new:.3f}" for name, old, new in each))
        for category, judged in self.judged.items():
            lines.append(f"  {category} followed in {judged.with_event} of {judged.patients} patients, "
                         f"{judged.visits} visits")  # fmt: skip
            lines += [f"  {one}" for one in judged.measures]
        return "\n".join(lines)


def compare(connection: Connection, versions: dict[str, str]) -> list[Compared]:
    """Every criterion by which one of `versions` ("new" and "old") forecasts somebody's response."""
    rows = connection.execute(LATEST, versions).fetchall()
    return [
        Compared(criterion, shifts, dict(_judged(connection, versions)) if criterion == CRITERION else {})
        for (criterion,), shifts in by_question(rows, 1)
    ]


def _judged(connection: Connection, versions: dict[str, str]) -> Iterator[tuple[str, Judged]]:
    """Each category as an event of its own, at visits that another followed and at which it was still open."""
    rows = connection.execute(FOLLOWED, {**versions, **VALUES, "criterion": CRITERION}).fetchall()
    for at, category in enumerate(CATEGORIES):
        asked = [row for row in rows if category in still_open(row[1][:-1])]
        patient = np.unique([row[0] for row in asked], return_inverse=True)[1]
        both = np.array([[new[at], old[at]] for _, _, new, old in asked]).reshape(-1, 2)
        came = np.array([best_response(sums) == category for _, sums, _, _ in asked], dtype=bool)
        yield category, judge_both(Followed(patient, both, np.full(len(asked), np.nan), came), None)


def _by_category(probabilities: list[float]) -> dict[str, float]:
    return dict(zip(CATEGORIES, probabilities, strict=True))


LATEST = """WITH latest AS (
  SELECT DISTINCT ON (weights_version, patient_id, criterion) weights_version, patient_id, scan_uid, criterion,
    ARRAY[cr, pr, sd, pd] AS each FROM core.response_probabilities
  WHERE superseded_by IS NULL AND weights_version IN (%(new)s, %(old)s)
  ORDER BY weights_version, patient_id, criterion, at DESC, scan_uid DESC),
new AS (SELECT * FROM latest WHERE weights_version = %(new)s),
old AS (SELECT * FROM latest WHERE weights_version = %(old)s)
SELECT criterion, patient_id, new.each, old.each FROM new FULL JOIN old USING (patient_id, scan_uid, criterion)
ORDER BY 1, 2"""

FOLLOWED = f"""WITH {MEASURED},
course AS (
  SELECT scan_uid, lead(value) OVER visits AS next,
    array_agg(value) OVER (visits ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING) AS sums
  FROM measured WHERE measurement = 'sum_of_diameters'
  WINDOW visits AS (PARTITION BY patient_id, disease ORDER BY at, scan_uid))
SELECT n.patient_id, c.sums, ARRAY[n.cr, n.pr, n.sd, n.pd], ARRAY[o.cr, o.pr, o.sd, o.pd]
FROM core.response_probabilities n
JOIN core.response_probabilities o ON o.scan_uid = n.scan_uid AND o.criterion = n.criterion
JOIN course c ON c.scan_uid = n.scan_uid AND c.next IS NOT NULL
WHERE n.weights_version = %(new)s AND o.weights_version = %(old)s AND n.criterion = %(criterion)s
  AND n.superseded_by IS NULL AND o.superseded_by IS NULL
ORDER BY 1, n.at, n.scan_uid"""
"""Standing forecasts of both at visits that another followed, with the sums from the first visit to that next one."""

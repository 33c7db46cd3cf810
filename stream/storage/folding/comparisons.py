"""Forecasts of two sets of weights beside each other, and what followed: the queries behind `model compare`."""

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import psycopg

from models.features import MEASURED_NAMES, MEASUREMENTS
from models.forecast import SizeForecast
from models.measurement import LARGEST
from stream.storage.folding.forecasts import frozen
from stream.storage.folding.told_diseases import TOLD_DISEASES

Question = TypeVar("Question")
Value = TypeVar("Value", float, list[float])


class WeightsPair(NamedTuple):
    """The versions of two sets of weights: new ones and those they are compared with."""

    new: str
    old: str


class RiskQuestion(NamedTuple):
    """What a risk answers."""

    endpoint: str
    horizon_kind: str
    horizon_days: int | None


class SizeQuestion(NamedTuple):
    """What a size answers."""

    measurement: str
    horizon_days: int


class LatestForecasts(NamedTuple, Generic[Question, Value]):
    """What both say at a patient's latest timepoint, a number or several (K,); None where one says nothing."""

    question: Question
    patient_id: str
    new: Value | None
    old: Value | None


class FollowedRisk(NamedTuple):
    """Risks of both at a visit before the outcome; `days` to the event or to the end of follow-up, None: not known."""

    question: RiskQuestion
    patient_id: str
    new: float
    old: float
    days: float | None
    event: bool


class MeasuredSize(NamedTuple):
    """Sizes that both forecast for a day, and the size that was measured near that day."""

    question: SizeQuestion
    patient_id: str
    size: float
    new: SizeForecast
    old: SizeForecast


class FollowedResponse(NamedTuple):
    """Probabilities (4,) of both at a visit that another followed, and all sums of diameters up to that next one."""

    patient_id: str
    sums: list[float]
    new: list[float]
    old: list[float]


def latest_risks(connection: psycopg.Connection, weights: WeightsPair) -> list[LatestForecasts[RiskQuestion, float]]:
    """Risks at the latest timepoints, sorted by question and patient."""
    rows = connection.execute(LATEST_RISKS, weights._asdict()).fetchall()
    return [LatestForecasts(RiskQuestion(*question), *of_both) for question, of_both in _split(rows, 3)]


def followed_risks(connection: psycopg.Connection, weights: WeightsPair) -> list[FollowedRisk]:
    """Risks that both said at visits before the outcome, sorted by question."""
    rows = connection.execute(FOLLOWED_RISKS, weights._asdict()).fetchall()
    return [FollowedRisk(RiskQuestion(*question), *followed) for question, followed in _split(rows, 3)]


def latest_sizes(connection: psycopg.Connection, weights: WeightsPair) -> list[LatestForecasts[SizeQuestion, float]]:
    """Sizes of whole patients at the latest timepoints, sorted by question and patient."""
    rows = connection.execute(LATEST_SIZES, weights._asdict()).fetchall()
    return [LatestForecasts(SizeQuestion(*question), *of_both) for question, of_both in _split(rows, 2)]


def measured_sizes(connection: psycopg.Connection, weights: WeightsPair, near_days: int) -> list[MeasuredSize]:
    """Standing sizes of both with what was measured within `near_days` of the day they are for, sorted by question."""
    values = {**weights._asdict(), **MEASURED_VALUES, "near": near_days}
    sizes = []
    for question, (patient_id, size, *both) in _split(connection.execute(MEASURED_SIZES, values).fetchall(), 2):
        measurement, _ = question
        new, old = (SizeForecast(measurement, *map(frozen, each)) for each in (both[:5], both[5:]))
        sizes.append(MeasuredSize(SizeQuestion(*question), patient_id, size, new, old))
    return sizes


def latest_responses(connection: psycopg.Connection, weights: WeightsPair) -> list[LatestForecasts[str, list[float]]]:
    """Probabilities of CR, PR, SD and PD at the latest timepoints, sorted by criterion and patient."""
    return [LatestForecasts(*row) for row in connection.execute(LATEST_RESPONSES, weights._asdict()).fetchall()]


def followed_responses(connection: psycopg.Connection, weights: WeightsPair, criterion: str) -> list[FollowedResponse]:
    """Probabilities that both said by `criterion` at visits that another followed."""
    values = {**weights._asdict(), **MEASURED_VALUES, "criterion": criterion}
    return [FollowedResponse(*row) for row in connection.execute(FOLLOWED_RESPONSES, values).fetchall()]


def _split(rows: Sequence[tuple[Any, ...]], width: int) -> list[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """The columns that name the question, which come first, and the others."""
    return [(row[:width], row[width:]) for row in rows]


LATEST_RISKS = """WITH new AS (SELECT * FROM core.forecasts WHERE tip AND weights_version = %(new)s),
old AS (SELECT * FROM core.forecasts WHERE tip AND weights_version = %(old)s)
SELECT coalesce(new.endpoint, old.endpoint), coalesce(new.horizon_kind, old.horizon_kind),
  coalesce(new.horizon_days, old.horizon_days), coalesce(new.patient_id, old.patient_id), new.risk, old.risk
FROM new FULL JOIN old ON old.scan_uid = new.scan_uid AND old.endpoint = new.endpoint
  AND old.horizon_kind = new.horizon_kind AND coalesce(old.horizon_days, 0) = coalesce(new.horizon_days, 0)
ORDER BY 1, 2, 3, 4"""

SAID = """SELECT f.* FROM core.{table} f
  JOIN core.states s ON s.fold_id = f.fold_id AND s.weights_version = f.weights_version AND s.scan_uid = f.scan_uid
  WHERE f.weights_version IN (%(new)s, %(old)s) AND s.superseded_by IS NULL
    AND (f.superseded_by IS NULL OR f.superseded_because IN ('occurred', 'treatment'))"""
"""What was said with each standing state while its question was open, once: it stands, or what it speaks of has come,
or another line began. What was said before a late scan or a correction has ended with its state."""
SAID_RESPONSES = SAID.format(table="response_probabilities")

FOLLOWED_RISKS = """WITH followed AS (
  SELECT * FROM scanstream.forecast_outcome WHERE weights_version IN (%(new)s, %(old)s))
SELECT n.endpoint, n.horizon_kind, n.horizon_days, n.patient_id, n.risk, o.risk, n.days, n.event
FROM followed n JOIN followed o ON o.scan_uid = n.scan_uid AND o.endpoint = n.endpoint
  AND o.horizon_kind = n.horizon_kind AND o.horizon_days IS NOT DISTINCT FROM n.horizon_days
WHERE n.weights_version = %(new)s AND o.weights_version = %(old)s
ORDER BY 1, 2, 3, 4, n.acquired_at"""
"""What both said at visits of which it is known what followed."""

MEASURED_VALUES: dict[str, Any] = {
    "measured": MEASUREMENTS,
    "names": list(MEASURED_NAMES),
    "limits": [LARGEST[name] for name in MEASURED_NAMES],
}
"""Parameters of MEASURED."""

MEASURED = f"""{TOLD_DISEASES},
measured AS (
  SELECT p.patient_id, p.id AS scan_uid, coalesce(s.at, p.at) AS at,
    coalesce(t.disease, s.disease, x.disease) AS disease, v.measurement, v.value
  FROM core.placements p LEFT JOIN told t ON t.patient_id = p.patient_id
  JOIN core.features x ON x.scan_uid = p.id AND x.revision = p.revision AND x.feature_version = %(measured)s
  LEFT JOIN core.visits s ON s.patient_id = p.patient_id AND p.id = ANY (s.scans) AND s.superseded_by IS NULL
  CROSS JOIN LATERAL unnest(%(names)s::text[], %(limits)s::float8[], CASE WHEN s.x IS NULL THEN x.x
    ELSE ARRAY(SELECT e.value::float8 FROM jsonb_array_elements_text(s.x::jsonb) WITH ORDINALITY e(value, n)
      ORDER BY e.n) END) v(measurement, most, value)
  WHERE p.kind = 'scan' AND p.ended_by IS NULL AND coalesce(s.scan_uid, p.id) = p.id
    AND v.value BETWEEN 0 AND v.most)"""
"""Whole-patient values of each visit as models see them, forecast from and are trained on: of a volume the total over
the lesions, of a sum that two sources give that of the better one; an impossible value counts as not measured."""

LATEST_SIZES = """WITH latest AS (
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

MEASURED_SIZES = f"""WITH {MEASURED}
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

LATEST_RESPONSES = """WITH latest AS (
  SELECT DISTINCT ON (weights_version, patient_id, criterion) weights_version, patient_id, scan_uid, criterion,
    ARRAY[cr, pr, sd, pd] AS each FROM core.response_probabilities
  WHERE superseded_by IS NULL AND weights_version IN (%(new)s, %(old)s)
  ORDER BY weights_version, patient_id, criterion, at DESC, scan_uid DESC),
new AS (SELECT * FROM latest WHERE weights_version = %(new)s),
old AS (SELECT * FROM latest WHERE weights_version = %(old)s)
SELECT criterion, patient_id, new.each, old.each FROM new FULL JOIN old USING (patient_id, scan_uid, criterion)
ORDER BY 1, 2"""

FOLLOWED_RESPONSES = f"""WITH {MEASURED},
said AS ({SAID_RESPONSES}),
followed AS (
  SELECT scan_uid, lead(value) OVER visits AS next,
    array_agg(value) OVER (visits ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING) AS sums
  FROM measured WHERE measurement = 'sum_of_diameters'
  WINDOW visits AS (PARTITION BY patient_id, disease ORDER BY at, scan_uid))
SELECT n.patient_id, c.sums, ARRAY[n.cr, n.pr, n.sd, n.pd], ARRAY[o.cr, o.pr, o.sd, o.pd]
FROM said n JOIN said o ON o.scan_uid = n.scan_uid AND o.criterion = n.criterion
JOIN followed c ON c.scan_uid = n.scan_uid AND c.next IS NOT NULL
WHERE n.weights_version = %(new)s AND o.weights_version = %(old)s AND n.criterion = %(criterion)s
ORDER BY 1, n.at, n.scan_uid"""
"""What both said at visits that another followed, with the sums from the first visit to that next one."""

"""What was measured at the scans that stand: what forecasts of sizes and responses are judged by."""

from typing import Any

from models.features import MEASURED_NAMES, MEASUREMENTS
from models.measurement import LARGEST

VALUES: dict[str, Any] = {
    "measured": MEASUREMENTS, "names": list(MEASURED_NAMES), "limits": [LARGEST[name] for name in MEASURED_NAMES],
}  # fmt: skip
"""Parameters of MEASURED."""

MEASURED = """measured AS (
  SELECT p.patient_id, p.id AS scan_uid, p.at, x.disease, v.measurement, v.value
  FROM core.placements p
  JOIN core.features x ON x.scan_uid = p.id AND x.revision = p.revision AND x.feature_version = %(measured)s
  CROSS JOIN LATERAL unnest(%(names)s::text[], %(limits)s::float8[], x.x) v(measurement, most, value)
  WHERE p.kind = 'scan' AND p.ended_by IS NULL AND v.value BETWEEN 0 AND v.most)"""
"""Whole-patient values as the features have them, which models forecast from and are trained on: of a volume the total
over the lesions, of a sum that two sources give that of the better one; an impossible value counts as not measured."""

"""What the page of models asks: views of the schema `scanstream` only, as the role `dashboard`."""

_CHOSEN = """(%(trial)s::text IS NULL OR trial = %(trial)s) AND (%(arm)s::text IS NULL OR arm = %(arm)s)
  AND (%(disease)s::text IS NULL OR disease = %(disease)s)"""
FOLLOWED = f"""
SELECT patient_id, scan_uid, acquired_at, computed_at, known_at, made_before, risk, event, days,
  CASE WHEN (endpoint, disease, weights_version) IN (
      SELECT l.endpoint, l.disease, l.weights_version FROM scanstream.leads l WHERE l.until IS NULL)
    THEN 'lead' ELSE 'shadow' END AS role,
  model, weights_version, month, line, visit, disease, trial, arm
FROM scanstream.forecast_outcome
WHERE endpoint = %(endpoint)s AND horizon_kind = %(horizon_kind)s
  AND horizon_days IS NOT DISTINCT FROM %(horizon_days)s::integer AND {_CHOSEN}
ORDER BY patient_id, acquired_at, weights_version"""
"""What followed each forecast of one question; a filter that is null lets everybody through.

The role is that of the weights today, as in `size_outcome`. The view has the role in which a forecast ended: of weights
that led for some time that leaves those with the event on one side, and those without, which stand, on the other.
"""
SIZES = f"""
SELECT measurement, level, count(*) AS sizes, count(DISTINCT patient_id) AS patients, avg(held::integer)::float8 AS held
FROM scanstream.size_outcome WHERE made_before AND role = 'lead' AND {_CHOSEN}
GROUP BY GROUPING SETS ((measurement, level), ()) ORDER BY measurement, level"""
"""By measurement and level of its intervals how many sizes held; in the row without either how many patients."""
INPUTS = f"""
SELECT patient_id, acquired_at, visit, day, days_since_last, sum_of_diameters, longest_diameter, short_axis, volume,
  sphericity, background_parenchymal_enhancement
FROM scanstream.visit_input WHERE {_CHOSEN} ORDER BY acquired_at, scan_uid"""

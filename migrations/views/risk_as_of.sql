-- Runs with its owner's rights, so that a reader needs no right on any table.
CREATE OR REPLACE FUNCTION scanstream.risk_as_of(day timestamptz) RETURNS SETOF scanstream.current_risk
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT DISTINCT ON (f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days)
    f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days, f.risk, f.risk_low, f.risk_high, w.model, f.weights_version,
    f.scan_uid, f.revision, f.at, f.computed_at, coalesce(r.final_at, 'infinity') > day,
    coalesce(v.line, 1), d.valid_until, d.stale, q.since
  FROM forecasts f
  JOIN leads l ON l.endpoint = f.endpoint AND l.disease = f.disease AND l.weights_version = f.weights_version
    AND l.since <= day AND day < coalesce(l.until, 'infinity')
  JOIN weights w ON w.weights_version = f.weights_version
  JOIN revisions r ON r.scan_uid = f.scan_uid AND r.revision = f.revision
  LEFT JOIN visits v ON v.patient_id = f.patient_id AND v.scan_uid = f.scan_uid
    AND v.computed_at <= day AND day < coalesce(v.superseded_at, 'infinity')
  LEFT JOIN endpoint_statuses q ON q.patient_id = f.patient_id AND q.line = v.line AND q.endpoint = f.endpoint
    AND q.computed_at <= day AND day < coalesce(q.superseded_at, 'infinity')
  CROSS JOIN LATERAL (
    SELECT core.usual_gap(f.at, (
      SELECT max(b.at) FROM visits b
      WHERE b.patient_id = f.patient_id AND b.at < f.at
        AND b.computed_at <= day AND day < coalesce(b.superseded_at, 'infinity'))) AS gap) g
  CROSS JOIN LATERAL (
    SELECT u.valid_until, day > least(u.valid_until, f.at + g.gap * 1.5) AS stale
    FROM (SELECT CASE f.horizon_kind WHEN 'days' THEN f.at + make_interval(days => f.horizon_days)
      WHEN 'next_visit' THEN f.at + g.gap END AS valid_until) u) d
  WHERE f.computed_at <= day AND day < coalesce(f.superseded_at, 'infinity')
    AND coalesce(q.status, 'open') = 'open'
  ORDER BY f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days, f.at DESC, f.scan_uid DESC $$;

COMMENT ON FUNCTION scanstream.risk_as_of IS 'current_risk as it stood at a moment';

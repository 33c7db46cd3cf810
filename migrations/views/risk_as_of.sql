-- Runs with its owner's rights, so that a reader needs no right on any table.
CREATE OR REPLACE FUNCTION scanstream.risk_as_of(day timestamptz) RETURNS SETOF scanstream.current_risk
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT DISTINCT ON (f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days)
    f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days, f.risk, f.risk_low, f.risk_high, w.model, f.weights_version,
    f.scan_uid, f.revision, f.at, f.computed_at, coalesce(r.final_at, 'infinity') > day
  FROM forecasts f
  JOIN leads l ON l.endpoint = f.endpoint AND l.disease = f.disease AND l.weights_version = f.weights_version
    AND l.since <= day AND day < coalesce(l.until, 'infinity')
  JOIN weights w ON w.weights_version = f.weights_version
  JOIN revisions r ON r.scan_uid = f.scan_uid AND r.revision = f.revision
  WHERE f.computed_at <= day AND day < coalesce(f.superseded_at, 'infinity')
  ORDER BY f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days, f.at DESC, f.scan_uid DESC $$;

COMMENT ON FUNCTION scanstream.risk_as_of IS 'current_risk as it stood at a moment';

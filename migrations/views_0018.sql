CREATE OR REPLACE FUNCTION scanstream.risk_ahead(at timestamptz DEFAULT now())
RETURNS TABLE (
  patient_id text, endpoint text, horizon_days integer, risk double precision, risk_low double precision,
  risk_high double precision, days_gone double precision, model text, weights_version text, scan_uid text,
  revision integer, acquired_at timestamptz, valid_until timestamptz, provisional boolean, line integer
) LANGUAGE sql STABLE AS $$
  -- every step is named once, so that a question about one patient reads the rows of one patient
  SELECT n.patient_id, n.endpoint, n.horizon_days, greatest(0.0, 1 - exp(n.gone - n.hazard)),
    greatest(0.0, 1 - exp(n.gone_low - n.low)), greatest(0.0, 1 - exp(n.gone_high - n.high)), n.days_gone, n.model,
    n.weights_version, n.scan_uid, n.revision, n.acquired_at, n.valid_until, n.provisional, n.line
  FROM (
    -- the cumulative hazard of what has passed: of the interval that the moment lies in
    SELECT s.*, max(s.hazard_0 + s.share * (s.hazard - s.hazard_0)) FILTER (WHERE s.share >= 0 AND s.share < 1) OVER f AS gone,
      max(s.low_0 + s.share * (s.low - s.low_0)) FILTER (WHERE s.share >= 0 AND s.share < 1) OVER f AS gone_low,
      max(s.high_0 + s.share * (s.high - s.high_0)) FILTER (WHERE s.share >= 0 AND s.share < 1) OVER f AS gone_high
    FROM (
      -- of each interval between horizons how much has passed, and the cumulative hazard where it starts
      SELECT p.*, (p.days_gone - lag(p.horizon_days, 1, 0) OVER w) / (p.horizon_days - lag(p.horizon_days, 1, 0) OVER w) AS share,
        lag(p.hazard, 1, 0.0::double precision) OVER w AS hazard_0, lag(p.low, 1, 0.0::double precision) OVER w AS low_0,
        lag(p.high, 1, 0.0::double precision) OVER w AS high_0
      FROM (
        SELECT c.*, extract(epoch FROM risk_ahead.at - c.acquired_at)::double precision / 86400 AS days_gone,
          -ln(greatest(1 - c.risk, 1e-12)) AS hazard, -ln(greatest(1 - c.risk_low, 1e-12)) AS low,
          -ln(greatest(1 - c.risk_high, 1e-12)) AS high
        FROM scanstream.current_risk c
        WHERE c.horizon_kind = 'days' AND c.acquired_at <= risk_ahead.at) p
      WINDOW w AS (PARTITION BY p.patient_id, p.endpoint, p.weights_version, p.scan_uid ORDER BY p.horizon_days)) s
    WINDOW f AS (PARTITION BY s.patient_id, s.endpoint, s.weights_version, s.scan_uid)) n
  WHERE n.horizon_days > n.days_gone
$$;

COMMENT ON FUNCTION scanstream.risk_ahead(timestamptz) IS
  'What is left of current risks of days at a moment: the risk of the endpoint from then until valid_until, given that '
  'it has not occurred by then. Between two horizons of a forecast the hazard counts as constant. No row where the horizon '
  'has passed, and none of the next visit, which has no curve over days';

REVOKE EXECUTE ON FUNCTION scanstream.risk_ahead FROM PUBLIC;
GRANT EXECUTE ON FUNCTION scanstream.risk_ahead
  TO scanstream_gateway, scanstream_worker, scanstream_dashboard, scanstream_reader, scanstream_vault;

CREATE OR REPLACE FUNCTION scanstream.risk_ahead(at timestamptz DEFAULT now())
RETURNS TABLE (
  patient_id text, endpoint text, horizon_days integer, risk double precision, risk_low double precision,
  risk_high double precision, days_gone double precision, model text, weights_version text, scan_uid text,
  revision integer, acquired_at timestamptz, valid_until timestamptz, provisional boolean, line integer
) LANGUAGE sql STABLE AS $$
  WITH ahead AS (
    SELECT c.*, extract(epoch FROM risk_ahead.at - c.acquired_at)::double precision / 86400 AS days_gone
    FROM scanstream.current_risk c
    WHERE c.horizon_kind = 'days' AND c.acquired_at <= risk_ahead.at
  ), points AS (
    -- cumulative hazard, its bounds too, at each horizon, and at the one before
    SELECT p.*, lag(p.horizon_days, 1, 0) OVER w AS from_days, lag(p.hazard, 1, 0.0::double precision) OVER w AS hazard_0,
      lag(p.low, 1, 0.0::double precision) OVER w AS low_0, lag(p.high, 1, 0.0::double precision) OVER w AS high_0
    FROM (SELECT a.*, -ln(greatest(1 - a.risk, 1e-12)) AS hazard, -ln(greatest(1 - a.risk_low, 1e-12)) AS low,
      -ln(greatest(1 - a.risk_high, 1e-12)) AS high FROM ahead a) p
    WINDOW w AS (PARTITION BY p.patient_id, p.endpoint, p.weights_version, p.scan_uid ORDER BY p.horizon_days)
  ), gone AS (
    -- the interval that the moment lies in, and how much of it has passed
    SELECT p.*, (p.days_gone - p.from_days) / (p.horizon_days - p.from_days) AS share
    FROM points p WHERE p.days_gone >= p.from_days AND p.days_gone < p.horizon_days
  )
  SELECT p.patient_id, p.endpoint, p.horizon_days,
    greatest(0.0, 1 - exp(g.hazard_0 + g.share * (g.hazard - g.hazard_0) - p.hazard)),
    greatest(0.0, 1 - exp(g.low_0 + g.share * (g.low - g.low_0) - p.low)),
    greatest(0.0, 1 - exp(g.high_0 + g.share * (g.high - g.high_0) - p.high)),
    p.days_gone, p.model, p.weights_version, p.scan_uid, p.revision, p.acquired_at, p.valid_until, p.provisional, p.line
  FROM points p JOIN gone g USING (patient_id, endpoint, weights_version, scan_uid)
  WHERE p.horizon_days > p.days_gone
$$;

COMMENT ON FUNCTION scanstream.risk_ahead(timestamptz) IS
  'What is left of current risks of days at a moment: the risk of the endpoint from then until valid_until, given that '
  'it has not occurred by then. Between two horizons of a forecast the hazard counts as constant. No row where the horizon '
  'has passed, and none of the next visit, which has no curve over days';

GRANT EXECUTE ON FUNCTION scanstream.risk_ahead TO scanstream_reader, scanstream_dashboard, scanstream_vault;

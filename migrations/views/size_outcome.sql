CREATE OR REPLACE VIEW scanstream.size_outcome AS
  -- all of it is wanted at once, and each step is taken once
  WITH placed AS MATERIALIZED (SELECT * FROM scanstream.visit_input),
  measured AS MATERIALIZED (
    SELECT i.patient_id, m.line, i.scan_uid, i.acquired_at, m.measurement, m.value, o.at AS folded_at
    FROM placed i
    -- the visit that ends a line begins the next one, which has targets of its own: of the line before counts its own sum
    LEFT JOIN core.responses r ON r.patient_id = i.patient_id AND r.scan_uid = i.scan_uid AND r.line = i.line - 1
      AND r.criterion = 'RECIST 1.1' AND r.superseded_by IS NULL
    CROSS JOIN LATERAL (VALUES (i.line, 'sum_of_diameters', 5000.0, i.sum_of_diameters),
      (r.line, 'sum_of_diameters', 5000.0, r.sum_of_diameters), (i.line, 'longest_diameter', 1000.0, i.longest_diameter),
      (i.line, 'short_axis', 1000.0, i.short_axis), (i.line, 'volume', 50000.0, i.volume)) m(line, measurement, most, value)
    LEFT JOIN (SELECT p.id, min(p.placed_at) AS at FROM core.placements p WHERE p.kind = 'scan' GROUP BY 1) o
      ON o.id = i.scan_uid
    WHERE m.value BETWEEN 0 AND m.most),
  said AS (
    -- with its visit before all else (OFFSET 0): below few seem to be left, and for each of few the planner would go
    -- through all visits
    SELECT f.*, i.month, i.line, i.visit, i.disease AS disease_now, i.trial, i.arm
    FROM core.size_forecasts f
    JOIN placed i ON i.scan_uid = f.scan_uid
    WHERE f.superseded_by IS NULL AND f.lesion_uid IS NULL
    OFFSET 0),
  nearest AS (
    -- of each day that is forecast the visit nearest to it
    SELECT DISTINCT ON (f.weights_version, f.scan_uid, f.measurement, d.n) f.*, d.n, d.days AS ahead, i.value AS came,
      i.acquired_at AS came_at, i.folded_at
    FROM said f
    JOIN measured i ON i.patient_id = f.patient_id AND i.line = f.line AND i.measurement = f.measurement
      AND i.acquired_at > f.at
    CROSS JOIN LATERAL unnest(f.horizon_days) WITH ORDINALITY d(days, n)
    CROSS JOIN LATERAL (SELECT abs(extract(epoch FROM i.acquired_at - f.at) / 86400 - d.days)) o(off)
    WHERE o.off <= 10
    ORDER BY f.weights_version, f.scan_uid, f.measurement, d.n, o.off, i.acquired_at, i.scan_uid)
  SELECT m.patient_id, m.measurement, m.ahead AS horizon_days, m.level[l.n] AS level, m.value[m.n] AS value,
    m.value_low[m.n][l.n] AS value_low, m.value_high[m.n][l.n] AS value_high, m.came AS measured,
    m.came BETWEEN m.value_low[m.n][l.n] AND m.value_high[m.n][l.n] AS held, m.came_at AS measured_at,
    m.computed_at < m.folded_at AS made_before, m.computed_at, m.scan_uid, m.at AS acquired_at, m.month, m.line, m.visit,
    m.disease_now AS disease, m.trial, m.arm,
    CASE
      WHEN EXISTS (
        SELECT FROM core.leads l
        WHERE l.endpoint = 'size' AND l.disease = m.disease AND l.weights_version = m.weights_version AND l.until IS NULL)
      THEN 'lead' ELSE 'shadow'
    END AS role,
    w.model, m.weights_version
  FROM nearest m
  JOIN core.weights w ON w.weights_version = m.weights_version
  CROSS JOIN LATERAL generate_subscripts(m.level, 1) l(n);

COMMENT ON VIEW scanstream.size_outcome IS
  'What was measured within 10 days of each day that a standing forecast of a size is for: one row for each level';
COMMENT ON COLUMN scanstream.size_outcome.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.size_outcome.measurement IS 'What is forecast, in its usual unit';
COMMENT ON COLUMN scanstream.size_outcome.horizon_days IS 'Days ahead, counted from acquired_at';
COMMENT ON COLUMN scanstream.size_outcome.level IS 'Coverage of the interval';
COMMENT ON COLUMN scanstream.size_outcome.value IS 'Value forecast for that day';
COMMENT ON COLUMN scanstream.size_outcome.value_low IS 'Lower end of the interval';
COMMENT ON COLUMN scanstream.size_outcome.value_high IS 'Upper end of the interval';
COMMENT ON COLUMN scanstream.size_outcome.measured IS 'Value of the visit of the same line nearest to that day';
COMMENT ON COLUMN scanstream.size_outcome.held IS 'Whether it lies within the interval';
COMMENT ON COLUMN scanstream.size_outcome.measured_at IS 'When that visit was';
COMMENT ON COLUMN scanstream.size_outcome.made_before IS
  'Whether the forecast was computed before the first fold with that visit';
COMMENT ON COLUMN scanstream.size_outcome.computed_at IS 'When the forecast was computed';
COMMENT ON COLUMN scanstream.size_outcome.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.size_outcome.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.size_outcome.month IS 'First day of the month of the visit, in the TIME_ZONE of the service';
COMMENT ON COLUMN scanstream.size_outcome.line IS 'Line of therapy, counts from 1';
COMMENT ON COLUMN scanstream.size_outcome.visit IS 'Number of the visit in its line, counts from 1';
COMMENT ON COLUMN scanstream.size_outcome.disease IS 'Disease of the patient, unknown where nothing tells it';
COMMENT ON COLUMN scanstream.size_outcome.trial IS 'Trial that the clinical facts name; null where they name none';
COMMENT ON COLUMN scanstream.size_outcome.arm IS 'Arm that the clinical facts name; null where they name none';
COMMENT ON COLUMN scanstream.size_outcome.role IS 'lead: these weights lead now; else shadow';
COMMENT ON COLUMN scanstream.size_outcome.model IS 'Name of the model';
COMMENT ON COLUMN scanstream.size_outcome.weights_version IS 'sha256 of the weights that said it';

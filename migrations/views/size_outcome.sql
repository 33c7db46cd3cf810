CREATE OR REPLACE VIEW scanstream.size_outcome AS
  SELECT m.patient_id, m.measurement, m.horizon_days, m.level, m.value, m.value_low, m.value_high, m.measured,
    m.value_low <= m.measured AND m.measured <= m.value_high AS held, m.measured_at, m.computed_at < o.at AS made_before,
    m.computed_at, m.scan_uid, m.acquired_at, m.month, m.line, m.visit, m.disease, m.trial, m.arm, m.role, m.model,
    m.weights_version
  FROM (
    -- of each day that is forecast the visit nearest to it
    SELECT DISTINCT ON (f.weights_version, f.scan_uid, f.measurement, f.horizon_days, f.level)
      f.*, b.month, b.line, b.visit, b.disease, b.trial, b.arm, i.scan_uid AS measured_in, i.acquired_at AS measured_at,
      CASE f.measurement WHEN 'sum_of_diameters' THEN i.sum_of_diameters WHEN 'longest_diameter' THEN i.longest_diameter
        WHEN 'short_axis' THEN i.short_axis WHEN 'volume' THEN i.volume END AS measured
    FROM scanstream.size_forecast f
    JOIN scanstream.visit_input b ON b.patient_id = f.patient_id AND b.scan_uid = f.scan_uid
    JOIN scanstream.visit_input i ON i.patient_id = f.patient_id AND i.acquired_at > f.acquired_at
    CROSS JOIN LATERAL (
      SELECT abs(extract(epoch FROM i.acquired_at - f.acquired_at) / 86400 - f.horizon_days)) d(off)
    WHERE f.superseded_at IS NULL AND f.lesion_uid IS NULL AND d.off <= 10
      AND CASE f.measurement WHEN 'sum_of_diameters' THEN i.sum_of_diameters BETWEEN 0 AND 5000
        WHEN 'longest_diameter' THEN i.longest_diameter BETWEEN 0 AND 1000
        WHEN 'short_axis' THEN i.short_axis BETWEEN 0 AND 1000 WHEN 'volume' THEN i.volume BETWEEN 0 AND 50000 END
    ORDER BY f.weights_version, f.scan_uid, f.measurement, f.horizon_days, f.level, d.off, i.acquired_at, i.scan_uid) m
  LEFT JOIN (SELECT p.id, min(p.placed_at) AS at FROM core.placements p WHERE p.kind = 'scan' GROUP BY 1) o
    ON o.id = m.measured_in;

COMMENT ON VIEW scanstream.size_outcome IS
  'What was measured within 10 days of each day that a standing forecast of a size is for: one row for each level';
COMMENT ON COLUMN scanstream.size_outcome.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.size_outcome.measurement IS 'What is forecast, in its usual unit';
COMMENT ON COLUMN scanstream.size_outcome.horizon_days IS 'Days ahead, counted from acquired_at';
COMMENT ON COLUMN scanstream.size_outcome.level IS 'Coverage of the interval';
COMMENT ON COLUMN scanstream.size_outcome.value IS 'Value forecast for that day';
COMMENT ON COLUMN scanstream.size_outcome.value_low IS 'Lower end of the interval';
COMMENT ON COLUMN scanstream.size_outcome.value_high IS 'Upper end of the interval';
COMMENT ON COLUMN scanstream.size_outcome.measured IS 'Value of the visit nearest to that day';
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
COMMENT ON COLUMN scanstream.size_outcome.role IS
  'lead: these weights led when the row ended, or lead now; else shadow';
COMMENT ON COLUMN scanstream.size_outcome.model IS 'Name of the model';
COMMENT ON COLUMN scanstream.size_outcome.weights_version IS 'sha256 of the weights that said it';

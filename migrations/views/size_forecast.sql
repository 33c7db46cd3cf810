CREATE OR REPLACE VIEW scanstream.size_forecast AS
  SELECT f.patient_id, f.lesion_uid, f.measurement, f.horizon_days[d.n] AS horizon_days, f.value[d.n] AS value,
    f.value_low[d.n][l.n] AS value_low, f.value_high[d.n][l.n] AS value_high, f.level[l.n] AS level,
    f.scan_uid, f.revision, f.at AS acquired_at,
    CASE
      WHEN EXISTS (
        SELECT FROM core.leads l
        WHERE l.endpoint = 'size' AND l.disease = f.disease AND l.weights_version = f.weights_version
          AND l.since <= coalesce(f.superseded_at, 'infinity')
          AND coalesce(l.until, 'infinity') >= coalesce(f.superseded_at, 'infinity'))
      THEN 'lead' ELSE 'shadow'
    END AS role,
    w.model, f.weights_version, f.computed_at, f.superseded_at
  FROM core.size_forecasts f
  JOIN core.weights w ON w.weights_version = f.weights_version
  -- the table has a row for all days and levels of a measurement, this view one for each day and level
  CROSS JOIN LATERAL generate_subscripts(f.horizon_days, 1) d(n)
  CROSS JOIN LATERAL generate_subscripts(f.level, 1) l(n);

COMMENT ON VIEW scanstream.size_forecast IS 'Sizes forecast for a later day, with intervals';
COMMENT ON COLUMN scanstream.size_forecast.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.size_forecast.lesion_uid IS 'Pseudonym of the lesion; null: whole patient';
COMMENT ON COLUMN scanstream.size_forecast.measurement IS 'What is forecast, in its usual unit';
COMMENT ON COLUMN scanstream.size_forecast.horizon_days IS 'Days ahead, counted from acquired_at';
COMMENT ON COLUMN scanstream.size_forecast.value IS 'Value forecast for that day';
COMMENT ON COLUMN scanstream.size_forecast.value_low IS 'Lower end of the interval';
COMMENT ON COLUMN scanstream.size_forecast.value_high IS 'Upper end of the interval';
COMMENT ON COLUMN scanstream.size_forecast.level IS 'Coverage of the interval';
COMMENT ON COLUMN scanstream.size_forecast.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.size_forecast.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.size_forecast.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.size_forecast.role IS
  'lead: these weights led when the row ended, or lead now; else shadow';
COMMENT ON COLUMN scanstream.size_forecast.model IS 'Name of the model';
COMMENT ON COLUMN scanstream.size_forecast.weights_version IS 'sha256 of the weights that said it';
COMMENT ON COLUMN scanstream.size_forecast.computed_at IS 'When it was computed';
COMMENT ON COLUMN scanstream.size_forecast.superseded_at IS 'When it stopped standing; null: it stands';

-- Sizes and responses: the tables hold a row per scan, the views one per day and level, and one per category.

CREATE VIEW scanstream.size_forecast AS
  SELECT f.patient_id, f.lesion_uid, f.measurement, f.horizon_days[d.n] AS horizon_days, f.value[d.n] AS value,
    f.value_low[d.n][l.n] AS value_low, f.value_high[d.n][l.n] AS value_high, f.level[l.n] AS level, f.scan_uid,
    f.revision, f.at AS acquired_at,
    CASE WHEN EXISTS (SELECT FROM core.leads l WHERE l.endpoint = 'size' AND l.disease = f.disease
        AND l.weights_version = f.weights_version AND l.since <= coalesce(f.superseded_at, 'infinity')
        AND coalesce(l.until, 'infinity') >= coalesce(f.superseded_at, 'infinity')) THEN 'lead' ELSE 'shadow' END AS role,
    w.model, f.weights_version, f.computed_at, f.superseded_at
  FROM core.size_forecasts f
  JOIN core.weights w ON w.weights_version = f.weights_version
  CROSS JOIN LATERAL generate_subscripts(f.horizon_days, 1) d(n)
  CROSS JOIN LATERAL generate_subscripts(f.level, 1) l(n);

CREATE VIEW scanstream.response_probability AS
  SELECT f.patient_id, f.criterion, c.category, c.probability, f.scan_uid, f.revision, f.at AS acquired_at,
    CASE WHEN EXISTS (SELECT FROM core.leads l WHERE l.endpoint = 'response' AND l.disease = f.disease
        AND l.weights_version = f.weights_version AND l.since <= coalesce(f.superseded_at, 'infinity')
        AND coalesce(l.until, 'infinity') >= coalesce(f.superseded_at, 'infinity')) THEN 'lead' ELSE 'shadow' END AS role,
    w.model, f.weights_version, f.computed_at, f.superseded_at
  FROM core.response_probabilities f
  JOIN core.weights w ON w.weights_version = f.weights_version
  CROSS JOIN LATERAL (VALUES ('CR', f.cr), ('PR', f.pr), ('SD', f.sd), ('PD', f.pd)) c(category, probability);

COMMENT ON VIEW scanstream.size_forecast IS 'Sizes forecast for a later day, with intervals';
COMMENT ON VIEW scanstream.response_probability IS 'Probabilities of the best response, up to the next visit';

DO $$
DECLARE c record; word jsonb := '{
  "patient_id": "Pseudonym of the patient", "lesion_uid": "Pseudonym of the lesion; null: whole patient",
  "measurement": "What is forecast, in its usual unit", "horizon_days": "Days ahead, counted from acquired_at",
  "value": "Value forecast for that day", "value_low": "Lower end of the interval", "value_high": "Upper end of the interval",
  "level": "Coverage of the interval", "criterion": "Response criterion", "category": "CR, PR, SD or PD",
  "probability": "Probability of the category", "scan_uid": "Pseudonym of the scan (study)",
  "revision": "Revision of the scan, counts from 1", "acquired_at": "When the scan was acquired",
  "role": "lead: these weights led when the row ended, or lead now; else shadow", "model": "Name of the model",
  "weights_version": "sha256 of the weights that said it", "computed_at": "When it was computed",
  "superseded_at": "When it stopped standing; null: it stands"}';
BEGIN
  FOR c IN SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'scanstream'
    AND table_name IN ('size_forecast', 'response_probability') LOOP
    EXECUTE format('COMMENT ON COLUMN scanstream.%I.%I IS %L', c.table_name, c.column_name, word ->> c.column_name);
  END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE ON core.size_forecasts, core.response_probabilities TO scanstream_worker;
GRANT SELECT ON core.size_forecasts, core.response_probabilities TO scanstream_gateway;
GRANT SELECT ON scanstream.size_forecast, scanstream.response_probability
  TO scanstream_gateway, scanstream_worker, scanstream_dashboard, scanstream_reader, scanstream_vault;

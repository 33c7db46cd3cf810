CREATE OR REPLACE VIEW scanstream.current_risk AS
  SELECT DISTINCT ON (f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days)
    f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days, f.risk, f.risk_low, f.risk_high,
    w.model, f.weights_version, f.scan_uid, f.revision, f.at AS acquired_at, f.computed_at,
    r.final_at IS NULL AS provisional
  FROM core.forecasts f
  JOIN core.leads l ON l.endpoint = f.endpoint AND l.disease = f.disease AND l.weights_version = f.weights_version
    AND l.until IS NULL
  JOIN core.weights w ON w.weights_version = f.weights_version
  JOIN core.revisions r ON r.scan_uid = f.scan_uid AND r.revision = f.revision
  WHERE f.tip
  -- tips are kept per disease: where a patient's disease was corrected, the latest timepoint counts
  ORDER BY f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days, f.at DESC, f.scan_uid DESC;

COMMENT ON VIEW scanstream.current_risk IS
  'Exactly one row per patient, endpoint and horizon: of the weights that lead for the disease, '
  'from the latest standing timepoint that has such a forecast';
COMMENT ON COLUMN scanstream.current_risk.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.current_risk.endpoint IS 'progression, death, pcr, objective_response or tumour_presence';
COMMENT ON COLUMN scanstream.current_risk.horizon_kind IS 'days, next_visit, end_of_treatment or now';
COMMENT ON COLUMN scanstream.current_risk.horizon_days IS 'Days ahead, counted from acquired_at';
COMMENT ON COLUMN scanstream.current_risk.risk IS 'Probability of the endpoint within the horizon, 0 to 1';
COMMENT ON COLUMN scanstream.current_risk.risk_low IS 'Lower end of the central 90 % of the model''s own uncertainty';
COMMENT ON COLUMN scanstream.current_risk.risk_high IS 'Upper end of the central 90 % of the model''s own uncertainty';
COMMENT ON COLUMN scanstream.current_risk.model IS 'Name of the model';
COMMENT ON COLUMN scanstream.current_risk.weights_version IS 'sha256 of the weights that said it';
COMMENT ON COLUMN scanstream.current_risk.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.current_risk.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.current_risk.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.current_risk.computed_at IS 'When it was computed';
COMMENT ON COLUMN scanstream.current_risk.provisional IS 'True until the scan revision is final';

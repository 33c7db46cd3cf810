CREATE OR REPLACE VIEW scanstream.risk_history AS
  SELECT f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days, f.risk, f.risk_low, f.risk_high,
    w.model, f.weights_version, f.scan_uid, f.revision, f.at AS acquired_at, f.computed_at,
    r.final_at IS NULL AS provisional,
    CASE
      WHEN EXISTS (
        SELECT FROM core.leads l
        WHERE l.endpoint = f.endpoint AND l.disease = f.disease AND l.weights_version = f.weights_version
          AND l.since <= coalesce(f.superseded_at, 'infinity')
          AND coalesce(l.until, 'infinity') >= coalesce(f.superseded_at, 'infinity'))
      THEN 'lead' ELSE 'shadow'
    END AS role,
    f.superseded_at, f.superseded_because,
    core.root(coalesce(a.patient_id, s.received_as)) AS current_patient_id
  FROM core.forecasts f
  JOIN core.weights w ON w.weights_version = f.weights_version
  JOIN core.revisions r ON r.scan_uid = f.scan_uid AND r.revision = f.revision
  JOIN core.scans s ON s.scan_uid = f.scan_uid
  LEFT JOIN core.assignments a ON a.scan_uid = f.scan_uid;

COMMENT ON VIEW scanstream.risk_history IS 'Every forecast ever made, also those that no longer stand';
COMMENT ON COLUMN scanstream.risk_history.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.risk_history.endpoint IS 'progression, death, pcr, objective_response or tumour_presence';
COMMENT ON COLUMN scanstream.risk_history.horizon_kind IS 'days, next_visit, end_of_treatment or now';
COMMENT ON COLUMN scanstream.risk_history.horizon_days IS 'Days ahead, counted from acquired_at';
COMMENT ON COLUMN scanstream.risk_history.risk IS 'Probability of the endpoint within the horizon, 0 to 1';
COMMENT ON COLUMN scanstream.risk_history.risk_low IS 'Lower end of the central 90 % of the model''s own uncertainty';
COMMENT ON COLUMN scanstream.risk_history.risk_high IS 'Upper end of the central 90 % of the model''s own uncertainty';
COMMENT ON COLUMN scanstream.risk_history.model IS 'Name of the model';
COMMENT ON COLUMN scanstream.risk_history.weights_version IS 'sha256 of the weights that said it';
COMMENT ON COLUMN scanstream.risk_history.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.risk_history.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.risk_history.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.risk_history.computed_at IS 'When it was computed';
COMMENT ON COLUMN scanstream.risk_history.provisional IS 'True until the scan revision is final';
COMMENT ON COLUMN scanstream.risk_history.role IS
  'lead: these weights led when the row ended, or lead now; else shadow';
COMMENT ON COLUMN scanstream.risk_history.superseded_at IS 'When it stopped standing; null: it stands';
COMMENT ON COLUMN scanstream.risk_history.superseded_because IS 'Why it no longer stands';
COMMENT ON COLUMN scanstream.risk_history.current_patient_id IS 'Patient it belongs to now, after merges and moves';

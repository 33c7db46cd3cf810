CREATE OR REPLACE VIEW scanstream.explanation AS
  SELECT e.patient_id, e.endpoint, e.weights_version, e.scan_uid, f.computed_at, e.explained_at, e.says,
    NULL::text AS why_not
  FROM core.explanations e JOIN core.folds f ON f.fold_id = e.fold_id
  UNION ALL
  SELECT x.patient_id, x.endpoint, x.weights_version, x.scan_uid, f.computed_at, x.tried_at, NULL::json, x.reason
  FROM core.unexplainable x JOIN core.folds f ON f.fold_id = x.fold_id;

COMMENT ON VIEW scanstream.explanation IS
  'Why risks are what they are, once for the forecasts of an endpoint that were made together after a scan: those of '
  'current_risk and risk_history with the same patient_id, endpoint, weights_version, scan_uid and computed_at';
COMMENT ON COLUMN scanstream.explanation.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.explanation.endpoint IS 'progression, death, pcr, objective_response or tumour_presence';
COMMENT ON COLUMN scanstream.explanation.weights_version IS 'sha256 of the weights that made the forecasts';
COMMENT ON COLUMN scanstream.explanation.scan_uid IS 'Pseudonym of the scan (study) they stand on';
COMMENT ON COLUMN scanstream.explanation.computed_at IS 'When they were computed';
COMMENT ON COLUMN scanstream.explanation.explained_at IS 'When the explanation was worked out, or failed';
COMMENT ON COLUMN scanstream.explanation.says IS
  'What `scanstream explain --json` prints: risks before and now with their parts, inputs that training did not cover, '
  'forecasts by arm, gates of the network at each visit; null: it failed';
COMMENT ON COLUMN scanstream.explanation.why_not IS
  'Why the explanation failed, in words; it is tried again with the next fold. null: it did not fail';

CREATE OR REPLACE VIEW scanstream.merged_patient AS
  SELECT a.patient_id, core.root(a.into_patient_id) AS current_patient_id, e.applied_at AS merged_at
  FROM core.aliases a JOIN core.identity_events e ON e.seq = a.seq;

COMMENT ON VIEW scanstream.merged_patient IS 'A patient who was found to be another one, and whose scans count there now';
COMMENT ON COLUMN scanstream.merged_patient.patient_id IS 'Pseudonym under which nothing counts any more';
COMMENT ON COLUMN scanstream.merged_patient.current_patient_id IS
  'Pseudonym whose timeline holds the scans now, after all merges';
COMMENT ON COLUMN scanstream.merged_patient.merged_at IS 'When the merge took effect';

GRANT SELECT ON scanstream.merged_patient
  TO scanstream_gateway, scanstream_worker, scanstream_dashboard, scanstream_reader, scanstream_vault;

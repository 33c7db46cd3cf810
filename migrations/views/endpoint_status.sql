CREATE OR REPLACE VIEW scanstream.endpoint_status AS
  SELECT q.patient_id, q.line, q.endpoint, q.status, q.since, q.because, q.scan_uid, q.baseline_at, q.nadir_at,
    q.superseded_at, q.superseded_because, q.computed_at
  FROM core.endpoint_statuses q;

COMMENT ON VIEW scanstream.endpoint_status IS
  'Whether each question is open: exactly one standing row per patient, line and endpoint that applies';
COMMENT ON COLUMN scanstream.endpoint_status.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.endpoint_status.line IS 'Line of therapy, counts from 1';
COMMENT ON COLUMN scanstream.endpoint_status.endpoint IS
  'progression, death, pcr, objective_response or tumour_presence';
COMMENT ON COLUMN scanstream.endpoint_status.status IS
  'open, occurred, known, closed, no_baseline, not_measurable or disease_unknown';
COMMENT ON COLUMN scanstream.endpoint_status.since IS 'Since when';
COMMENT ON COLUMN scanstream.endpoint_status.because IS 'Why, as a sentence';
COMMENT ON COLUMN scanstream.endpoint_status.scan_uid IS 'Pseudonym of the last scan of the visit that decided it';
COMMENT ON COLUMN scanstream.endpoint_status.baseline_at IS 'When the baseline of the line was acquired';
COMMENT ON COLUMN scanstream.endpoint_status.nadir_at IS 'When the nadir of the line was acquired';
COMMENT ON COLUMN scanstream.endpoint_status.superseded_at IS 'When it stopped standing; null: it stands';
COMMENT ON COLUMN scanstream.endpoint_status.superseded_because IS 'Why it no longer stands';
COMMENT ON COLUMN scanstream.endpoint_status.computed_at IS 'When it was computed';

CREATE OR REPLACE VIEW scanstream.current_risk AS
  SELECT DISTINCT ON (f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days)
    f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days, f.risk, f.risk_low, f.risk_high,
    w.model, f.weights_version, f.scan_uid, f.revision, f.at AS acquired_at, f.computed_at,
    r.final_at IS NULL AS provisional,
    coalesce(v.line, 1) AS line, d.valid_until, d.stale, q.since AS at_risk_since
  FROM core.forecasts f
  JOIN core.leads l ON l.endpoint = f.endpoint AND l.disease = f.disease AND l.weights_version = f.weights_version
    AND l.until IS NULL
  JOIN core.weights w ON w.weights_version = f.weights_version
  JOIN core.revisions r ON r.scan_uid = f.scan_uid AND r.revision = f.revision
  LEFT JOIN core.visits v ON v.patient_id = f.patient_id AND v.scan_uid = f.scan_uid AND v.superseded_by IS NULL
  LEFT JOIN core.endpoint_statuses q ON q.patient_id = f.patient_id AND q.line = v.line AND q.endpoint = f.endpoint
    AND q.superseded_by IS NULL
  CROSS JOIN LATERAL (
    SELECT core.usual_gap(f.at, (
      SELECT max(b.at) FROM core.visits b
      WHERE b.patient_id = f.patient_id AND b.at < f.at AND b.superseded_by IS NULL)) AS gap) g
  CROSS JOIN LATERAL (
    SELECT u.valid_until, now() > least(u.valid_until, f.at + g.gap * 1.5) AS stale
    FROM (SELECT CASE f.horizon_kind WHEN 'days' THEN f.at + make_interval(days => f.horizon_days)
      WHEN 'next_visit' THEN f.at + g.gap END AS valid_until) u) d
  -- of timelines that were folded before there were statuses nothing is known: their questions count as open
  WHERE f.tip AND coalesce(q.status, 'open') = 'open'
  -- tips are kept per disease: where a patient's disease was corrected, the latest timepoint counts
  ORDER BY f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days, f.at DESC, f.scan_uid DESC;

COMMENT ON VIEW scanstream.current_risk IS
  'Exactly one row per patient, endpoint and horizon whose question is open: of the weights that lead for the disease, '
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
COMMENT ON COLUMN scanstream.current_risk.line IS 'Line of therapy, counts from 1';
COMMENT ON COLUMN scanstream.current_risk.valid_until IS
  'The last day that it speaks of: acquired_at and the horizon, of the next visit its usual day';
COMMENT ON COLUMN scanstream.current_risk.stale IS
  'Whether that day has passed, or the next visit is overdue by half its usual time';
COMMENT ON COLUMN scanstream.current_risk.at_risk_since IS 'Since when the question is open: the baseline of the line';

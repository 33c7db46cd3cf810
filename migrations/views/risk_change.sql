CREATE OR REPLACE VIEW scanstream.risk_change AS
  SELECT e.patient_id, e.endpoint, f.horizon_kind, f.horizon_days,
    (e.says ->> 'before_scan_of')::timestamptz AS before_at, f.at AS acquired_at, m.before AS risk_before, f.risk,
    p.part::integer AS part, p.what ->> 'kind' AS kind, p.what ->> 'words' AS words,
    100 * (p.what ->> 'change')::double precision AS points,
    e.says ->> 'before_weights_version' AS weights_before, e.weights_version, e.scan_uid, f.computed_at, f.superseded_at
  FROM core.explanations e
  CROSS JOIN LATERAL json_to_recordset(e.says -> 'moved')
    AS m(horizon_kind text, horizon_days integer, before double precision, parts json)
  CROSS JOIN LATERAL json_array_elements(m.parts) WITH ORDINALITY p(what, part)
  JOIN core.forecasts f ON f.fold_id = e.fold_id AND f.weights_version = e.weights_version AND f.scan_uid = e.scan_uid
    AND f.endpoint = e.endpoint AND f.horizon_kind = m.horizon_kind
    AND f.horizon_days IS NOT DISTINCT FROM m.horizon_days;

COMMENT ON VIEW scanstream.risk_change IS
  'Why a risk moved since the scan before: a row for each part, and risk_before and all points together are the risk. '
  'Of forecasts that were current once; superseded_at is null where they stand';
COMMENT ON COLUMN scanstream.risk_change.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.risk_change.endpoint IS 'progression, death, pcr, objective_response or tumour_presence';
COMMENT ON COLUMN scanstream.risk_change.horizon_kind IS 'days, next_visit, end_of_treatment or now';
COMMENT ON COLUMN scanstream.risk_change.horizon_days IS 'Days ahead, counted from acquired_at';
COMMENT ON COLUMN scanstream.risk_change.before_at IS 'When the scan before was acquired, that the risk is compared with';
COMMENT ON COLUMN scanstream.risk_change.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.risk_change.risk_before IS 'Risk after the scan before, 0 to 1';
COMMENT ON COLUMN scanstream.risk_change.risk IS 'Risk after this scan, 0 to 1';
COMMENT ON COLUMN scanstream.risk_change.part IS 'Number of the part, counts from 1';
COMMENT ON COLUMN scanstream.risk_change.kind IS 'visit, finding, treatment, fact, time or weights';
COMMENT ON COLUMN scanstream.risk_change.words IS 'What it is, in words';
COMMENT ON COLUMN scanstream.risk_change.points IS 'Its share of the change, in percentage points';
COMMENT ON COLUMN scanstream.risk_change.weights_before IS 'sha256 of the weights that led when the scan before came';
COMMENT ON COLUMN scanstream.risk_change.weights_version IS 'sha256 of the weights that said the risk';
COMMENT ON COLUMN scanstream.risk_change.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.risk_change.computed_at IS 'When the risk was computed';
COMMENT ON COLUMN scanstream.risk_change.superseded_at IS 'When it stopped standing; null: it stands';

CREATE OR REPLACE VIEW scanstream.forecast_outcome AS
  -- all of it is wanted at once, and each step is taken once
  WITH folded AS MATERIALIZED (
    SELECT p.id AS scan_uid, min(p.placed_at) AS at FROM core.placements p WHERE p.kind = 'scan' GROUP BY 1),
  verdict AS MATERIALIZED (
    SELECT r.patient_id, r.line, r.scan_uid, r.at, r.category, lead(r.scan_uid) OVER w AS next_scan,
      lead(r.at) OVER w AS next_at, lead(r.category) OVER w AS next_category
    FROM core.responses r WHERE r.criterion = 'RECIST 1.1' AND r.superseded_by IS NULL
    WINDOW w AS (PARTITION BY r.patient_id, r.line ORDER BY r.at, r.scan_uid)),
  seen AS (
    SELECT DISTINCT ON (v.patient_id, v.line) v.patient_id, v.line, v.scan_uid, v.at
    FROM verdict v WHERE v.category IS DISTINCT FROM 'NE' ORDER BY v.patient_id, v.line, v.at DESC, v.scan_uid DESC),
  alive AS (
    SELECT DISTINCT ON (v.patient_id) v.patient_id, v.scan_uid, v.at
    FROM core.visits v WHERE v.superseded_by IS NULL ORDER BY v.patient_id, v.at DESC, v.scan_uid DESC),
  -- all that a forecast needs of its visit, by the scan alone: the planner takes two equal names for rare, and would then
  -- go through all visits for each forecast
  placed AS MATERIALIZED (
    SELECT i.*, n.next_at, n.next_category, o.at AS next_folded_at, s.at AS seen_at, b.at AS seen_folded_at,
      a.at AS alive_at, c.at AS alive_folded_at
    FROM scanstream.visit_input i
    LEFT JOIN verdict n ON n.scan_uid = i.scan_uid AND n.line = i.line
    LEFT JOIN folded o ON o.scan_uid = n.next_scan
    LEFT JOIN seen s ON s.patient_id = i.patient_id AND s.line = i.line
    LEFT JOIN folded b ON b.scan_uid = s.scan_uid
    LEFT JOIN alive a ON a.patient_id = i.patient_id
    LEFT JOIN folded c ON c.scan_uid = a.scan_uid),
  question AS MATERIALIZED (
    SELECT q.patient_id, q.line, q.endpoint, q.status, q.since, d.at AS decided_at
    FROM core.endpoint_statuses q LEFT JOIN folded d ON d.scan_uid = q.scan_uid WHERE q.superseded_by IS NULL),
  entered AS (
    -- of several records of one patient the first event counts, else the last day without one
    SELECT DISTINCT ON (core.root(o.received_as), o.endpoint)
      core.root(o.received_as) AS patient_id, o.endpoint, o.at, o.event, o.accepted_at
    FROM core.outcomes o
    WHERE NOT o.withdrawn AND NOT EXISTS (
      SELECT FROM core.outcomes n WHERE n.outcome_id = o.outcome_id AND n.revision > o.revision)
    ORDER BY core.root(o.received_as), o.endpoint, o.event DESC, CASE WHEN o.event THEN o.at END, o.at DESC NULLS LAST),
  said AS (
    -- what was said with each standing state while its question was open, once
    SELECT f.*, i.month, i.line, i.visit, i.day, i.trial, i.arm, i.next_at, i.next_category, i.next_folded_at,
      CASE f.endpoint WHEN 'death' THEN i.alive_at ELSE i.seen_at END AS seen_at,
      CASE f.endpoint WHEN 'death' THEN i.alive_folded_at ELSE i.seen_folded_at END AS folded_at,
      e.at AS entered_at, e.event AS entered, e.accepted_at,
      CASE WHEN q.status = 'occurred' THEN q.since END AS verdict_at, q.decided_at
    FROM core.forecasts f
    JOIN placed i ON i.scan_uid = f.scan_uid
    LEFT JOIN question q ON q.patient_id = f.patient_id AND q.line = i.line AND q.endpoint = f.endpoint
    LEFT JOIN entered e ON e.patient_id = f.patient_id AND e.endpoint = f.endpoint AND (e.at > f.at) IS NOT FALSE
    WHERE EXISTS (
        SELECT FROM core.states t WHERE t.fold_id = f.fold_id AND t.weights_version = f.weights_version
          AND t.scan_uid = f.scan_uid AND t.superseded_by IS NULL)
      AND f.horizon_kind <> 'now' AND (f.superseded_by IS NULL OR f.superseded_because IN ('occurred', 'treatment'))
      AND (q.status IN ('occurred', 'known') AND q.since <= f.at) IS NOT TRUE)
  SELECT a.patient_id, a.endpoint, a.horizon_kind, a.horizon_days, a.risk, a.risk_low, a.risk_high, a.event, a.days,
    a.known_at, a.computed_at < a.known_at AS made_before, a.computed_at, a.scan_uid, a.at AS acquired_at, a.month,
    a.line, a.visit, a.day, a.disease, a.trial, a.arm,
    CASE
      WHEN EXISTS (
        SELECT FROM core.leads l
        WHERE l.endpoint = a.endpoint AND l.disease = a.disease AND l.weights_version = a.weights_version
          AND l.since <= coalesce(a.superseded_at, 'infinity')
          AND coalesce(l.until, 'infinity') >= coalesce(a.superseded_at, 'infinity'))
      THEN 'lead' ELSE 'shadow'
    END AS role,
    w.model, a.weights_version
  FROM (
    SELECT c.*, extract(epoch FROM c.until - c.at)::double precision / 86400 AS days
    FROM (
      SELECT b.*,
        CASE b.horizon_kind WHEN 'next_visit' THEN coalesce(b.came_at <= b.next_at, false) ELSE b.came END AS event,
        CASE
          WHEN b.horizon_kind = 'next_visit' THEN b.next_at
          WHEN b.came THEN b.came_at
          WHEN b.horizon_kind = 'end_of_treatment' THEN b.entered_at
          ELSE greatest(b.seen_at, b.entered_at) END AS until,
        CASE
          WHEN b.horizon_kind = 'next_visit' THEN b.next_folded_at
          WHEN b.came THEN least(CASE WHEN b.verdict_at IS NOT NULL THEN b.decided_at END,
            CASE WHEN b.entered THEN b.accepted_at END)
          WHEN b.horizon_kind = 'end_of_treatment' OR b.entered_at > b.seen_at OR b.seen_at IS NULL THEN b.accepted_at
          ELSE b.folded_at END AS known_at
      FROM (
        SELECT s.*, s.verdict_at IS NOT NULL OR coalesce(s.entered, false) AS came,
          least(s.verdict_at, CASE WHEN s.entered THEN s.entered_at END) AS came_at
        FROM said s) b
      WHERE CASE b.horizon_kind
        WHEN 'next_visit' THEN (b.next_category <> 'NE' OR b.came_at <= b.next_at)
          AND (b.came_at IS NOT NULL OR NOT b.came)
        WHEN 'end_of_treatment' THEN b.came OR b.entered IS NOT NULL
        ELSE b.came_at IS NOT NULL OR NOT b.came END) c) a
  JOIN core.weights w ON w.weights_version = a.weights_version
  WHERE a.days > 0 OR a.horizon_kind = 'end_of_treatment';

COMMENT ON VIEW scanstream.forecast_outcome IS
  'What followed each forecast of a risk: one row for each visit, weights and question of which something is known';
COMMENT ON COLUMN scanstream.forecast_outcome.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.forecast_outcome.endpoint IS 'progression, death, pcr, objective_response or tumour_presence';
COMMENT ON COLUMN scanstream.forecast_outcome.horizon_kind IS 'days, next_visit or end_of_treatment';
COMMENT ON COLUMN scanstream.forecast_outcome.horizon_days IS 'Days ahead, counted from acquired_at';
COMMENT ON COLUMN scanstream.forecast_outcome.risk IS 'Probability of the endpoint within the horizon, 0 to 1';
COMMENT ON COLUMN scanstream.forecast_outcome.risk_low IS 'Lower end of the central 90 % of the model''s own uncertainty';
COMMENT ON COLUMN scanstream.forecast_outcome.risk_high IS 'Upper end of the central 90 % of the model''s own uncertainty';
COMMENT ON COLUMN scanstream.forecast_outcome.event IS
  'Whether the endpoint came, by a verdict of the line or as entered; of next_visit: up to the next visit that could be evaluated';
COMMENT ON COLUMN scanstream.forecast_outcome.days IS
  'Days from acquired_at to the event, else to the last day without it; may be more than the horizon; null: not known';
COMMENT ON COLUMN scanstream.forecast_outcome.known_at IS
  'When the service knew: the first fold with the scan that tells it, or when the outcome was entered';
COMMENT ON COLUMN scanstream.forecast_outcome.made_before IS
  'Whether the forecast was computed before that; false where a history came as a whole';
COMMENT ON COLUMN scanstream.forecast_outcome.computed_at IS 'When the forecast was computed';
COMMENT ON COLUMN scanstream.forecast_outcome.scan_uid IS 'Pseudonym of the visit''s last scan (study)';
COMMENT ON COLUMN scanstream.forecast_outcome.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.forecast_outcome.month IS
  'First day of the month of the visit, in the TIME_ZONE of the service';
COMMENT ON COLUMN scanstream.forecast_outcome.line IS 'Line of therapy, counts from 1';
COMMENT ON COLUMN scanstream.forecast_outcome.visit IS 'Number of the visit in its line, counts from 1';
COMMENT ON COLUMN scanstream.forecast_outcome.day IS 'Days since the first visit of the line';
COMMENT ON COLUMN scanstream.forecast_outcome.disease IS 'Disease for which it was forecast';
COMMENT ON COLUMN scanstream.forecast_outcome.trial IS 'Trial that the clinical facts name; null where they name none';
COMMENT ON COLUMN scanstream.forecast_outcome.arm IS 'Arm that the clinical facts name; null where they name none';
COMMENT ON COLUMN scanstream.forecast_outcome.role IS
  'lead: these weights led when the row ended, or lead now; else shadow';
COMMENT ON COLUMN scanstream.forecast_outcome.model IS 'Name of the model';
COMMENT ON COLUMN scanstream.forecast_outcome.weights_version IS 'sha256 of the weights that said it';

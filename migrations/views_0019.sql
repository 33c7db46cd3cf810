CREATE OR REPLACE VIEW scanstream.visit_input AS
  SELECT v.patient_id, v.scan_uid, v.at AS acquired_at,
    date_trunc('month', v.at AT TIME ZONE
      (SELECT coalesce((SELECT value FROM core.service WHERE name = 'time_zone'), 'UTC')))::date AS month,
    v.line, row_number() OVER so_far AS visit,
    extract(epoch FROM v.at - first_value(v.at) OVER so_far)::double precision / 86400 AS day,
    extract(epoch FROM v.at - lag(v.at) OVER so_far)::double precision / 86400 AS days_since_last,
    coalesce(e.disease, 'unknown') AS disease, e.trial, e.arm,
    x.sum_of_diameters, x.longest_diameter, x.short_axis, x.volume, x.sphericity,
    x.background_parenchymal_enhancement
  FROM core.visits v
  LEFT JOIN scanstream.enrolment e ON e.patient_id = v.patient_id
  LEFT JOIN core.placements p ON p.kind = 'scan' AND p.id = v.scan_uid AND p.ended_by IS NULL
  LEFT JOIN core.features f
    ON f.scan_uid = p.id AND f.revision = p.revision AND f.feature_version = 'measurements-1'
  CROSS JOIN LATERAL (
    SELECT a.x[1], a.x[2], a.x[3], a.x[4], a.x[5], a.x[6]
    FROM (SELECT CASE WHEN v.x IS NULL THEN f.x
      ELSE ARRAY(SELECT j.value::float8 FROM jsonb_array_elements_text(v.x::jsonb) WITH ORDINALITY j(value, n)
        ORDER BY j.n) END AS x) a
  ) x(sum_of_diameters, longest_diameter, short_axis, volume, sphericity, background_parenchymal_enhancement)
  WHERE v.superseded_by IS NULL
  WINDOW so_far AS (PARTITION BY v.patient_id, v.line ORDER BY v.at, v.scan_uid);

COMMENT ON VIEW scanstream.visit_input IS
  'What models see of each standing visit: sizes, gaps and where it lies in its line; one row for each visit';
COMMENT ON COLUMN scanstream.visit_input.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.visit_input.scan_uid IS 'Pseudonym of the visit''s last scan (study)';
COMMENT ON COLUMN scanstream.visit_input.acquired_at IS 'When the visit''s first scan was acquired';
COMMENT ON COLUMN scanstream.visit_input.month IS 'First day of the month of the visit, in the TIME_ZONE of the service';
COMMENT ON COLUMN scanstream.visit_input.line IS 'Line of therapy, counts from 1';
COMMENT ON COLUMN scanstream.visit_input.visit IS 'Number of the visit in its line, counts from 1';
COMMENT ON COLUMN scanstream.visit_input.day IS 'Days since the first visit of the line';
COMMENT ON COLUMN scanstream.visit_input.days_since_last IS 'Days since the visit before in the line; null of the first';
COMMENT ON COLUMN scanstream.visit_input.disease IS 'Disease of the patient, unknown where nothing tells it';
COMMENT ON COLUMN scanstream.visit_input.trial IS 'Trial that the clinical facts name; null where they name none';
COMMENT ON COLUMN scanstream.visit_input.arm IS 'Arm that the clinical facts name; null where they name none';
COMMENT ON COLUMN scanstream.visit_input.sum_of_diameters IS 'Sum of diameters, mm; null: not measured, as in all that follow';
COMMENT ON COLUMN scanstream.visit_input.longest_diameter IS 'Longest diameter, mm';
COMMENT ON COLUMN scanstream.visit_input.short_axis IS 'Short axis, mm';
COMMENT ON COLUMN scanstream.visit_input.volume IS 'Volume of all lesions, ml';
COMMENT ON COLUMN scanstream.visit_input.sphericity IS 'Sphericity, 0 to 1';
COMMENT ON COLUMN scanstream.visit_input.background_parenchymal_enhancement IS 'Background parenchymal enhancement, %';

CREATE OR REPLACE VIEW scanstream.forecast_outcome AS
  -- all of it is wanted at once, and each step is taken once
  WITH placed AS MATERIALIZED (SELECT * FROM scanstream.visit_input),
  entered AS (
    -- of several records of one patient the first event counts, else the last day without one
    SELECT DISTINCT ON (core.root(o.received_as), o.endpoint)
      core.root(o.received_as) AS patient_id, o.endpoint, o.at, o.event, o.accepted_at
    FROM core.outcomes o
    WHERE NOT o.withdrawn AND NOT EXISTS (
      SELECT FROM core.outcomes n WHERE n.outcome_id = o.outcome_id AND n.revision > o.revision)
    ORDER BY core.root(o.received_as), o.endpoint, o.event DESC, CASE WHEN o.event THEN o.at END, o.at DESC NULLS LAST),
  folded AS MATERIALIZED (
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
  said AS (
    -- what was said with each standing state while its question was open, once
    SELECT f.*, i.month, i.line, i.visit, i.day, i.trial, i.arm, s.at AS seen_at, s.folded_at, n.next_at, n.next_category,
      n.next_folded_at, e.at AS entered_at, e.event AS entered, e.accepted_at,
      CASE WHEN q.status = 'occurred' THEN q.since END AS verdict_at, d.at AS decided_at
    FROM core.forecasts f
    JOIN core.states t ON t.fold_id = f.fold_id AND t.weights_version = f.weights_version
      AND t.scan_uid = f.scan_uid AND t.superseded_by IS NULL
    JOIN placed i ON i.patient_id = f.patient_id AND i.scan_uid = f.scan_uid
    LEFT JOIN core.endpoint_statuses q ON q.patient_id = f.patient_id AND q.line = i.line
      AND q.endpoint = f.endpoint AND q.superseded_by IS NULL
    LEFT JOIN folded d ON d.scan_uid = q.scan_uid
    LEFT JOIN entered e ON e.patient_id = f.patient_id AND e.endpoint = f.endpoint AND (e.at > f.at) IS NOT FALSE
    LEFT JOIN (
      SELECT v.*, o.at AS next_folded_at FROM verdict v LEFT JOIN folded o ON o.scan_uid = v.next_scan) n
      ON n.patient_id = f.patient_id AND n.line = i.line AND n.scan_uid = f.scan_uid
    LEFT JOIN (
      SELECT l.*, o.at AS folded_at
      FROM (SELECT 'death' AS of_death, NULL::integer AS line, a.patient_id, a.scan_uid, a.at FROM alive a
        UNION ALL SELECT NULL, s.line, s.patient_id, s.scan_uid, s.at FROM seen s) l
      LEFT JOIN folded o ON o.scan_uid = l.scan_uid) s
      ON s.patient_id = f.patient_id AND CASE WHEN f.endpoint = 'death' THEN s.of_death = 'death' ELSE s.line = i.line END
    WHERE f.horizon_kind <> 'now' AND (f.superseded_by IS NULL OR f.superseded_because IN ('occurred', 'treatment'))
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

CREATE OR REPLACE VIEW scanstream.size_outcome AS
  -- all of it is wanted at once, and each step is taken once
  WITH placed AS MATERIALIZED (SELECT * FROM scanstream.visit_input),
  measured AS MATERIALIZED (
    SELECT i.patient_id, i.scan_uid, i.acquired_at, m.measurement, m.value, o.at AS folded_at
    FROM placed i
    CROSS JOIN LATERAL (VALUES ('sum_of_diameters', 5000.0, i.sum_of_diameters), ('longest_diameter', 1000.0,
      i.longest_diameter), ('short_axis', 1000.0, i.short_axis), ('volume', 50000.0, i.volume)) m(measurement, most, value)
    LEFT JOIN (SELECT p.id, min(p.placed_at) AS at FROM core.placements p WHERE p.kind = 'scan' GROUP BY 1) o
      ON o.id = i.scan_uid
    WHERE m.value BETWEEN 0 AND m.most),
  nearest AS (
    -- of each day that is forecast the visit nearest to it
    SELECT DISTINCT ON (f.weights_version, f.scan_uid, f.measurement, d.n) f.*, d.n, d.days AS ahead, i.value AS came,
      i.acquired_at AS came_at, i.folded_at
    FROM core.size_forecasts f
    JOIN measured i ON i.patient_id = f.patient_id AND i.measurement = f.measurement AND i.acquired_at > f.at
    CROSS JOIN LATERAL unnest(f.horizon_days) WITH ORDINALITY d(days, n)
    CROSS JOIN LATERAL (SELECT abs(extract(epoch FROM i.acquired_at - f.at) / 86400 - d.days)) o(off)
    WHERE f.superseded_by IS NULL AND f.lesion_uid IS NULL AND o.off <= 10
    ORDER BY f.weights_version, f.scan_uid, f.measurement, d.n, o.off, i.acquired_at, i.scan_uid)
  SELECT m.patient_id, m.measurement, m.ahead AS horizon_days, m.level[l.n] AS level, m.value[m.n] AS value,
    m.value_low[m.n][l.n] AS value_low, m.value_high[m.n][l.n] AS value_high, m.came AS measured,
    m.came BETWEEN m.value_low[m.n][l.n] AND m.value_high[m.n][l.n] AS held, m.came_at AS measured_at,
    m.computed_at < m.folded_at AS made_before, m.computed_at, m.scan_uid, m.at AS acquired_at, b.month, b.line, b.visit,
    b.disease, b.trial, b.arm,
    CASE
      WHEN EXISTS (
        SELECT FROM core.leads l
        WHERE l.endpoint = 'size' AND l.disease = m.disease AND l.weights_version = m.weights_version AND l.until IS NULL)
      THEN 'lead' ELSE 'shadow'
    END AS role,
    w.model, m.weights_version
  FROM nearest m
  JOIN placed b ON b.patient_id = m.patient_id AND b.scan_uid = m.scan_uid
  JOIN core.weights w ON w.weights_version = m.weights_version
  CROSS JOIN LATERAL generate_subscripts(m.level, 1) l(n);

COMMENT ON VIEW scanstream.size_outcome IS
  'What was measured within 10 days of each day that a standing forecast of a size is for: one row for each level';
COMMENT ON COLUMN scanstream.size_outcome.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.size_outcome.measurement IS 'What is forecast, in its usual unit';
COMMENT ON COLUMN scanstream.size_outcome.horizon_days IS 'Days ahead, counted from acquired_at';
COMMENT ON COLUMN scanstream.size_outcome.level IS 'Coverage of the interval';
COMMENT ON COLUMN scanstream.size_outcome.value IS 'Value forecast for that day';
COMMENT ON COLUMN scanstream.size_outcome.value_low IS 'Lower end of the interval';
COMMENT ON COLUMN scanstream.size_outcome.value_high IS 'Upper end of the interval';
COMMENT ON COLUMN scanstream.size_outcome.measured IS 'Value of the visit nearest to that day';
COMMENT ON COLUMN scanstream.size_outcome.held IS 'Whether it lies within the interval';
COMMENT ON COLUMN scanstream.size_outcome.measured_at IS 'When that visit was';
COMMENT ON COLUMN scanstream.size_outcome.made_before IS
  'Whether the forecast was computed before the first fold with that visit';
COMMENT ON COLUMN scanstream.size_outcome.computed_at IS 'When the forecast was computed';
COMMENT ON COLUMN scanstream.size_outcome.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.size_outcome.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.size_outcome.month IS 'First day of the month of the visit, in the TIME_ZONE of the service';
COMMENT ON COLUMN scanstream.size_outcome.line IS 'Line of therapy, counts from 1';
COMMENT ON COLUMN scanstream.size_outcome.visit IS 'Number of the visit in its line, counts from 1';
COMMENT ON COLUMN scanstream.size_outcome.disease IS 'Disease of the patient, unknown where nothing tells it';
COMMENT ON COLUMN scanstream.size_outcome.trial IS 'Trial that the clinical facts name; null where they name none';
COMMENT ON COLUMN scanstream.size_outcome.arm IS 'Arm that the clinical facts name; null where they name none';
COMMENT ON COLUMN scanstream.size_outcome.role IS 'lead: these weights lead now; else shadow';
COMMENT ON COLUMN scanstream.size_outcome.model IS 'Name of the model';
COMMENT ON COLUMN scanstream.size_outcome.weights_version IS 'sha256 of the weights that said it';

GRANT SELECT ON scanstream.visit_input, scanstream.forecast_outcome, scanstream.size_outcome
  TO scanstream_gateway, scanstream_worker, scanstream_dashboard, scanstream_reader, scanstream_vault;

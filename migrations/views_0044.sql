CREATE OR REPLACE VIEW scanstream.size_outcome AS
  -- all of it is wanted at once, and each step is taken once
  WITH placed AS MATERIALIZED (SELECT * FROM scanstream.visit_input),
  measured AS MATERIALIZED (
    SELECT i.patient_id, m.line, i.scan_uid, i.acquired_at, m.measurement, m.value, o.at AS folded_at
    FROM placed i
    -- the visit that ends a line begins the next one, which has targets of its own: of the line before counts its own sum
    LEFT JOIN core.responses r ON r.patient_id = i.patient_id AND r.scan_uid = i.scan_uid AND r.line = i.line - 1
      AND r.criterion = 'RECIST 1.1' AND r.superseded_by IS NULL
    CROSS JOIN LATERAL (VALUES (i.line, 'sum_of_diameters', 5000.0, i.sum_of_diameters),
      (r.line, 'sum_of_diameters', 5000.0, r.sum_of_diameters), (i.line, 'longest_diameter', 1000.0, i.longest_diameter),
      (i.line, 'short_axis', 1000.0, i.short_axis), (i.line, 'volume', 50000.0, i.volume)) m(line, measurement, most, value)
    LEFT JOIN (SELECT p.id, min(p.placed_at) AS at FROM core.placements p WHERE p.kind = 'scan' GROUP BY 1) o
      ON o.id = i.scan_uid
    WHERE m.value BETWEEN 0 AND m.most),
  said AS (
    -- with its visit before all else (OFFSET 0): below few seem to be left, and for each of few the planner would go
    -- through all visits
    SELECT f.*, i.month, i.line, i.visit, i.disease AS disease_now, i.trial, i.arm
    FROM core.size_forecasts f
    JOIN placed i ON i.scan_uid = f.scan_uid
    WHERE f.superseded_by IS NULL AND f.lesion_uid IS NULL
    OFFSET 0),
  nearest AS (
    -- of each day that is forecast the visit nearest to it
    SELECT DISTINCT ON (f.weights_version, f.scan_uid, f.measurement, d.n) f.*, d.n, d.days AS ahead, i.value AS came,
      i.acquired_at AS came_at, i.folded_at
    FROM said f
    JOIN measured i ON i.patient_id = f.patient_id AND i.line = f.line AND i.measurement = f.measurement
      AND i.acquired_at > f.at
    CROSS JOIN LATERAL unnest(f.horizon_days) WITH ORDINALITY d(days, n)
    CROSS JOIN LATERAL (SELECT abs(extract(epoch FROM i.acquired_at - f.at) / 86400 - d.days)) o(off)
    WHERE o.off <= 10
    ORDER BY f.weights_version, f.scan_uid, f.measurement, d.n, o.off, i.acquired_at, i.scan_uid)
  SELECT m.patient_id, m.measurement, m.ahead AS horizon_days, m.level[l.n] AS level, m.value[m.n] AS value,
    m.value_low[m.n][l.n] AS value_low, m.value_high[m.n][l.n] AS value_high, m.came AS measured,
    m.came BETWEEN m.value_low[m.n][l.n] AND m.value_high[m.n][l.n] AS held, m.came_at AS measured_at,
    m.computed_at < m.folded_at AS made_before, m.computed_at, m.scan_uid, m.at AS acquired_at, m.month, m.line, m.visit,
    m.disease_now AS disease, m.trial, m.arm,
    CASE
      WHEN EXISTS (
        SELECT FROM core.leads l
        WHERE l.endpoint = 'size' AND l.disease = m.disease AND l.weights_version = m.weights_version AND l.until IS NULL)
      THEN 'lead' ELSE 'shadow'
    END AS role,
    w.model, m.weights_version
  FROM nearest m
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
COMMENT ON COLUMN scanstream.size_outcome.measured IS 'Value of the visit of the same line nearest to that day';
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

CREATE OR REPLACE VIEW core.line_summary AS
  SELECT w.patient_id, w.line, w.criterion,
    min(w.acquired_at) FILTER (WHERE w.category IS NULL) AS baseline_at,
    min(w.on_day) FILTER (WHERE w.category IS NULL) AS baseline_on,
    min(w.on_day) FILTER (WHERE w.category IS NOT NULL) AS first_on,
    max(w.sum_of_diameters) FILTER (WHERE w.category IS NULL) AS baseline_sum,
    count(w.category)::int AS visits,
    min(w.percent_from_baseline) FILTER (WHERE w.category IS NOT NULL AND w.counts) AS best_change,
    (array_agg(w.best_overall ORDER BY w.acquired_at DESC, w.scan_uid DESC))[1] AS best_response,
    min(w.day) FILTER (WHERE w.counts AND w.says IN ('CR', 'PR')) AS response_day,
    coalesce(bool_or(w.counts AND w.confirmed AND w.says = 'CR'), false) AS complete_again,
    -- PR, then CR: the response is confirmed, as a partial one
    coalesce(bool_or(w.counts AND
      (w.confirmed AND w.says = 'PR' OR w.says = 'CR' AND w.day >= w.partial_day + 28)), false) AS partial_again,
    max(w.day) FILTER (WHERE w.counts AND w.says IN ('CR', 'PR', 'SD', 'Non-CR/Non-PD', 'Non-iCR/Non-iUPD'))
      AS steady_day,
    min(coalesce(w.unconfirmed_day, w.day)) FILTER (WHERE w.says IN ('PD', 'CPD')) AS verdict_day,
    max(w.day) FILTER (WHERE w.category IS DISTINCT FROM 'NE') AS adequate_day,
    min(w.day) FILTER (WHERE w.says = 'UPD' AND w.reset = w.last_reset) AS unconfirmed_day,
    count(*) FILTER (WHERE w.says = 'UPD' AND w.reset = w.last_reset) AS unconfirmed_visits
  FROM (
    SELECT r.*, max(r.reset) OVER (PARTITION BY r.patient_id, r.line, r.criterion) AS last_reset,
      min(r.day) FILTER (WHERE r.says = 'PR') OVER (
        PARTITION BY r.patient_id, r.line, r.criterion, r.run ORDER BY r.missed
        RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) AS partial_day,
      min(r.day) FILTER (WHERE r.says = 'UPD') OVER (
        PARTITION BY r.patient_id, r.line, r.criterion, r.reset) AS unconfirmed_day
    FROM (
      SELECT v.*, ltrim(v.category, 'i') AS says,
        count(*) FILTER (WHERE ltrim(v.category, 'i') NOT IN ('CR', 'PR', 'NE')) OVER so_far AS run,
        count(*) FILTER (WHERE v.category = 'NE') OVER so_far AS missed,
        count(*) FILTER (WHERE ltrim(v.category, 'i') NOT IN ('UPD', 'CPD', 'NE')) OVER so_far AS reset
      FROM scanstream.line_visit v
      WINDOW so_far AS (PARTITION BY v.patient_id, v.line, v.criterion ORDER BY v.acquired_at, v.scan_uid)) r) w
  GROUP BY 1, 2, 3;

COMMENT ON VIEW core.line_summary IS 'What the visits of each line say together, by each criterion';
COMMENT ON COLUMN core.line_summary.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN core.line_summary.line IS 'Line of therapy, counts from 1';
COMMENT ON COLUMN core.line_summary.criterion IS 'Criterion, such as RECIST 1.1';
COMMENT ON COLUMN core.line_summary.baseline_at IS 'When the baseline was acquired';
COMMENT ON COLUMN core.line_summary.baseline_on IS 'Calendar day of the baseline';
COMMENT ON COLUMN core.line_summary.first_on IS 'Calendar day of the first visit after the baseline';
COMMENT ON COLUMN core.line_summary.baseline_sum IS 'Sum of the targets at the baseline';
COMMENT ON COLUMN core.line_summary.visits IS 'Visits after the baseline';
COMMENT ON COLUMN core.line_summary.best_change IS 'Smallest change of the sum from the baseline, %';
COMMENT ON COLUMN core.line_summary.best_response IS 'Best response, no confirmation asked';
COMMENT ON COLUMN core.line_summary.response_day IS 'Day of the first response';
COMMENT ON COLUMN core.line_summary.complete_again IS 'Whether a complete response was seen again 28 days later';
COMMENT ON COLUMN core.line_summary.partial_again IS
  'Whether a partial response, or a complete one after it, was seen again 28 days later';
COMMENT ON COLUMN core.line_summary.steady_day IS 'Last day of response or stable disease up to the progression';
COMMENT ON COLUMN core.line_summary.verdict_day IS
  'Day of the progression that a verdict says; of a confirmed one (iRECIST) that of its first sight';
COMMENT ON COLUMN core.line_summary.adequate_day IS 'Day of the last visit that could be evaluated';
COMMENT ON COLUMN core.line_summary.unconfirmed_day IS
  'Day of the first unconfirmed progression (iRECIST) that no other verdict has followed';
COMMENT ON COLUMN core.line_summary.unconfirmed_visits IS 'Visits from that day on that say so';

CREATE OR REPLACE VIEW scanstream.line_outcome AS
  SELECT o.patient_id, o.line, o.criterion, e.trial, e.arm, coalesce(e.disease, 'unknown') AS disease,
    o.last_line, o.baseline_at, o.baseline_sum, o.visits, o.best_change, o.best_response,
    CASE
      WHEN o.best_response IS NULL THEN NULL
      WHEN o.complete_again THEN o.i || 'CR'
      WHEN o.partial_again THEN o.i || 'PR'
      WHEN o.best_response NOT IN (o.i || 'CR', o.i || 'PR') THEN o.best_response
      -- what nothing confirms counts as stable if it lasted long enough
      WHEN o.steady_day >= 42 + greatest(o.treatment_day, 0) THEN o.i || 'SD'
      WHEN o.verdict_day IS NOT NULL THEN CASE o.i WHEN 'i' THEN 'iCPD' ELSE 'PD' END
      ELSE 'NE' END AS confirmed_response,
    o.treatment_day, o.response_day, o.progression_day, o.death_day, o.adequate_day, o.alive_day,
    CASE WHEN o.has_baseline THEN greatest(coalesce(o.progression_day, o.death_in_line, o.adequate_day), 0) END
      AS pfs_days,
    CASE WHEN o.has_baseline THEN coalesce(o.progression_day, o.death_in_line) IS NOT NULL END AS pfs_event,
    CASE WHEN o.has_baseline THEN greatest(coalesce(o.death_day, o.alive_day), 0) END AS os_days,
    CASE WHEN o.has_baseline THEN o.death_day IS NOT NULL END AS os_event,
    CASE
      WHEN NOT o.has_baseline THEN 'No scan of the line says anything of lesions.'
      WHEN o.visits = 0 AND o.death_day IS NOT NULL THEN 'Died before the first scan after the baseline.'
      WHEN o.visits = 0 THEN 'There is no scan after the baseline yet.'
      WHEN o.best_response <> 'NE' THEN NULL
      WHEN o.steady_day IS NOT NULL THEN
        'Stable, but at no scan 42 days or more after the baseline and the start of treatment.'
      ELSE 'At no scan after the baseline could all targets be evaluated.' END AS not_evaluable
  FROM (
    SELECT l.patient_id, l.line, l.criterion, l.last_line, CASE l.criterion WHEN 'iRECIST' THEN 'i' ELSE '' END AS i,
      v.baseline_at, v.baseline_at IS NOT NULL AS has_baseline, v.baseline_sum, coalesce(v.visits, 0) AS visits,
      v.best_change,
      CASE WHEN v.visits > 0 THEN coalesce(v.best_response, 'NE') END AS best_response,
      v.complete_again, v.partial_again, v.response_day, v.steady_day, v.verdict_day, v.adequate_day,
      (SELECT min(s.day) - v.baseline_on FROM unnest(p.treated_on) s(day)
        WHERE s.day >= v.baseline_on AND s.day < coalesce(v.first_on, 'infinity')) AS treatment_day,
      coalesce(v.verdict_day, l.progressed_on - v.baseline_on,
        -- iUPD counts where nothing can follow it any more, or only iUPD does (Seymour et al. 2017, iPFS)
        CASE WHEN v.unconfirmed_visits > 1 OR NOT l.last_line OR p.died_on IS NOT NULL THEN v.unconfirmed_day END)
        AS progression_day,
      p.died_on - v.baseline_on AS death_day,
      CASE WHEN l.last_line THEN p.died_on - v.baseline_on END AS death_in_line,
      p.alive_on - v.baseline_on AS alive_day
    FROM (
      SELECT q.patient_id, q.line, c.criterion, q.last_line, q.progressed_on
      FROM (
        SELECT s.patient_id, s.line, s.line = max(s.line) OVER (PARTITION BY s.patient_id) AS last_line,
          CASE WHEN s.status = 'known' THEN core.local_day(s.since) END AS progressed_on
        FROM core.endpoint_statuses s
        WHERE s.endpoint = 'progression' AND s.superseded_by IS NULL) q
      CROSS JOIN LATERAL (
        SELECT 'RECIST 1.1' AS criterion
        UNION SELECT r.criterion FROM core.responses r
        WHERE r.patient_id = q.patient_id AND r.line = q.line AND r.superseded_by IS NULL) c) l
    JOIN core.patient_days p ON p.patient_id = l.patient_id
    LEFT JOIN core.line_summary v ON v.patient_id = l.patient_id AND v.line = l.line AND v.criterion = l.criterion) o
  LEFT JOIN scanstream.enrolment e ON e.patient_id = o.patient_id;

COMMENT ON VIEW scanstream.line_outcome IS
  'What became of each line of therapy by each criterion: exactly one row per patient, line and criterion';
COMMENT ON COLUMN scanstream.line_outcome.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.line_outcome.line IS 'Line of therapy, counts from 1';
COMMENT ON COLUMN scanstream.line_outcome.criterion IS 'Criterion, such as RECIST 1.1';
COMMENT ON COLUMN scanstream.line_outcome.trial IS 'Trial that the clinical facts name; null where they name none';
COMMENT ON COLUMN scanstream.line_outcome.arm IS 'Arm that the clinical facts name; null where they name none';
COMMENT ON COLUMN scanstream.line_outcome.disease IS 'Disease, unknown where nothing tells it';
COMMENT ON COLUMN scanstream.line_outcome.last_line IS 'Whether no later line has begun';
COMMENT ON COLUMN scanstream.line_outcome.baseline_at IS
  'When the baseline of the line was acquired; null: no scan of it says anything of lesions';
COMMENT ON COLUMN scanstream.line_outcome.baseline_sum IS
  'Sum of the targets at the baseline, mm (RANO mm², volumes ml)';
COMMENT ON COLUMN scanstream.line_outcome.visits IS 'Visits after the baseline';
COMMENT ON COLUMN scanstream.line_outcome.best_change IS
  'Smallest change of the sum from the baseline, %, up to the visit of the first progression';
COMMENT ON COLUMN scanstream.line_outcome.best_response IS
  'Best response, no confirmation asked; null without a visit after the baseline';
COMMENT ON COLUMN scanstream.line_outcome.confirmed_response IS
  'Best response where CR and PR count only if seen again 28 days later, else as SD, or PD or NE if too short';
COMMENT ON COLUMN scanstream.line_outcome.treatment_day IS
  'Days from the baseline to the first treatment before the next visit; null where none is known';
COMMENT ON COLUMN scanstream.line_outcome.response_day IS 'Days from the baseline to the first response';
COMMENT ON COLUMN scanstream.line_outcome.progression_day IS
  'Days from the baseline to progression: a verdict, or an outcome that was entered; by iRECIST of the first of the '
  'unconfirmed ones that a confirmed one followed, or nothing but unconfirmed ones, a later line or death';
COMMENT ON COLUMN scanstream.line_outcome.death_day IS 'Days from the baseline to death, as entered';
COMMENT ON COLUMN scanstream.line_outcome.adequate_day IS
  'Days from the baseline to the last visit of the line that could be evaluated';
COMMENT ON COLUMN scanstream.line_outcome.alive_day IS 'Days from the baseline to the last day known alive';
COMMENT ON COLUMN scanstream.line_outcome.pfs_days IS
  'Days from the baseline to progression or death, else to the last visit that could be evaluated';
COMMENT ON COLUMN scanstream.line_outcome.pfs_event IS
  'Whether that is progression, or in the last line death; false: censored; null without a baseline';
COMMENT ON COLUMN scanstream.line_outcome.os_days IS 'Days from the baseline to death, else to the last day known alive';
COMMENT ON COLUMN scanstream.line_outcome.os_event IS 'Whether that is death; false: censored; null without a baseline';
COMMENT ON COLUMN scanstream.line_outcome.not_evaluable IS
  'Why there is no best response, as a sentence; null: there is one';

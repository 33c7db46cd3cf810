CREATE OR REPLACE VIEW scanstream.treatments AS
  -- who was never merged is asked no function: it would cost more than all the rest
  SELECT CASE WHEN a.patient_id IS NULL THEN t.received_as ELSE core.root(t.received_as) END AS patient_id, t.treatment_id, t.revision, t.start_at, t.end_at, t.name, t.kind
  FROM core.treatments t
  LEFT JOIN core.aliases a ON a.patient_id = t.received_as
  -- a baseline that a person logged begins a line of therapy and is no treatment
  WHERE NOT t.withdrawn AND t.kind <> 'baseline' AND NOT EXISTS (
    SELECT FROM core.treatments n WHERE n.treatment_id = t.treatment_id AND n.revision > t.revision);

COMMENT ON VIEW scanstream.treatments IS 'Treatments that stand';
COMMENT ON COLUMN scanstream.treatments.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.treatments.treatment_id IS 'Names the treatment';
COMMENT ON COLUMN scanstream.treatments.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.treatments.start_at IS 'Start';
COMMENT ON COLUMN scanstream.treatments.end_at IS 'End, if known';
COMMENT ON COLUMN scanstream.treatments.name IS 'Name of the treatment';
COMMENT ON COLUMN scanstream.treatments.kind IS 'Kind of the treatment';

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
        ORDER BY j.n) END AS x
      OFFSET 0) a  -- unfolded once, not for each of the six
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

CREATE OR REPLACE VIEW core.patient_days AS
  SELECT v.patient_id,
    ARRAY(SELECT (u.at AT TIME ZONE z.name)::date FROM unnest(t.treated_at) WITH ORDINALITY u(at, n) ORDER BY u.n)
      AS treated_on,
    d.died_on,
    greatest((v.last_at AT TIME ZONE z.name)::date, d.alive_on) AS alive_on
  FROM (SELECT coalesce((SELECT value FROM core.service WHERE name = 'time_zone'), 'UTC') AS name) z
  CROSS JOIN (SELECT patient_id, max(at) AS last_at FROM core.visits WHERE superseded_by IS NULL GROUP BY 1) v
  LEFT JOIN (
    SELECT patient_id, array_agg(start_at ORDER BY start_at) AS treated_at
    FROM scanstream.treatments GROUP BY 1) t ON t.patient_id = v.patient_id
  LEFT JOIN (
    SELECT core.root(o.received_as) AS patient_id, min(core.local_day(o.at)) FILTER (WHERE o.event) AS died_on,
      max(core.local_day(o.at)) FILTER (WHERE NOT o.event) AS alive_on
    FROM core.outcomes o
    WHERE o.endpoint = 'death' AND NOT o.withdrawn AND NOT EXISTS (
      SELECT FROM core.outcomes n WHERE n.outcome_id = o.outcome_id AND n.revision > o.revision)
    GROUP BY 1) d ON d.patient_id = v.patient_id;

COMMENT ON VIEW core.patient_days IS
  'Calendar days of each patient with visits, in the TIME_ZONE of the service: treated, died, last known alive';
COMMENT ON COLUMN core.patient_days.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN core.patient_days.treated_on IS 'Days on which treatments started';
COMMENT ON COLUMN core.patient_days.died_on IS 'Day of death, as entered; null: none is known';
COMMENT ON COLUMN core.patient_days.alive_on IS 'Last day known alive: of a visit, or as entered';

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
      coalesce(v.verdict_day, l.progressed_on - v.baseline_on) AS progression_day,
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
  'Days from the baseline to progression: a verdict, or an outcome that was entered';
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

CREATE OR REPLACE VIEW scanstream.service_status AS
  SELECT
    n.accepted, n.duplicate, n.set_aside,
    -- instances in no revision that has come to its end ...
    -- (counted one by one only of scans that no such revision has all files of, which are few)
    (SELECT coalesce(sum((
        SELECT count(*) FROM core.instances i
        WHERE i.scan_uid = o.scan_uid AND NOT EXISTS (
          SELECT FROM core.revision_instances ri
          JOIN core.assembly w ON w.scan_uid = ri.scan_uid AND w.revision = ri.revision
          WHERE ri.scan_uid = i.scan_uid AND ri.instance_uid = i.instance_uid
            AND w.status IN ('applied', 'set_aside')))), 0)::bigint
      FROM (SELECT scan_uid, count(*) AS files FROM core.instances GROUP BY 1) o
      LEFT JOIN (
        SELECT m.scan_uid, max(m.files) AS files
        FROM (SELECT scan_uid, revision, count(*) AS files FROM core.revision_instances GROUP BY 1, 2) m
        JOIN core.assembly w ON w.scan_uid = m.scan_uid AND w.revision = m.revision
        WHERE w.status IN ('applied', 'set_aside') GROUP BY 1) e ON e.scan_uid = o.scan_uid
      WHERE e.files IS DISTINCT FROM o.files
      -- (a scan that ends its worker while it is gathered is set aside before it has a revision)
      AND NOT EXISTS (
        SELECT FROM core.assembly u
        WHERE u.scan_uid = o.scan_uid AND u.status = 'set_aside' AND NOT EXISTS (
          SELECT FROM core.revisions r WHERE r.scan_uid = u.scan_uid AND r.revision = u.revision)))
    -- ... and revisions without instances, such as imported visits, that have not
    + (SELECT count(*) FROM core.assembly w
      WHERE w.status IN ('measuring', 'waiting') AND NOT EXISTS (
        SELECT FROM core.revision_instances ri WHERE ri.scan_uid = w.scan_uid AND ri.revision = w.revision))
    AS pending,
    (SELECT max(computed_at) FROM core.folds) AS last_fold_at,
    (SELECT max(last_received_at) FROM core.senders) AS last_received_at,
    (SELECT min(changed_at) FROM core.assembly WHERE status IN ('receiving', 'measuring', 'waiting'))
      AS oldest_waiting_at,
    (v.value ->> 'at')::timestamptz AS verified_at,
    (v.value ->> 'percent')::float8 AS verified_percent,
    ARRAY(SELECT json_array_elements_text(v.value -> 'failed')) AS verify_failed
  FROM (
    SELECT count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
      count(*) FILTER (WHERE outcome = 'duplicate') AS duplicate,
      count(*) FILTER (WHERE outcome = 'set_aside') AS set_aside
    FROM core.receipts) n
  LEFT JOIN (SELECT value::json FROM core.service WHERE name = 'last_verify') v ON true;

COMMENT ON VIEW scanstream.service_status IS 'Counts of files: accepted, duplicate, set aside; instances still pending';
COMMENT ON COLUMN scanstream.service_status.accepted IS 'Files accepted';
COMMENT ON COLUMN scanstream.service_status.duplicate IS 'Files that were there already';
COMMENT ON COLUMN scanstream.service_status.set_aside IS 'Files set aside';
COMMENT ON COLUMN scanstream.service_status.pending IS 'Accepted instances without an end yet';
COMMENT ON COLUMN scanstream.service_status.last_fold_at IS 'When a timeline last moved forward';
COMMENT ON COLUMN scanstream.service_status.last_received_at IS 'When a file last arrived';
COMMENT ON COLUMN scanstream.service_status.oldest_waiting_at IS
  'Since when the revision that waits longest has not moved; null: none waits';
COMMENT ON COLUMN scanstream.service_status.verified_at IS 'When scanstream verify last ran; null: never';
COMMENT ON COLUMN scanstream.service_status.verified_percent IS 'Percent of the rows that it looked at';
COMMENT ON COLUMN scanstream.service_status.verify_failed IS 'Invariants that did not hold then';

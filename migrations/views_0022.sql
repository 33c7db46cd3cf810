-- In plpgsql, which keeps the plan: a fold asks for one patient after the other.
CREATE OR REPLACE FUNCTION core.worklist_afresh(patients text[]) RETURNS SETOF core.worklist
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = core, pg_temp SET jit = off AS $$
BEGIN
  RETURN QUERY
  SELECT h.patient_id,
    coalesce(k.disease, v.disease, s.disease) AS disease, k.trial, k.arm, coalesce(v.line, 1) AS line,
    s.scan_uid AS last_scan_uid, s.revision AS last_revision, s.at AS last_scan_at,
    s.utc_offset_minutes AS last_offset_minutes,
    coalesce(v.at, s.at) + core.usual_gap(coalesce(v.at, s.at), b.at) * 1.5 AS due_at,
    v.doubtful_lesions,
    r.criterion, r.category AS response, r.at AS response_at, r.sum_now, r.nadir_sum, r.nadir_at, r.percent_from_nadir,
    r.percent_from_baseline, r.new_lesions, coalesce(p.since, w.at) AS progressed_at,
    coalesce(f.endpoint, q.endpoint) AS endpoint,
    CASE WHEN f.endpoint IS NULL THEN q.status ELSE 'open' END AS question,
    CASE WHEN f.endpoint IS NULL THEN q.since END AS question_since,
    f.horizon_kind, f.horizon_days, f.risk, f.risk_low, f.risk_high, f.weights_version, f.scan_uid AS risk_scan_uid,
    f.revision AS risk_revision, f.at AS risk_at, f.valid_until, f.stale_at,
    e.risk AS risk_before, e.at AS risk_before_at, e.weights_version AS weights_before,
    greatest(s.placed_at, r.computed_at, q.computed_at, f.computed_at) AS news_at,
    a.at AS acknowledged_at, a.by AS acknowledged_by, a.note, y.died, y.at AS died_at
  FROM core.heads h
  -- the latest scan that counts, and the latest visit, which a line of therapy and lesions belong to
  LEFT JOIN LATERAL (
    SELECT c.id AS scan_uid, c.revision, c.at, c.placed_at, n.utc_offset_minutes, (
      SELECT x.disease FROM core.features x WHERE x.scan_uid = c.id AND x.revision = c.revision
      ORDER BY x.feature_version LIMIT 1) AS disease
    FROM core.placements c
    JOIN core.revisions n ON n.scan_uid = c.id AND n.revision = c.revision
    WHERE c.patient_id = h.patient_id AND c.kind = 'scan' AND c.ended_by IS NULL
    ORDER BY c.at DESC, c.id DESC LIMIT 1) s ON true
  LEFT JOIN LATERAL (
    SELECT c.scan_uid, c.at, c.line, c.disease, (
      SELECT count(*)::int FROM jsonb_array_elements(c.lesions::jsonb) l
      WHERE l ->> 'perhaps' IS NOT NULL) AS doubtful_lesions
    FROM core.visits c
    WHERE c.patient_id = h.patient_id AND c.superseded_by IS NULL
    ORDER BY c.at DESC, c.scan_uid DESC LIMIT 1) v ON true
  LEFT JOIN LATERAL (
    SELECT max(c.at) AS at FROM core.visits c
    WHERE c.patient_id = h.patient_id AND c.superseded_by IS NULL AND c.at < v.at) b ON true
  -- clinical facts that a fold has seen; of merged records, what was received for the patient itself counts before the others
  LEFT JOIN LATERAL (
    SELECT (array_agg(c.facts ->> 'disease' ORDER BY o.own DESC, o.id DESC)
        FILTER (WHERE json_typeof(c.facts -> 'disease') = 'string' AND c.facts ->> 'disease' <> ''))[1] AS disease,
      (array_agg(c.facts ->> 'trial' ORDER BY o.own DESC, o.id DESC) FILTER (WHERE c.facts ->> 'trial' <> ''))[1]
        AS trial,
      (array_agg(c.facts ->> 'arm' ORDER BY o.own DESC, o.id DESC) FILTER (WHERE c.facts ->> 'arm' <> ''))[1] AS arm
    FROM (SELECT m.id, m.id = h.patient_id AS own FROM core.records(h.patient_id) m) o
    JOIN LATERAL (
      SELECT g.facts FROM core.clinical g
      JOIN core.ledger d ON d.kind = 'clinical' AND d.id = g.received_as AND d.revision = g.revision
      WHERE g.received_as = o.id ORDER BY g.revision DESC LIMIT 1) c ON true) k ON true
  -- the verdict now; a brain is judged by its own criterion, all else by RECIST 1.1
  LEFT JOIN LATERAL (
    SELECT c.criterion, c.line, c.category, c.at, c.sum_of_diameters AS sum_now, c.nadir_sum, c.nadir_at,
      c.percent_from_nadir, c.percent_from_baseline, c.new_lesions, c.computed_at
    FROM core.responses c
    WHERE c.patient_id = h.patient_id AND c.superseded_by IS NULL
    ORDER BY c.line DESC, c.at DESC, (c.criterion = 'RECIST 1.1') = (coalesce(k.disease, v.disease) IS DISTINCT FROM 'brain') DESC,
      c.criterion LIMIT 1) r ON true
  LEFT JOIN LATERAL (
    SELECT min(c.at) AS at FROM core.responses c
    WHERE c.patient_id = h.patient_id AND c.superseded_by IS NULL AND c.criterion = r.criterion AND c.line = r.line
      AND c.category IN ('PD', 'iUPD', 'iCPD')) w ON true
  -- questions of the latest line: the one that is asked first, and whether progression is answered
  LEFT JOIN LATERAL (
    SELECT c.endpoint, c.status, c.since, c.computed_at FROM core.endpoint_statuses c
    WHERE c.patient_id = h.patient_id AND c.superseded_by IS NULL
    ORDER BY c.line DESC, array_position(ARRAY['progression', 'death', 'pcr', 'objective_response'], c.endpoint),
      c.endpoint LIMIT 1) q ON true
  LEFT JOIN LATERAL (
    SELECT c.since FROM core.endpoint_statuses c
    WHERE c.patient_id = h.patient_id AND c.superseded_by IS NULL AND c.endpoint = 'progression'
      AND c.line = coalesce(v.line, 1) AND c.status = 'occurred') p ON true
  -- the forecast that leads: of the question that is asked first, for six months where there is one
  LEFT JOIN LATERAL (
    SELECT t.*, u.valid_until, least(u.valid_until, t.at + u.gap * 1.5) AS stale_at
    FROM core.forecasts t
    JOIN core.leads l ON l.endpoint = t.endpoint AND l.disease = t.disease AND l.weights_version = t.weights_version
      AND l.until IS NULL
    LEFT JOIN core.visits c ON c.patient_id = t.patient_id AND c.scan_uid = t.scan_uid AND c.superseded_by IS NULL
    LEFT JOIN core.endpoint_statuses o ON o.patient_id = t.patient_id AND o.line = c.line AND o.endpoint = t.endpoint
      AND o.superseded_by IS NULL
    CROSS JOIN LATERAL (
      SELECT core.usual_gap(t.at, (
        SELECT max(y.at) FROM core.visits y
        WHERE y.patient_id = t.patient_id AND y.at < t.at AND y.superseded_by IS NULL)) AS gap) g
    CROSS JOIN LATERAL (
      SELECT g.gap, CASE t.horizon_kind WHEN 'days' THEN t.at + make_interval(days => t.horizon_days)
        WHEN 'next_visit' THEN t.at + g.gap END AS valid_until) u
    WHERE t.patient_id = h.patient_id AND t.tip AND coalesce(o.status, 'open') = 'open'
    ORDER BY array_position(ARRAY['progression', 'death', 'pcr', 'objective_response'], t.endpoint), t.endpoint,
      array_position(ARRAY[180, 365, 90], t.horizon_days), t.horizon_kind, t.horizon_days, t.at DESC, t.scan_uid DESC
    LIMIT 1) f ON true
  -- the same forecast of the scan before
  LEFT JOIN LATERAL (
    SELECT t.risk, t.at, t.weights_version
    FROM core.forecasts t
    JOIN core.leads l ON l.endpoint = t.endpoint AND l.disease = t.disease AND l.weights_version = t.weights_version
      AND l.until IS NULL
    WHERE t.patient_id = h.patient_id AND t.superseded_by IS NULL AND t.endpoint = f.endpoint
      AND t.horizon_kind = f.horizon_kind AND t.horizon_days IS NOT DISTINCT FROM f.horizon_days
      AND (t.at, t.scan_uid) < (f.at, f.scan_uid)
    ORDER BY t.at DESC, t.scan_uid DESC LIMIT 1) e ON true
  LEFT JOIN LATERAL (
    SELECT c.at, c.by, c.note FROM core.acknowledgements c
    WHERE c.patient_id = h.patient_id ORDER BY c.at DESC, c.acknowledgement_id LIMIT 1) a ON true
  -- a death that a fold has seen
  LEFT JOIN LATERAL (
    SELECT count(*) > 0 AS died, min(o.at) AS at FROM (
      SELECT DISTINCT ON (c.outcome_id) c.at, c.event AND NOT c.withdrawn AS died
      FROM core.records(h.patient_id) m
      JOIN core.outcomes c ON c.received_as = m.id AND c.endpoint = 'death'
      JOIN core.ledger g ON g.kind = 'outcome' AND g.id = c.outcome_id AND g.revision = c.revision
      ORDER BY c.outcome_id, c.revision DESC) o
    WHERE o.died) y ON true
  WHERE h.patient_id = ANY (patients) AND NOT EXISTS (SELECT FROM core.aliases m WHERE m.patient_id = h.patient_id);
END $$;

COMMENT ON FUNCTION core.worklist_afresh IS 'The rows that core.worklist must hold of patients, from what stands';

CREATE OR REPLACE VIEW scanstream.worklist AS
  SELECT x.patient_id, x.need, x.urgency, x.disease, x.trial, x.arm, x.line, x.response, x.criterion, x.response_at,
    x.progressed_at, x.percent_from_nadir, x.percent_from_baseline, x.sum_now, x.nadir_sum, x.nadir_at, x.new_lesions,
    x.endpoint, x.question, x.question_since, x.horizon_kind, x.horizon_days, x.risk, x.risk_low, x.risk_high,
    x.risk_at, x.valid_until, x.risk_before, x.risk_before_at, x.worsening, x.weights_version, x.weights_before,
    x.risk_scan_uid, x.risk_revision, (
      SELECT r.final_at IS NULL FROM core.revisions r
      WHERE r.scan_uid = x.risk_scan_uid AND r.revision = x.risk_revision) AS provisional, x.last_scan_uid, x.last_scan_at, x.last_scan_local, x.due_at, x.overdue, x.stale,
    x.on_the_way, x.undecided, x.doubtful_lesions, x.news_at, x.is_new, x.acknowledged_at, x.acknowledged_by, x.note,
    x.died, x.died_at
  FROM (
    SELECT n.*,
      -- what a person is needed for first, and within it who comes first: the whole part and the rest of one number
      CASE n.need
        WHEN 'progressed' THEN 6 - date_part('epoch', now() - n.progressed_at) / (60 * 86400)
        WHEN 'risen' THEN 4 + n.worsening
        WHEN 'overdue' THEN 4 - 1 / (1 + greatest(0, date_part('epoch', now() - least(n.due_at, n.stale_at)) / 86400))
        WHEN 'decision' THEN 2
        WHEN 'waiting' THEN 1
        ELSE 1 / (2 + greatest(0, date_part('epoch', now() - n.news_at) / 86400)) END::float8 AS urgency
    FROM (
      SELECT m.*,
        CASE
          WHEN m.is_new AND NOT m.died AND m.progressed_at > now() - interval '60 days' THEN 'progressed'
          WHEN m.is_new AND NOT m.died AND m.worsening >= 0.05 AND NOT m.stale THEN 'risen'
          WHEN m.overdue OR m.stale THEN 'overdue'
          WHEN m.undecided > 0 OR m.doubtful_lesions > 0 THEN 'decision'
          WHEN m.on_the_way > 0 THEN 'waiting'
          ELSE 'none' END AS need
      FROM (
        SELECT coalesce(w.patient_id, u.patient_id, d.patient_id) AS patient_id,
          w.disease, w.trial, w.arm, w.line, w.response, w.criterion, w.response_at, w.progressed_at,
          w.percent_from_nadir, w.percent_from_baseline, w.sum_now, w.nadir_sum, w.nadir_at, w.new_lesions,
          w.endpoint, w.question, w.question_since, w.horizon_kind, w.horizon_days, w.risk, w.risk_low, w.risk_high,
          w.risk_at, w.valid_until, w.stale_at, w.risk_before, w.risk_before_at, w.weights_version, w.weights_before,
          w.risk_scan_uid, w.risk_revision, w.last_scan_uid, w.last_scan_at,
          coalesce(w.last_scan_at AT TIME ZONE 'UTC' + make_interval(mins => w.last_offset_minutes),
            w.last_scan_at AT TIME ZONE z.name) AS last_scan_local,
          -- of one model: another one's number is no change of the patient
          CASE WHEN w.weights_before = w.weights_version THEN
            (w.risk - w.risk_before) * CASE WHEN w.endpoint IN ('pcr', 'objective_response') THEN -1 ELSE 1 END END
            AS worsening,
          w.due_at,
          coalesce(w.due_at < now() AND w.progressed_at IS NULL AND NOT w.died
            AND coalesce(w.question, 'open') NOT IN ('occurred', 'known', 'closed'), false) AS overdue,
          coalesce(w.stale_at < now() AND NOT w.died, false) AS stale,
          coalesce(u.on_the_way, 0) AS on_the_way, coalesce(d.undecided, 0) AS undecided,
          coalesce(w.doubtful_lesions, 0) AS doubtful_lesions,
          coalesce(w.news_at, u.changed_at, d.since) AS news_at,
          coalesce(w.acknowledged_at < w.news_at, true) AS is_new,
          w.acknowledged_at, w.acknowledged_by, w.note, coalesce(w.died, false) AS died, w.died_at
        FROM core.worklist w
        FULL JOIN (
          SELECT core.root(coalesce(a.patient_id, s.received_as)) COLLATE "C" AS patient_id,
            (count(*) FILTER (WHERE y.status <> 'set_aside'))::int AS on_the_way, max(y.changed_at) AS changed_at
          FROM core.assembly y
          JOIN core.scans s ON s.scan_uid = y.scan_uid
          LEFT JOIN core.assignments a ON a.scan_uid = y.scan_uid
          WHERE y.status <> 'applied'
          GROUP BY 1) u ON u.patient_id = w.patient_id
        FULL JOIN (
          SELECT core.root(coalesce(a.patient_id, s.received_as, i.patient_id)) COLLATE "C" AS patient_id,
            count(*)::int AS undecided, max(i.set_aside_at) AS since
          FROM core.set_asides i
          LEFT JOIN core.scans s ON s.scan_uid = i.scan_uid
          LEFT JOIN core.assignments a ON a.scan_uid = i.scan_uid
          WHERE i.decision IS NULL AND coalesce(a.patient_id, s.received_as, i.patient_id) IS NOT NULL
          GROUP BY 1) d ON d.patient_id = coalesce(w.patient_id, u.patient_id)
        CROSS JOIN (
          SELECT coalesce((SELECT value FROM core.service WHERE name = 'time_zone'), 'UTC') AS name) z) m) n) x;

COMMENT ON VIEW scanstream.worklist IS
  'Who needs a person, and for what first: one row per patient, the larger urgency the sooner';
COMMENT ON COLUMN scanstream.worklist.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.worklist.need IS
  'progressed (in the last 60 days, not acknowledged), risen (risk worse by 5 points, not acknowledged), overdue (the '
  'next scan, or the forecast has run out), all three only of the living, decision (set aside files, doubtful lesions), waiting (scans on their way) '
  'or none';
COMMENT ON COLUMN scanstream.worklist.urgency IS 'Sorts by need, and within it who comes first; larger is sooner';
COMMENT ON COLUMN scanstream.worklist.disease IS 'Disease that the clinical facts say, else the last visit';
COMMENT ON COLUMN scanstream.worklist.trial IS 'Trial that the clinical facts say';
COMMENT ON COLUMN scanstream.worklist.arm IS 'Arm of the trial that the clinical facts say';
COMMENT ON COLUMN scanstream.worklist.line IS 'Line of therapy, counts from 1';
COMMENT ON COLUMN scanstream.worklist.response IS
  'Verdict of the last judged visit: CR, PR, SD, PD, NE and those of other criteria; null at a baseline';
COMMENT ON COLUMN scanstream.worklist.criterion IS
  'Criterion of the verdict: RECIST 1.1, of a brain its own';
COMMENT ON COLUMN scanstream.worklist.response_at IS 'When the visit of the verdict was acquired';
COMMENT ON COLUMN scanstream.worklist.progressed_at IS 'Since when the line counts as progressed; null: it does not';
COMMENT ON COLUMN scanstream.worklist.percent_from_nadir IS 'Change of the sum from the nadir, %';
COMMENT ON COLUMN scanstream.worklist.percent_from_baseline IS 'Change of the sum from the baseline, %';
COMMENT ON COLUMN scanstream.worklist.sum_now IS 'Sum of the targets: mm, by RANO mm2, by volume ml';
COMMENT ON COLUMN scanstream.worklist.nadir_sum IS 'Smallest complete sum from the baseline to the visit before';
COMMENT ON COLUMN scanstream.worklist.nadir_at IS 'When the nadir was acquired';
COMMENT ON COLUMN scanstream.worklist.new_lesions IS 'New lesions that are there at the visit of the verdict';
COMMENT ON COLUMN scanstream.worklist.endpoint IS 'What is asked first of the patient: progression before all else';
COMMENT ON COLUMN scanstream.worklist.question IS
  'open, occurred, known, closed, no_baseline, not_measurable or disease_unknown; null: no model asks';
COMMENT ON COLUMN scanstream.worklist.question_since IS 'Since when the question is not open';
COMMENT ON COLUMN scanstream.worklist.horizon_kind IS 'days, next_visit, end_of_treatment or now';
COMMENT ON COLUMN scanstream.worklist.horizon_days IS 'Days ahead, counted from risk_at';
COMMENT ON COLUMN scanstream.worklist.risk IS
  'Probability of the endpoint within the horizon, 0 to 1; null where no question is open';
COMMENT ON COLUMN scanstream.worklist.risk_low IS 'Lower end of the central 90 % of the model''s own uncertainty';
COMMENT ON COLUMN scanstream.worklist.risk_high IS 'Upper end of the central 90 % of the model''s own uncertainty';
COMMENT ON COLUMN scanstream.worklist.risk_at IS 'When the scan of the forecast was acquired';
COMMENT ON COLUMN scanstream.worklist.valid_until IS 'The last day that the forecast speaks of';
COMMENT ON COLUMN scanstream.worklist.risk_before IS 'The same forecast of the scan before';
COMMENT ON COLUMN scanstream.worklist.risk_before_at IS 'When that scan was acquired';
COMMENT ON COLUMN scanstream.worklist.worsening IS
  'Change of the risk since then, positive is worse; null where another model said the one before';
COMMENT ON COLUMN scanstream.worklist.weights_version IS 'sha256 of the weights that said the risk';
COMMENT ON COLUMN scanstream.worklist.weights_before IS 'sha256 of the weights that said the risk before';
COMMENT ON COLUMN scanstream.worklist.risk_scan_uid IS 'Pseudonym of the scan (study) of the forecast';
COMMENT ON COLUMN scanstream.worklist.risk_revision IS 'Revision of that scan, counts from 1';
COMMENT ON COLUMN scanstream.worklist.provisional IS 'True until that revision is final; null without a forecast';
COMMENT ON COLUMN scanstream.worklist.last_scan_uid IS 'Pseudonym of the last scan (study) that counts';
COMMENT ON COLUMN scanstream.worklist.last_scan_at IS 'When it was acquired';
COMMENT ON COLUMN scanstream.worklist.last_scan_local IS 'What the clock showed then in the zone of the scan';
COMMENT ON COLUMN scanstream.worklist.due_at IS
  'When the next visit counts as overdue: by half more than the usual time after the last';
COMMENT ON COLUMN scanstream.worklist.overdue IS 'Whether that moment has passed and progression is not answered';
COMMENT ON COLUMN scanstream.worklist.stale IS 'Whether the forecast has run out, or the visit after it is overdue';
COMMENT ON COLUMN scanstream.worklist.on_the_way IS 'Scans that are received and not yet at an end';
COMMENT ON COLUMN scanstream.worklist.undecided IS 'Files that were set aside and wait for a person';
COMMENT ON COLUMN scanstream.worklist.doubtful_lesions IS
  'Lesions of the last visit that may be others: a person has to say';
COMMENT ON COLUMN scanstream.worklist.news_at IS 'When the latest of what the row tells was computed';
COMMENT ON COLUMN scanstream.worklist.is_new IS 'Whether nobody has acknowledged it since';
COMMENT ON COLUMN scanstream.worklist.acknowledged_at IS 'When somebody last acknowledged the patient';
COMMENT ON COLUMN scanstream.worklist.acknowledged_by IS 'Who';
COMMENT ON COLUMN scanstream.worklist.note IS 'What they noted';
COMMENT ON COLUMN scanstream.worklist.died IS 'Whether it was entered that the patient has died';
COMMENT ON COLUMN scanstream.worklist.died_at IS 'When, as entered; null: nobody knows the day';

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

CREATE OR REPLACE VIEW scanstream.enrolment AS
  SELECT v.patient_id, c.trial, c.arm, coalesce(lower(c.disease), v.disease, 'unknown') AS disease
  FROM (
    SELECT patient_id, (array_agg(disease ORDER BY at DESC) FILTER (WHERE disease <> 'unknown'))[1] AS disease
    FROM core.visits WHERE superseded_by IS NULL GROUP BY 1) v
  LEFT JOIN (
    -- of merged records, what was received for the patient itself counts before the others
    SELECT k.patient_id,
      (array_agg(k.trial ORDER BY k.absorbed, k.received_as DESC) FILTER (WHERE k.trial <> ''))[1] AS trial,
      (array_agg(k.arm ORDER BY k.absorbed, k.received_as DESC) FILTER (WHERE k.arm <> ''))[1] AS arm,
      (array_agg(k.disease ORDER BY k.absorbed, k.received_as DESC) FILTER (WHERE k.disease <> ''))[1] AS disease
    FROM (
      SELECT CASE WHEN a.patient_id IS NULL THEN f.received_as ELSE core.root(f.received_as) END AS patient_id,
        f.received_as, a.patient_id IS NOT NULL AS absorbed,
        f.facts ->> 'trial' AS trial, f.facts ->> 'arm' AS arm, f.facts ->> 'disease' AS disease
      FROM core.clinical f
      LEFT JOIN core.aliases a ON a.patient_id = f.received_as
      WHERE NOT EXISTS (
        SELECT FROM core.clinical n WHERE n.received_as = f.received_as AND n.revision > f.revision)) k
    GROUP BY 1) c ON c.patient_id = v.patient_id;

COMMENT ON VIEW scanstream.enrolment IS 'In which trial and arm each patient with visits is, and with which disease';
COMMENT ON COLUMN scanstream.enrolment.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.enrolment.trial IS 'Trial that the clinical facts name; null where they name none';
COMMENT ON COLUMN scanstream.enrolment.arm IS 'Arm that the clinical facts name; null where they name none';
COMMENT ON COLUMN scanstream.enrolment.disease IS
  'Disease that the clinical facts say, else the last scan that tells one; unknown where none does';

CREATE OR REPLACE VIEW core.patient_days AS
  SELECT v.patient_id, t.treated_on, d.died_on,
    greatest(core.local_day(v.last_at), d.alive_on) AS alive_on
  FROM (SELECT patient_id, max(at) AS last_at FROM core.visits WHERE superseded_by IS NULL GROUP BY 1) v
  LEFT JOIN (
    SELECT patient_id, array_agg(core.local_day(start_at) ORDER BY start_at) AS treated_on
    FROM scanstream.treatments GROUP BY 1) t USING (patient_id)
  LEFT JOIN (
    SELECT core.root(o.received_as) AS patient_id, min(core.local_day(o.at)) FILTER (WHERE o.event) AS died_on,
      max(core.local_day(o.at)) FILTER (WHERE NOT o.event) AS alive_on
    FROM core.outcomes o
    WHERE o.endpoint = 'death' AND NOT o.withdrawn AND NOT EXISTS (
      SELECT FROM core.outcomes n WHERE n.outcome_id = o.outcome_id AND n.revision > o.revision)
    GROUP BY 1) d USING (patient_id);

COMMENT ON VIEW core.patient_days IS
  'Calendar days of each patient with visits, in the TIME_ZONE of the service: treated, died, last known alive';
COMMENT ON COLUMN core.patient_days.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN core.patient_days.treated_on IS 'Days on which treatments started';
COMMENT ON COLUMN core.patient_days.died_on IS 'Day of death, as entered; null: none is known';
COMMENT ON COLUMN core.patient_days.alive_on IS 'Last day known alive: of a visit, or as entered';

CREATE OR REPLACE VIEW scanstream.line_visit AS
  SELECT d.patient_id, d.line, d.criterion, d.acquired_at, d.scan_uid, d.on_day,
    d.on_day - min(d.on_day) FILTER (WHERE d.category IS NULL) OVER of_line AS day,
    d.category, d.sum_of_diameters, d.percent_from_baseline, d.percent_from_nadir, d.new_lesions, d.best_overall,
    d.confirmed,
    count(*) FILTER (WHERE d.category IN ('PD', 'iCPD')) OVER before = 0 AS counts
  FROM (
    SELECT r.*, coalesce(
        r.at AT TIME ZONE 'UTC' + make_interval(mins => s.utc_offset_minutes),
        r.at AT TIME ZONE coalesce((SELECT value FROM core.service WHERE name = 'time_zone'), 'UTC'))::date AS on_day,
      r.at AS acquired_at
    FROM core.responses r
    LEFT JOIN core.revisions s ON s.scan_uid = r.scan_uid AND s.revision = r.revision
    WHERE r.superseded_by IS NULL) d
  WINDOW of_line AS (PARTITION BY d.patient_id, d.line, d.criterion),
    before AS (of_line ORDER BY d.acquired_at, d.scan_uid ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING);

COMMENT ON VIEW scanstream.line_visit IS
  'The standing verdicts of each line by each criterion, in days since its baseline, which has no category';
COMMENT ON COLUMN scanstream.line_visit.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.line_visit.line IS 'Line of therapy, counts from 1';
COMMENT ON COLUMN scanstream.line_visit.criterion IS 'Criterion, such as RECIST 1.1';
COMMENT ON COLUMN scanstream.line_visit.acquired_at IS 'When the visit''s first scan was acquired';
COMMENT ON COLUMN scanstream.line_visit.scan_uid IS 'Pseudonym of the visit''s last scan (study)';
COMMENT ON COLUMN scanstream.line_visit.on_day IS 'Calendar day of the visit in the zone of its scan';
COMMENT ON COLUMN scanstream.line_visit.day IS 'Whole calendar days since the baseline of the line';
COMMENT ON COLUMN scanstream.line_visit.category IS 'The verdict; null at the baseline';
COMMENT ON COLUMN scanstream.line_visit.sum_of_diameters IS
  'Sum of the targets, mm (RANO mm², volumes ml); null unless all were evaluated';
COMMENT ON COLUMN scanstream.line_visit.percent_from_baseline IS 'Change of the sum from the baseline, %';
COMMENT ON COLUMN scanstream.line_visit.percent_from_nadir IS 'Change of the sum from the nadir, %';
COMMENT ON COLUMN scanstream.line_visit.new_lesions IS 'New lesions that are there at this visit';
COMMENT ON COLUMN scanstream.line_visit.best_overall IS 'Best response of the line so far, no confirmation asked';
COMMENT ON COLUMN scanstream.line_visit.confirmed IS
  'Whether it confirms a response seen at least 28 days earlier';
COMMENT ON COLUMN scanstream.line_visit.counts IS
  'Whether it counts towards the best response: up to the first progression of the line, which counts too';

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
    max(w.day) FILTER (WHERE w.category IS DISTINCT FROM 'NE') AS adequate_day
  FROM (
    SELECT r.*,
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
      SELECT q.patient_id, q.line, c.criterion, q.line = max(q.line) OVER (PARTITION BY q.patient_id) AS last_line,
        CASE WHEN q.status = 'known' THEN core.local_day(q.since) END AS progressed_on
      FROM core.endpoint_statuses q
      JOIN (
        SELECT patient_id, line, 'RECIST 1.1' AS criterion FROM core.endpoint_statuses
        WHERE endpoint = 'progression' AND superseded_by IS NULL
        UNION SELECT patient_id, line, criterion FROM core.responses WHERE superseded_by IS NULL) c
        USING (patient_id, line)
      WHERE q.endpoint = 'progression' AND q.superseded_by IS NULL) l
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

GRANT SELECT ON scanstream.enrolment, scanstream.line_visit, scanstream.line_outcome
  TO scanstream_gateway, scanstream_worker, scanstream_dashboard, scanstream_reader, scanstream_vault;

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

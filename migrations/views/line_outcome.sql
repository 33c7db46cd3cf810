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

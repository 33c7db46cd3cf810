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

CREATE OR REPLACE VIEW scanstream.response AS
  SELECT r.patient_id, r.line, r.at AS acquired_at, r.revision, r.scan_uid, r.category, r.sum_of_diameters,
    r.baseline_sum, r.nadir_sum, r.target_category, r.non_target_category, r.new_lesions, r.percent_from_baseline,
    r.percent_from_nadir, r.nadir_at, r.best_overall, r.confirmed, r.trace, r.criterion, r.computed_at,
    r.superseded_at, r.superseded_because
  FROM core.responses r;

COMMENT ON VIEW scanstream.response IS
  'What a criterion says of each visit in each line, and why; a baseline has a sum and no category';
COMMENT ON COLUMN scanstream.response.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.response.line IS 'Line of therapy, counts from 1';
COMMENT ON COLUMN scanstream.response.acquired_at IS 'When the visit''s first scan was acquired';
COMMENT ON COLUMN scanstream.response.revision IS 'Revision of that scan, counts from 1';
COMMENT ON COLUMN scanstream.response.scan_uid IS 'Pseudonym of the visit''s last scan (study)';
COMMENT ON COLUMN scanstream.response.category IS 'CR, PR, SD, PD, NE or Non-CR/Non-PD; null at the baseline';
COMMENT ON COLUMN scanstream.response.sum_of_diameters IS 'Sum of the targets, mm; null unless all were evaluated';
COMMENT ON COLUMN scanstream.response.baseline_sum IS 'Sum at the baseline, mm';
COMMENT ON COLUMN scanstream.response.nadir_sum IS 'Smallest complete sum from the baseline to the visit before, mm';
COMMENT ON COLUMN scanstream.response.target_category IS 'Of the targets alone; null where there are none';
COMMENT ON COLUMN scanstream.response.non_target_category IS 'Of the other lesions alone; null where there are none';
COMMENT ON COLUMN scanstream.response.new_lesions IS 'New lesions that are there at this visit';
COMMENT ON COLUMN scanstream.response.percent_from_baseline IS 'Change of the sum from the baseline, %';
COMMENT ON COLUMN scanstream.response.percent_from_nadir IS 'Change of the sum from the nadir, %';
COMMENT ON COLUMN scanstream.response.nadir_at IS 'When the nadir was acquired';
COMMENT ON COLUMN scanstream.response.best_overall IS 'Best response of the line so far, no confirmation asked';
COMMENT ON COLUMN scanstream.response.confirmed IS 'Whether it confirms a response seen at least 28 days earlier';
COMMENT ON COLUMN scanstream.response.trace IS
  'The verdict as a sentence: rule, lesions, reference with its date, arithmetic';
COMMENT ON COLUMN scanstream.response.criterion IS 'Criterion, such as RECIST 1.1';
COMMENT ON COLUMN scanstream.response.computed_at IS 'When it was computed';
COMMENT ON COLUMN scanstream.response.superseded_at IS 'When it stopped standing; null: it stands';
COMMENT ON COLUMN scanstream.response.superseded_because IS 'Why it no longer stands';

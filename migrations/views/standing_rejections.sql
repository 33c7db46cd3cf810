CREATE OR REPLACE VIEW core.standing_rejections AS
  SELECT scan_uid, revision, kind, because, by, at FROM (
    SELECT DISTINCT ON (scan_uid, revision) * FROM core.rejections ORDER BY scan_uid, revision, number DESC) j
  WHERE NOT withdrawn;

COMMENT ON VIEW core.standing_rejections IS 'Rejections that were not withdrawn';
COMMENT ON COLUMN core.standing_rejections.scan_uid IS 'Pseudonym of the study';
COMMENT ON COLUMN core.standing_rejections.revision IS 'This one and all lower ones do not count';
COMMENT ON COLUMN core.standing_rejections.kind IS 'rejected, or retracted by the sender''s own correction';
COMMENT ON COLUMN core.standing_rejections.because IS 'quality, safety, wrong_patient, replaced or other';
COMMENT ON COLUMN core.standing_rejections.by IS 'Who rejected it';
COMMENT ON COLUMN core.standing_rejections.at IS 'When';

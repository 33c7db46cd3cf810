CREATE OR REPLACE VIEW scanstream.response_probability AS
  SELECT f.patient_id, f.criterion, c.category, c.probability, f.scan_uid, f.revision, f.at AS acquired_at,
    CASE
      WHEN EXISTS (
        SELECT FROM core.leads l
        WHERE l.endpoint = 'response' AND l.disease = f.disease AND l.weights_version = f.weights_version
          AND l.since <= coalesce(f.superseded_at, 'infinity')
          AND coalesce(l.until, 'infinity') >= coalesce(f.superseded_at, 'infinity'))
      THEN 'lead' ELSE 'shadow'
    END AS role,
    w.model, f.weights_version, f.computed_at, f.superseded_at
  FROM core.response_probabilities f
  JOIN core.weights w ON w.weights_version = f.weights_version
  -- the table has a row for all categories of a criterion, this view one for each category
  CROSS JOIN LATERAL (VALUES ('CR', f.cr), ('PR', f.pr), ('SD', f.sd), ('PD', f.pd)) c(category, probability);

COMMENT ON VIEW scanstream.response_probability IS 'Probabilities of the best response, up to the next visit';
COMMENT ON COLUMN scanstream.response_probability.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.response_probability.criterion IS 'Response criterion';
COMMENT ON COLUMN scanstream.response_probability.category IS 'CR, PR, SD or PD';
COMMENT ON COLUMN scanstream.response_probability.probability IS 'Probability of the category';
COMMENT ON COLUMN scanstream.response_probability.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.response_probability.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.response_probability.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.response_probability.role IS
  'lead: these weights led when the row ended, or lead now; else shadow';
COMMENT ON COLUMN scanstream.response_probability.model IS 'Name of the model';
COMMENT ON COLUMN scanstream.response_probability.weights_version IS 'sha256 of the weights that said it';
COMMENT ON COLUMN scanstream.response_probability.computed_at IS 'When it was computed';
COMMENT ON COLUMN scanstream.response_probability.superseded_at IS 'When it stopped standing; null: it stands';

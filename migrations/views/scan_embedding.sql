CREATE OR REPLACE VIEW scanstream.scan_embedding AS
  SELECT p.patient_id, p.id AS scan_uid, p.revision, p.at AS acquired_at, e.modality, e.encoder, e.weights_version,
    'encoded-1:' || left(e.weights_version, 12) AS feature_version, e.embedding, e.masked_because, e.series_uid,
    e.slices
  FROM core.placements p
  JOIN core.scan_embeddings e ON e.scan_uid = p.id AND e.revision = p.revision
  WHERE p.kind = 'scan' AND p.ended_by IS NULL;

COMMENT ON VIEW scanstream.scan_embedding IS
  'What an encoder says of the series of each standing scan, a row for each modality that the scan holds: numbers that '
  'mean nothing by themselves, a part of what some models see';
COMMENT ON COLUMN scanstream.scan_embedding.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.scan_embedding.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.scan_embedding.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.scan_embedding.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.scan_embedding.modality IS 'CT, MR or PT';
COMMENT ON COLUMN scanstream.scan_embedding.encoder IS 'Name of the encoder that was asked';
COMMENT ON COLUMN scanstream.scan_embedding.weights_version IS 'sha256 of its weights';
COMMENT ON COLUMN scanstream.scan_embedding.feature_version IS
  'The feature version that holds it; models whose card names this one see it';
COMMENT ON COLUMN scanstream.scan_embedding.embedding IS
  'What the encoder says, from 0 to 1; null where the modality is masked';
COMMENT ON COLUMN scanstream.scan_embedding.masked_because IS 'Why no series of it was read; null where one was';
COMMENT ON COLUMN scanstream.scan_embedding.series_uid IS 'Pseudonym of the series that was read';
COMMENT ON COLUMN scanstream.scan_embedding.slices IS 'Slices of that series';

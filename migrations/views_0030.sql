CREATE OR REPLACE VIEW scanstream.outlining AS
  SELECT core.root(coalesce(a.patient_id, s.received_as)) AS patient_id, o.scan_uid, o.revision, r.acquired_at,
    o.model, o.version, o.weights_version, o.outcome, o.reason, v.lesions, v.volume_ml, o.segmentation_sha256
  FROM core.outlinings o
  JOIN core.scans s ON s.scan_uid = o.scan_uid
  JOIN core.revisions r ON r.scan_uid = o.scan_uid AND r.revision = o.revision
  LEFT JOIN core.assignments a ON a.scan_uid = o.scan_uid
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS lesions, sum(m.value) AS volume_ml FROM core.measurements m
    WHERE m.scan_uid = o.scan_uid AND m.revision = o.revision AND m.source = 'model' AND m.measurement = 'volume') v;

COMMENT ON VIEW scanstream.outlining IS
  'What a model outlined in scans that came without report and segmentation; of each revision of a scan';
COMMENT ON COLUMN scanstream.outlining.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.outlining.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.outlining.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.outlining.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.outlining.model IS 'Name of the model that was asked';
COMMENT ON COLUMN scanstream.outlining.version IS 'Its version, as it states it';
COMMENT ON COLUMN scanstream.outlining.weights_version IS 'sha256 of all that decides what it finds';
COMMENT ON COLUMN scanstream.outlining.outcome IS
  'outlined, nothing_found, or the code of what stood in the way';
COMMENT ON COLUMN scanstream.outlining.reason IS 'The same in words; null: nothing stood in the way';
COMMENT ON COLUMN scanstream.outlining.lesions IS 'Lesions that it outlined';
COMMENT ON COLUMN scanstream.outlining.volume_ml IS 'Volume of all of them, ml';
COMMENT ON COLUMN scanstream.outlining.segmentation_sha256 IS
  'Names the segmentation in the archive; null: none was made';

GRANT SELECT ON scanstream.outlining
  TO scanstream_gateway, scanstream_worker, scanstream_dashboard, scanstream_reader, scanstream_vault;
GRANT SELECT, INSERT ON core.outlinings TO scanstream_worker;
GRANT SELECT ON core.outlinings TO scanstream_gateway;

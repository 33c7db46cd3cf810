CREATE OR REPLACE VIEW scanstream.unused AS
  SELECT u.scan_uid, u.revision, core.root(coalesce(a.patient_id, s.received_as)) AS patient_id, u.object_kind, u.code,
    u.meaning, u.reason
  FROM core.unused u
  JOIN core.scans s ON s.scan_uid = u.scan_uid
  LEFT JOIN core.assignments a ON a.scan_uid = u.scan_uid;

COMMENT ON VIEW scanstream.unused IS 'What was received and is not used, and why';
COMMENT ON COLUMN scanstream.unused.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.unused.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.unused.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.unused.object_kind IS 'Kind of the object that holds it';
COMMENT ON COLUMN scanstream.unused.code IS 'Code of it, SCHEME:VALUE; empty where there is none';
COMMENT ON COLUMN scanstream.unused.meaning IS 'What the code means, in words that name nobody';
COMMENT ON COLUMN scanstream.unused.reason IS 'Why it is not used';

GRANT SELECT ON scanstream.unused TO scanstream_gateway, scanstream_worker, scanstream_dashboard, scanstream_reader, scanstream_vault;
GRANT SELECT, INSERT, UPDATE ON core.unused TO scanstream_worker;
GRANT SELECT ON core.unused TO scanstream_gateway;

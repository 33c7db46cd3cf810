CREATE OR REPLACE VIEW scanstream.disk AS
  SELECT p.name AS process, ARRAY(SELECT json_array_elements_text(d.value -> 'folders')) AS folders,
    (d.value ->> 'free_bytes')::bigint AS free_bytes, (d.value ->> 'total_bytes')::bigint AS total_bytes
  FROM core.processes p
  CROSS JOIN json_array_elements(p.disks) d
  WHERE core.is_heard(p.heard_at);

COMMENT ON VIEW scanstream.disk IS 'File systems that running processes write to, and how much room they have';
COMMENT ON COLUMN scanstream.disk.process IS 'Process that says it';
COMMENT ON COLUMN scanstream.disk.folders IS 'What of the service lies there: spool, archive, postgres, kafka';
COMMENT ON COLUMN scanstream.disk.free_bytes IS 'Bytes that are free';
COMMENT ON COLUMN scanstream.disk.total_bytes IS 'Bytes that it holds';

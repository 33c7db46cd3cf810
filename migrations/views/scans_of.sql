-- Runs with its owner's rights, so that a reader needs no right on any table.
CREATE OR REPLACE FUNCTION scanstream.scans_of(patient text) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT s.scan_uid FROM core.records(patient) m JOIN scans s ON s.received_as = m.id
  UNION
  SELECT a.scan_uid FROM core.records(patient) m JOIN assignments a ON a.patient_id = m.id $$;

COMMENT ON FUNCTION scanstream.scans_of IS
  'Scans that were received for a patient or moved there: finds their rows in views of many scans by an index';

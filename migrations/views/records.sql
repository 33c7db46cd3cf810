-- Runs with its owner's rights, so that who reads a view that calls it needs no right on any table.
CREATE OR REPLACE FUNCTION core.records(patient text) RETURNS TABLE (id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  WITH RECURSIVE record(id) AS (
    SELECT patient COLLATE "C" UNION ALL SELECT a.patient_id FROM aliases a JOIN record r ON a.into_patient_id = r.id)
  SELECT r.id FROM record r $$;

COMMENT ON FUNCTION core.records IS 'Every record whose facts stand on the timeline of a patient';

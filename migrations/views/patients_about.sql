-- Of merged patients all: each brought a name.
CREATE OR REPLACE FUNCTION core.patients_about(about text[]) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, core, pg_temp AS $$
  WITH items AS (
    SELECT scan_uid, patient_id FROM core.set_asides WHERE item_id = ANY (about)
  ), scans AS (
    SELECT scan_uid, received_as FROM core.scans
    WHERE scan_uid = ANY (about) OR scan_uid IN (SELECT i.scan_uid FROM items i)
  ), named AS (
    SELECT p.patient_id FROM vault.patients p WHERE p.patient_id = ANY (about) OR p.mrn = ANY (about)
    UNION SELECT i.patient_id FROM items i
    UNION SELECT d.patient_id FROM vault.doubts d WHERE d.item_id = ANY (about)
    UNION SELECT s.received_as FROM scans s
    UNION SELECT a.patient_id FROM core.assignments a JOIN scans USING (scan_uid)
    UNION SELECT n.patient_id FROM core.named_patients n JOIN scans USING (scan_uid)
  ), roots AS (
    SELECT core.root(n.patient_id) AS patient_id FROM named n WHERE n.patient_id IS NOT NULL
  )
  SELECT r.patient_id FROM roots r
  UNION SELECT n.patient_id FROM named n WHERE n.patient_id IS NOT NULL
  UNION SELECT a.patient_id FROM core.aliases a WHERE core.root(a.patient_id) IN (SELECT r.patient_id FROM roots r)
$$;

COMMENT ON FUNCTION core.patients_about IS
  'All patients that these are about: pseudonyms of patients and scans, hospital IDs, items set aside';

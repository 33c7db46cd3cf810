-- Runs with its owner's rights, so that who reads a view that calls it needs no right on any table.
CREATE OR REPLACE FUNCTION core.root(patient text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
DECLARE above text;
BEGIN
  LOOP
    SELECT a.into_patient_id INTO above FROM aliases a WHERE a.patient_id = patient;
    IF NOT FOUND THEN RETURN patient; END IF;
    patient := above;
  END LOOP;
END $$;

COMMENT ON FUNCTION core.root IS 'The timeline a patient belongs to after merges';

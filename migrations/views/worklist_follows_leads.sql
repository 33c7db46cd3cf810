-- Leads change under the identity lock, beside no fold. One that ends and has a successor is told by that one.
CREATE OR REPLACE FUNCTION core.worklist_follows_leads() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = core, pg_temp AS $$
BEGIN
  IF NEW.until IS NULL OR NOT EXISTS (
    SELECT FROM leads l WHERE l.endpoint = NEW.endpoint AND l.disease = NEW.disease AND l.until IS NULL) THEN
    PERFORM refresh_worklist(ARRAY(
      SELECT DISTINCT f.patient_id FROM forecasts f
      WHERE f.tip AND f.endpoint = NEW.endpoint AND f.disease = NEW.disease));
  END IF;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER leads_worklist AFTER INSERT OR UPDATE ON core.leads
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION core.worklist_follows_leads();

COMMENT ON FUNCTION core.worklist_follows_leads IS 'Keeps core.worklist in line with which weights lead';

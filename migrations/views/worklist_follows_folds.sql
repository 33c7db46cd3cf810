-- At the end of a fold's transaction: then all that it wrote and ended is there.
CREATE OR REPLACE FUNCTION core.worklist_follows_folds() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = core, pg_temp AS $$
BEGIN
  PERFORM refresh_worklist(ARRAY[NEW.patient_id]);
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER heads_worklist AFTER INSERT OR UPDATE ON core.heads
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.version > 0) EXECUTE FUNCTION core.worklist_follows_folds();

COMMENT ON FUNCTION core.worklist_follows_folds IS 'Keeps core.worklist in line with the folds';

-- A fold moves its heads last: all that it wrote and ended is there. One question for all heads of the statement takes a quarter of
-- what one for each of them takes.
CREATE OR REPLACE FUNCTION core.worklist_follows_folds() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = core, pg_temp AS $$
BEGIN
  PERFORM refresh_worklist(ARRAY(SELECT m.patient_id FROM moved m WHERE m.version > 0));
  RETURN NULL;
END $$;

CREATE TRIGGER heads_worklist AFTER UPDATE ON core.heads
REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION core.worklist_follows_folds();

COMMENT ON FUNCTION core.worklist_follows_folds IS 'Keeps core.worklist in line with the folds';

-- What people type is kept for ever and read by many: whoever writes it down asks here first. Who somebody is may share
-- a family name with the patient; the note may not have a word of it.
CREATE OR REPLACE FUNCTION core.why_not_written(about text[], who text, note text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, core, pg_temp AS $$
  SELECT CASE
    WHEN core.names_anybody(who) THEN
      'Who you say you are is the name or the ID of a patient too: give initials or a login. Nothing was kept.'
    WHEN core.names_anybody(note)
      OR EXISTS (SELECT FROM core.patients_about(about) one WHERE core.names_somebody(one, ARRAY[note])) THEN
      'What you wrote may say who a patient is: it has a name or a part of one, an ID or a birth date. Write it without '
      'that. Nothing was kept.'
  END
$$;

COMMENT ON FUNCTION core.why_not_written IS
  'Why a person''s words about these patients, scans or items set aside are not kept, in a sentence; null: they may be';

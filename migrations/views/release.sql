-- `acquired` is a timestamp, so that Postgres itself refuses what is no day of the calendar.
CREATE OR REPLACE FUNCTION scanstream.release(
  item_id text, reason text, by_whom text DEFAULT NULL, patient_id text DEFAULT NULL, acquired timestamp DEFAULT NULL)
RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT core.wish(item_id, 'released', reason, by_whom, patient_id, to_char(acquired, 'YYYY-MM-DD"T"HH24:MI'))
$$;

COMMENT ON FUNCTION scanstream.release IS
  'Let what was set aside, and all of its cause, count as if nothing had been wrong: reason in your words, by_whom your '
  'name (else the login), patient_id whose it is, acquired when it was taken, on the clock of the site';

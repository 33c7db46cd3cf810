CREATE OR REPLACE FUNCTION scanstream.reject(item_id text, reason text, by_whom text DEFAULT NULL)
RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT core.wish(item_id, 'rejected', reason, by_whom, NULL, NULL)
$$;

COMMENT ON FUNCTION scanstream.reject IS
  'Let what was set aside, and all of its cause, stay aside for good: reason in your words, by_whom your name (else the '
  'login)';

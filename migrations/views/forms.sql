-- FORMS of stream/plain_text.py: texts are the same name if one of these makes them alike.
CREATE OR REPLACE FUNCTION core.forms(words text) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT ARRAY[bare,
    core.plain(replace(replace(replace(replace(replace(
      lower(normalize(words, NFC)), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ø', 'oe'), 'å', 'aa')),
    regexp_replace(bare, '(a)[ae]+|([ou])e+', '\1\2', 'g')]
  FROM core.plain(words) bare
$$;

COMMENT ON FUNCTION core.forms IS 'Words without accents, with umlauts written out, and with these as one letter';

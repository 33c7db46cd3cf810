-- The whole of what tells who somebody is, as `spellings` of stream/services/verify/identifiers.py has it: no shorter
-- than six letters, as words with a blank between. Indexes of the vault are made of it: it must not change.
CREATE OR REPLACE FUNCTION core.spellings(mrn text, name text, birth_date text) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH written AS (
    SELECT core.plain(mrn) AS form
    UNION ALL SELECT unnest(ARRAY[writing, regexp_replace(writing, '^([^^]*)\^(.*)$', '\2 \1')])
    FROM unnest(core.forms(name)) spelled, regexp_split_to_table(spelled, '=') writing
    UNION ALL SELECT unnest(ARRAY[birth_date, y || m || d, concat_ws(' ', d, m, y), concat_ws(' ', m, d, y)])
    FROM regexp_matches(birth_date, '^(\d{4})-(\d\d)-(\d\d)$') AS born (day), concat(day[1]) y, concat(day[2]) m,
      concat(day[3]) d
  ), spelled AS (
    SELECT DISTINCT core.words_of(form) AS words FROM written
  )
  SELECT coalesce(array_agg(array_to_string(words, ' ')), '{}') FROM spelled
  WHERE octet_length(array_to_string(words, ' ')) >= 6 AND NOT words <@ core.harmless_words()
$$;

COMMENT ON FUNCTION core.spellings IS 'The ways in which people write the ID, the name and the birth date of a patient';

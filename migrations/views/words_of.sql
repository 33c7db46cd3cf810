-- `words` of stream/plain_text.py.
CREATE OR REPLACE FUNCTION core.words_of(form text) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT array_remove(regexp_split_to_array(regexp_replace(form,
    '([\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff])', ' \1 ', 'g'),
    '[^[:alnum:]]+'), '')
$$;

COMMENT ON FUNCTION core.words_of IS
  'The letters and digits that stand together in what core.forms gives; an ideograph is a word of its own';

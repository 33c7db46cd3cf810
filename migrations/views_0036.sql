-- The same as `plain` in stream/plain_text.py, of what names are made of: small letters without accents.
CREATE OR REPLACE FUNCTION core.plain(words text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT normalize(translate(replace(replace(replace(replace(regexp_replace(lower(normalize(words, NFKD)),
      '[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u3099\u309a\u200b-\u200f\u202a-\u202e\ufeff\u00ad]',
      '', 'g'),
    'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), 'øłđðħıς' || katakana, 'olddhiσ' || hiragana), NFC)
  FROM (SELECT string_agg(chr(letter), '') AS katakana, string_agg(chr(letter - 96), '') AS hiragana
    FROM generate_series(x'30a1'::int, x'30f6'::int) letter) AS kana
$$;

COMMENT ON FUNCTION core.plain IS 'Words in small letters without accents, Katakana as Hiragana';

-- What who brings facts says of a patient is compared here, where the originals are, so that nobody else need read them:
-- runs with its owner's rights. The rules are those for tables (stream/services/facts/named_person.py).
CREATE OR REPLACE FUNCTION core.names_somebody(patient text, said text[], harmless text[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, core, pg_temp AS $$
  WITH who AS (
    SELECT mrn, name, birth_date FROM vault.patients WHERE patient_id = patient
    UNION ALL SELECT NULL, name, birth_date FROM vault.doubts WHERE patient_id = patient
  ), told AS (
    SELECT core.plain(one) AS words, regexp_replace(core.plain(one), '[^[:alnum:]]+', '', 'g') AS together
    FROM unnest(said) one
  ), parts AS (
    SELECT DISTINCT part FROM who, regexp_split_to_table(core.plain(name), '[^[:alnum:]]+') part
    WHERE part <> ALL (harmless)
  )
  SELECT EXISTS (SELECT FROM vault.patients WHERE mrn = patient)
  OR EXISTS (SELECT FROM parts, told
    WHERE length(part) >= 3 AND part = ANY (regexp_split_to_array(words, '[^[:alnum:]]+'))
      OR part ~ '^[\u2e80-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]{2,}$' AND strpos(together, part) > 0)
  OR EXISTS (SELECT FROM who, told WHERE length(mrn) >= 6 AND strpos(words, core.plain(mrn)) > 0)
  OR EXISTS (SELECT FROM who, told, regexp_matches(birth_date, '^(\d{4})-(\d\d)-(\d\d)$') AS born (day)
    WHERE strpos(together, day[1] || day[2] || day[3]) > 0 OR strpos(together, day[3] || day[2] || day[1]) > 0
      OR strpos(together, day[2] || day[3] || day[1]) > 0)
$$;

COMMENT ON FUNCTION core.names_somebody IS
  'Whether any of these texts has a word of the patient''s name that is not harmless, the ID or the birth date';

REVOKE EXECUTE ON FUNCTION core.plain, core.names_somebody FROM PUBLIC;
GRANT EXECUTE ON FUNCTION core.names_somebody TO scanstream_worker;

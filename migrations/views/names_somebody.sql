-- What who brings facts says of a patient is compared here, where the originals are, so that nobody else need read them:
-- runs with its owner's rights. The rules are those for tables (stream/services/facts/named_person.py).
CREATE OR REPLACE FUNCTION core.names_somebody(patient text, said text[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, core, pg_temp AS $$
  WITH who AS (
    SELECT mrn, name, birth_date FROM vault.patients WHERE patient_id = patient
    UNION ALL SELECT NULL, name, birth_date FROM vault.doubts WHERE patient_id = patient
  ), told AS (
    SELECT core.plain(one) AS words, regexp_replace(core.plain(one), '[^[:alnum:]]+', '', 'g') AS together,
      core.forms(one) AS forms
    FROM unnest(said) one
  ), parts AS (
    SELECT DISTINCT form, part FROM who, unnest(core.forms(name)) WITH ORDINALITY AS f (written, form),
      unnest(core.words_of(written)) part
    WHERE length(part) >= 3 AND part <> ALL (core.harmless_words())
  ), unspaced AS (
    SELECT regexp_split_to_array(writing, '[\s^]+') AS parts FROM who, regexp_split_to_table(core.plain(name), '=') writing
  ), runs AS (
    SELECT unnest(parts || ARRAY[array_to_string(parts, ''), (
      SELECT string_agg(part, '' ORDER BY place DESC) FROM unnest(parts) WITH ORDINALITY AS p (part, place))]) AS run
    FROM unspaced
  )
  SELECT EXISTS (SELECT FROM vault.patients WHERE mrn = patient)
  OR EXISTS (SELECT FROM parts, told WHERE part = ANY (core.words_of(forms[form])))
  OR EXISTS (SELECT FROM runs, told WHERE strpos(together, run) > 0 AND run ~
    '^[\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]{2,}$')
  OR EXISTS (SELECT FROM who, told WHERE length(mrn) >= 6 AND strpos(words, core.plain(mrn)) > 0)
  OR EXISTS (SELECT FROM who, told, regexp_matches(birth_date, '^(\d{4})-(\d\d)-(\d\d)$') AS born (day)
    WHERE strpos(together, day[1] || day[2] || day[3]) > 0 OR strpos(together, day[3] || day[2] || day[1]) > 0
      OR strpos(together, day[2] || day[3] || day[1]) > 0)
$$;

COMMENT ON FUNCTION core.names_somebody IS
  'Whether any of these texts has a word of the patient''s name that is not harmless, the ID or the birth date';

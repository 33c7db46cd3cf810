-- The same as `plain` in stream/plain_text.py, of what names are made of: small letters without accents.
CREATE OR REPLACE FUNCTION core.plain(words text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN words ~ '^[ -~]*$' THEN lower(words) ELSE
    normalize(translate(replace(replace(replace(replace(regexp_replace(lower(normalize(words, NFKD)),
      '[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u3099\u309a\u200b-\u200f\u202a-\u202e\ufeff\u00ad]',
      '', 'g'),
    'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
    'øłđðħıςァアィイゥウェエォオカガキギクグケゲコゴサザシジスズセゼソゾタダチヂッツヅテデトドナニヌネノハバパヒビピフブプヘベペホボポマミムメモャヤュユョヨラリルレロヮワヰヱヲンヴヵヶ',
    'olddhiσぁあぃいぅうぇえぉおかがきぎくぐけげこごさざしじすずせぜそぞただちぢっつづてでとどなにぬねのはばぱひびぴふぶぷへべぺほぼぽまみむめもゃやゅゆょよらりるれろゎわゐゑをんゔゕゖ'), NFC) END
$$;

COMMENT ON FUNCTION core.plain IS 'Words in small letters without accents, Katakana as Hiragana';

-- HARMLESS_WORDS of stream/harmless_words.py: whoever's name they may be, they tell nobody.
CREATE OR REPLACE FUNCTION core.harmless_words() RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT '{
    abdomen, adrenal, angle, annotation, anonymised, anonymized, anonymous, anterior, apical, arrow, axilla,
    axillary, axis, basal, baseline, bazo, bidirectional, bladder, blase, bone, bounding, box, brain, breast, brush,
    brust, caliper, central, cerebral, cerebro, cerveau, cervix, chest, cible, circle, cm, colon, contour,
    crosshairs, cyst, derecha, derecho, diameter, diana, distal, droit, droite, ellipse, ellipsoid, elliptical,
    esophagus, estomac, estomago, finding, foie, followup, freehand, ganglio, ganglion, gauche, gehirn, gland, haut,
    head, hepatic, herd, higado, hilar, hilum, hirn, hueso, huso, index, inferieur, inferior, inguinal, izquierda,
    izquierdo, kidney, kidneys, knochen, knoten, laesion, lappen, largest, lasion, lateral, leber, left, length,
    lesion, lesions, line, lingula, linke, links, liver, lll, lobe, lobes, lobulo, longest, lower, lul, lung, lunge,
    lungs, lymph, lymphknoten, lymphnode, magen, mama, masa, mass, masse, measurement, measurements, medial,
    mediastinal, mediastinum, medio, met, metastase, metastases, metastasis, mets, middle, milz, mittellappen, ml,
    mm, moyen, muscle, nebenniere, neck, new, niere, node, nodes, nodule, nodules, nodulo, non, nontarget,
    oberlappen, oesophagus, osophagus, ovary, pancreas, pancreatic, patient, peau, pelvis, phantom, piel, pleura,
    pleural, polygon, polyline, posterior, poumon, primary, probe, prostate, proximal, pulmon, pulmonary, rate,
    raumforderung, rechte, rechts, rectangle, rectangular, rectum, region, rein, renal, retroperitoneal, rib, right,
    rinon, rll, rml, roi, rul, ruler, rundherd, schilddruse, segment, segmentation, segments, sein, short, side,
    skin, smallest, spine, spleen, splenic, spline, stomach, sum, superieur, superior, suprarrenal, surrenale,
    target, test, testis, threshold, thyroid, tumeur, tumor, tumors, tumour, tumours, unknown, unterlappen, upper,
    uterus, vejiga, vertebra, vessie, volume, ziel, zyste
  }'::text[]
$$;

COMMENT ON FUNCTION core.harmless_words IS 'Plain words by which lesions are called everywhere';

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

-- `words` of stream/plain_text.py.
CREATE OR REPLACE FUNCTION core.words_of(form text) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT array_remove(regexp_split_to_array(regexp_replace(form,
    '([\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff])', ' \1 ', 'g'),
    '[^[:alnum:]]+'), '')
$$;

COMMENT ON FUNCTION core.words_of IS
  'The letters and digits that stand together in what core.forms gives; an ideograph is a word of its own';

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

-- Whole names, IDs and birth dates: a part of somebody's name is a word of many a sentence. Runs with its owner's rights.
CREATE OR REPLACE FUNCTION core.names_anybody(said text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, core, pg_temp AS $$
  WITH phrases AS MATERIALIZED (
    SELECT coalesce(array_agg(DISTINCT array_to_string(words[first : first + more], ' ')), '{}') AS said
    FROM unnest(core.forms(said)) form, core.words_of(form) words, generate_subscripts(words, 1) first,
      generate_series(0, 15) more
  ), uids AS MATERIALIZED (
    SELECT array_agg(uid[1]) AS said FROM regexp_matches(said, '\d+(?:\.\d+){3,}', 'g') uid
  )
  SELECT EXISTS (SELECT FROM vault.patients WHERE core.spellings(mrn, name, birth_date) && (SELECT p.said FROM phrases p))
  OR EXISTS (SELECT FROM vault.doubts WHERE core.spellings(NULL::text, name, birth_date) && (SELECT p.said FROM phrases p))
  OR EXISTS (SELECT FROM vault.scans WHERE study_instance_uid = ANY ((SELECT u.said FROM uids u)::text[])
    AND (SELECT u.said IS NOT NULL FROM uids u))
$$;

COMMENT ON FUNCTION core.names_anybody IS
  'Whether this text has the name, the ID or the birth date of any patient, or the original UID of a scan';

DROP FUNCTION core.names_somebody(text, text[], text[]);

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

-- Of merged patients all: each brought a name.
CREATE OR REPLACE FUNCTION core.patients_about(about text[]) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, core, pg_temp AS $$
  WITH items AS (
    SELECT scan_uid, patient_id FROM core.set_asides WHERE item_id = ANY (about)
  ), scans AS (
    SELECT scan_uid, received_as FROM core.scans
    WHERE scan_uid = ANY (about) OR scan_uid IN (SELECT i.scan_uid FROM items i)
  ), named AS (
    SELECT p.patient_id FROM vault.patients p WHERE p.patient_id = ANY (about) OR p.mrn = ANY (about)
    UNION SELECT i.patient_id FROM items i
    UNION SELECT d.patient_id FROM vault.doubts d WHERE d.item_id = ANY (about)
    UNION SELECT s.received_as FROM scans s
    UNION SELECT a.patient_id FROM core.assignments a JOIN scans USING (scan_uid)
    UNION SELECT n.patient_id FROM core.named_patients n JOIN scans USING (scan_uid)
  ), roots AS (
    SELECT core.root(n.patient_id) AS patient_id FROM named n WHERE n.patient_id IS NOT NULL
  )
  SELECT r.patient_id FROM roots r
  UNION SELECT n.patient_id FROM named n WHERE n.patient_id IS NOT NULL
  UNION SELECT a.patient_id FROM core.aliases a WHERE core.root(a.patient_id) IN (SELECT r.patient_id FROM roots r)
$$;

COMMENT ON FUNCTION core.patients_about IS
  'All patients that these are about: pseudonyms of patients and scans, hospital IDs, items set aside';

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

-- Runs with its owner's rights: who calls it may write nothing else.
CREATE OR REPLACE FUNCTION scanstream.acknowledge(patient text, who text, note text) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = core, pg_temp AS $$
DECLARE now_at timestamptz; id text := gen_random_uuid(); refused text;
BEGIN
  IF coalesce(btrim(who), '') = '' OR coalesce(btrim(note), '') = '' THEN
    RAISE EXCEPTION 'Say who you are and what you noted.' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  refused := core.why_not_written(ARRAY[patient], who, note);
  IF refused IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = refused;
  END IF;
  PERFORM pg_advisory_xact_lock_shared(4711); -- then the head: the order of stream/storage/locks.py
  PERFORM FROM heads h JOIN worklist w USING (patient_id) WHERE h.patient_id = patient FOR UPDATE OF h;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'Nothing is known of the patient %.', patient USING ERRCODE = 'invalid_parameter_value';
  END IF;
  now_at := clock_timestamp();
  INSERT INTO acknowledgements (acknowledgement_id, patient_id, at, by, note, row_sha256)
  VALUES (id, patient, now_at, btrim(who), btrim(note), digest(
    to_json('acknowledgements'::text), to_json(id), to_json(patient), to_json(microseconds(now_at)), to_json(btrim(who)),
    to_json(btrim(note))));
  PERFORM refresh_worklist(ARRAY[patient]);
  PERFORM write_audit(btrim(who), 'acknowledge', patient, btrim(note));
  RETURN now_at;
END $$;

COMMENT ON FUNCTION scanstream.acknowledge IS
  'Note that somebody has seen what is new of a patient; it is written down who did, when and what they noted';

-- Runs with its owner's rights: whoever may decide writes here, and nowhere else.
CREATE OR REPLACE FUNCTION core.wish(
  item text, decision text, why text, by_whom text, patient text, acquired text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, core, pg_temp AS $$
DECLARE
  aside record;
  waits core.wishes;
  who text := coalesce(nullif(btrim(by_whom), ''), session_user);
  reason text := btrim(coalesce(why, ''));
  number int;
  at timestamptz := clock_timestamp();
  refused text;
BEGIN
  IF reason = '' THEN
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = 'Say why: a decision needs its reason.';
  END IF;
  refused := core.why_not_written(ARRAY[item, patient], who, reason);
  IF refused IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = refused;
  END IF;
  SELECT i.*, k.why_not INTO aside FROM core.set_asides i JOIN core.set_aside_kinds k USING (item_id)
  WHERE i.item_id = item FOR UPDATE OF i;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = format('No item %s: scanstream.set_aside names them.', item);
  ELSIF aside.decision IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = format('%s %s it already, at %s UTC.',
      aside.decided_by, aside.decision, to_char(aside.decided_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'));
  ELSIF decision = 'released' AND aside.why_not IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = aside.why_not;
  END IF;
  SELECT w.* INTO waits FROM core.wishes w WHERE w.item_id = item AND w.answered_at IS NULL;
  IF waits.item_id IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = format('%s wants it %s since %s UTC: wait for the answer.',
      waits.wanted_by, waits.decision, to_char(waits.wanted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'));
  ELSIF patient IS NOT NULL AND NOT EXISTS (SELECT FROM core.scans s WHERE s.received_as = patient)
    AND NOT EXISTS (SELECT FROM core.heads h WHERE h.patient_id = patient) THEN
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = 'No such patient is known here: give a pseudonym.';
  END IF;
  SELECT coalesce(max(w.number), 0) + 1 INTO number FROM core.wishes w WHERE w.item_id = item;
  INSERT INTO core.wishes
    (item_id, number, decision, patient_id, acquired, wanted_by, login, why, wanted_at, row_sha256)
  VALUES (item, number, decision, patient, acquired, who, session_user, reason, at, core.digest(
    to_json('wishes'::text), to_json(item), to_json(number), to_json(decision), to_json(patient), to_json(acquired),
    to_json(who), to_json(session_user::text), to_json(reason), to_json(core.microseconds(at))));
  PERFORM core.write_audit(who,
    CASE decision WHEN 'released' THEN 'want release of set-aside' ELSE 'want reject of set-aside' END, item, reason);
  NOTIFY scanstream_wishes;
  RETURN 'Wanted. What comes of it stands in scanstream.set_aside.';
END $$;

COMMENT ON FUNCTION core.wish IS 'Write down what a person wants done with what was set aside; the gateway does it';

REVOKE EXECUTE ON FUNCTION core.harmless_words, core.forms, core.words_of, core.spellings, core.names_anybody,
  core.names_somebody, core.patients_about, core.why_not_written FROM PUBLIC;
GRANT EXECUTE ON FUNCTION core.names_somebody TO scanstream_worker;
GRANT EXECUTE ON FUNCTION core.why_not_written TO scanstream_worker, scanstream_gateway;
-- who writes a patient to the vault writes to its index
GRANT EXECUTE ON FUNCTION core.plain, core.harmless_words, core.forms, core.words_of, core.spellings
  TO scanstream_gateway;

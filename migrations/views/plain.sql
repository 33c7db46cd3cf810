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

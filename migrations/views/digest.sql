-- The rule of stream/timeline/digest.py: compact JSON, of which to_json writes each value as Python does. A time has to
-- come as its microseconds, bytes as hex.
CREATE OR REPLACE FUNCTION core.digest(VARIADIC parts json[]) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT sha256(convert_to('[' || string_agg(coalesce(part::text, 'null'), ',' ORDER BY place) || ']', 'UTF8'))
  FROM unnest(parts) WITH ORDINALITY AS p(part, place)
$$;

COMMENT ON FUNCTION core.digest IS 'Hash of a row that a function of SQL writes';

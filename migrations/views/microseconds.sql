CREATE OR REPLACE FUNCTION core.microseconds(at timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT (extract(epoch FROM at) * 1000000)::bigint
$$;

COMMENT ON FUNCTION core.microseconds IS 'A time as it is hashed: microseconds since 1970 in UTC';

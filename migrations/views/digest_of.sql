-- The rule of docs/protocol.md 6, for rows that functions write: times as microseconds, bytes as hex.
CREATE OR REPLACE FUNCTION core.digest_of(VARIADIC parts json[]) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256(convert_to('[' || string_agg(coalesce(u.part::text, 'null'), ',' ORDER BY u.number) || ']', 'UTF8'))
  FROM unnest(parts) WITH ORDINALITY u(part, number) $$;

COMMENT ON FUNCTION core.digest_of IS 'sha256 over the compact JSON of the parts';

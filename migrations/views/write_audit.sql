-- The same chain as stream/storage/audit.py writes, under the same lock (stream/storage/locks.py), which is the last.
CREATE OR REPLACE FUNCTION core.write_audit(who text, what text, subject text, why text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, core, pg_temp AS $$
DECLARE
  before bytea;
  seq bigint;
  at timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock(4713);
  SELECT a.digest INTO before FROM core.audit a ORDER BY a.seq DESC LIMIT 1;
  seq := nextval(pg_get_serial_sequence('core.audit', 'seq'));
  at := clock_timestamp();
  INSERT INTO core.audit (seq, at, who, what, subject, why, digest) OVERRIDING SYSTEM VALUE
  VALUES (seq, at, who, what, subject, why, core.digest(
    to_json(coalesce(encode(before, 'hex'), '')), to_json(seq), to_json(core.microseconds(at)), to_json(who),
    to_json(what), to_json(subject), to_json(why), NULL));
END $$;

COMMENT ON FUNCTION core.write_audit IS 'Log in this transaction who did what to what, and why';

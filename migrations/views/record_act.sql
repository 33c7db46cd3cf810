CREATE OR REPLACE FUNCTION core.record_act(who text, what text, subject text, why text, at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = core, pg_temp AS $$
DECLARE before bytea; number bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(4713); -- one writer at a time (stream/storage/locks.py)
  SELECT a.digest INTO before FROM audit a ORDER BY a.seq DESC LIMIT 1;
  number := nextval(pg_get_serial_sequence('core.audit', 'seq'));
  INSERT INTO audit (seq, at, who, what, subject, why, snapshot, digest) OVERRIDING SYSTEM VALUE
  VALUES (number, at, who, what, subject, why, NULL, digest_of(
    to_json(coalesce(encode(before, 'hex'), '')), to_json(number), to_json((extract(epoch FROM at) * 1000000)::bigint),
    to_json(who), to_json(what), to_json(subject), to_json(why), NULL));
END $$;

COMMENT ON FUNCTION core.record_act IS 'Log in this transaction who did what to what, and why';

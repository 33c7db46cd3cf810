-- Three beats may be missed.
CREATE OR REPLACE FUNCTION core.is_heard(at timestamptz) RETURNS boolean
LANGUAGE sql STABLE
RETURN at > now() - interval '30 seconds';

COMMENT ON FUNCTION core.is_heard IS 'Whether a process that was last heard at this time runs, as far as is known';

-- Runs with its owner's rights, so that who reads a view that calls it needs no right on any table.
CREATE OR REPLACE FUNCTION core.local_day(at timestamptz) RETURNS date
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT (at AT TIME ZONE coalesce((SELECT value FROM service WHERE name = 'time_zone'), 'UTC'))::date $$;

COMMENT ON FUNCTION core.local_day IS 'Calendar day in the TIME_ZONE of the service';

-- Runs with its owner's rights, so that who reads a view that calls it needs no right on any table.
CREATE OR REPLACE FUNCTION core.scan_clock(at timestamptz, utc_offset_minutes integer) RETURNS timestamp
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT coalesce(
    at AT TIME ZONE 'UTC' + make_interval(mins => utc_offset_minutes),
    at AT TIME ZONE coalesce((SELECT value FROM service WHERE name = 'time_zone'), 'UTC')) $$;

COMMENT ON FUNCTION core.scan_clock IS
  'What the clock showed in the zone of a scan, in that of the service where it is not known';

-- Runs with its owner's rights, so that a reader needs no right on any table.
CREATE OR REPLACE FUNCTION scanstream.endpoint_status_as_of(day timestamptz) RETURNS SETOF scanstream.endpoint_status
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT q.patient_id, q.line, q.endpoint, q.status, q.since, q.because, q.scan_uid, q.baseline_at, q.nadir_at,
    q.superseded_at, q.superseded_because, q.computed_at
  FROM endpoint_statuses q
  WHERE q.computed_at <= day AND day < coalesce(q.superseded_at, 'infinity') $$;

COMMENT ON FUNCTION scanstream.endpoint_status_as_of IS 'endpoint_status as it stood at a moment';

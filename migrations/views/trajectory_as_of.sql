-- Runs with its owner's rights, so that a reader needs no right on any table.
CREATE OR REPLACE FUNCTION scanstream.trajectory_as_of(day timestamptz) RETURNS SETOF scanstream.trajectory
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT p.patient_id, p.at, local_day(p.at) - local_day(p.first_at), p.id, p.revision, m.lesion_uid, m.lesion_label,
    m.body_site, m.measurement, m.value, m.unit, m.source
  FROM (SELECT *, min(at) OVER (PARTITION BY patient_id) AS first_at FROM placements
        WHERE kind = 'scan' AND placed_at <= day AND day < coalesce(ended_at, 'infinity')) p
  JOIN measurements m ON m.scan_uid = p.id AND m.revision = p.revision $$;

COMMENT ON FUNCTION scanstream.trajectory_as_of IS 'trajectory as it stood at a moment';

-- Runs with its owner's rights, so that a reader needs no right on any table.
CREATE OR REPLACE FUNCTION scanstream.trajectory_as_of(day timestamptz) RETURNS SETOF scanstream.trajectory
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT p.patient_id, p.at, p.day - p.first_day, p.id, p.revision, m.lesion_uid, m.lesion_label,
    m.body_site, m.measurement, m.value, m.unit, m.source
  FROM (SELECT *, min(s.day) OVER (PARTITION BY s.patient_id) AS first_day
        FROM (SELECT p.patient_id, p.at, p.id, p.revision, scan_clock(p.at, r.utc_offset_minutes)::date AS day
              FROM placements p JOIN revisions r ON r.scan_uid = p.id AND r.revision = p.revision
              WHERE p.kind = 'scan' AND p.placed_at <= $1 AND $1 < coalesce(p.ended_at, 'infinity')) s) p
  JOIN measurements m ON m.scan_uid = p.id AND m.revision = p.revision $$;

COMMENT ON FUNCTION scanstream.trajectory_as_of IS 'trajectory as it stood at a moment';

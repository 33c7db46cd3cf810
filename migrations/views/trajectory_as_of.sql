-- Runs with its owner's rights, so that a reader needs no right on any table.
CREATE OR REPLACE FUNCTION scanstream.trajectory_as_of(day timestamptz) RETURNS SETOF scanstream.trajectory
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT p.patient_id, p.at, p.day - p.first_day, p.id, p.revision, m.lesion_uid, m.lesion_label,
    m.body_site, m.measurement,
    CASE WHEN m.measurement = 'sum_of_diameters' AND j.judged THEN j.sum_mm ELSE m.value END, m.unit, m.source
  FROM (SELECT *, min(s.day) OVER (PARTITION BY s.patient_id) AS first_day
        FROM (SELECT p.patient_id, p.at, p.id, p.revision, scan_clock(p.at, r.utc_offset_minutes)::date AS day
              FROM placements p JOIN revisions r ON r.scan_uid = p.id AND r.revision = p.revision
              WHERE p.kind = 'scan' AND p.placed_at <= $1 AND $1 < coalesce(p.ended_at, 'infinity')) s) p
  JOIN measurements m ON m.scan_uid = p.id AND m.revision = p.revision
  -- what is judged is the sum of the lesions that are followed, never a part of it
  LEFT JOIN LATERAL (
    SELECT true AS judged, v.scan_uid = p.id AS last, r.sum_of_diameters AS sum_mm
    FROM visits v
    LEFT JOIN responses r ON r.patient_id = v.patient_id AND r.criterion = 'RECIST 1.1' AND r.line = v.line
      AND r.scan_uid = v.scan_uid AND r.computed_at <= $1 AND $1 < coalesce(r.superseded_at, 'infinity')
    WHERE v.patient_id = p.patient_id AND p.id = ANY (v.scans) AND
      v.computed_at <= $1 AND $1 < coalesce(v.superseded_at, 'infinity')
      AND (r.baseline_sum IS NOT NULL OR v.scan_uid <> p.id)) j ON m.measurement = 'sum_of_diameters'
  WHERE m.measurement <> 'sum_of_diameters' OR j.judged IS NULL OR (j.last AND j.sum_mm IS NOT NULL) $$;

COMMENT ON FUNCTION scanstream.trajectory_as_of IS 'trajectory as it stood at a moment';

-- Runs with its owner's rights, so that a reader needs no right on any table.
CREATE OR REPLACE FUNCTION scanstream.visit_as_of(day timestamptz) RETURNS SETOF scanstream.visit
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT v.patient_id, v.scan_uid, v.line, v.at, v.scans, v.time_point,
    (SELECT r.completeness FROM revisions r WHERE r.scan_uid = v.scan_uid AND r.accepted_at <= day
      ORDER BY r.revision DESC LIMIT 1),
    v.superseded_at, v.superseded_because, v.computed_at, v.at + g.gap, v.at + g.gap * 1.5
  FROM visits v
  CROSS JOIN LATERAL (
    SELECT core.usual_gap(v.at, (
      SELECT max(b.at) FROM visits b
      WHERE b.patient_id = v.patient_id AND b.at < v.at
        AND b.computed_at <= day AND day < coalesce(b.superseded_at, 'infinity'))) AS gap) g
  WHERE v.computed_at <= day AND day < coalesce(v.superseded_at, 'infinity') $$;

COMMENT ON FUNCTION scanstream.visit_as_of IS 'visit as it stood at a moment';

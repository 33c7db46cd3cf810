-- Runs with its owner's rights, so that a reader needs no right on any table.
CREATE OR REPLACE FUNCTION scanstream.tumour_presence_as_of(day timestamptz) RETURNS SETOF scanstream.tumour_presence
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT p.patient_id, 'tumour_presence'::text, 'now'::text, NULL::int, s.probability, s.low, s.high, s.model,
    s.weights_version, p.id, p.revision, p.at, w.measured_at, r.final_at IS NULL OR r.final_at > $1, s.series_uid,
    s.slices, s.slice_number, s.instance_uid, s.learned_from, s.picture, s.occlusion, s.gradient, s.gates
  FROM placements p
  JOIN slice_scores s ON s.scan_uid = p.id AND s.revision = p.revision
  JOIN revisions r ON r.scan_uid = p.id AND r.revision = p.revision
  JOIN assembly w ON w.scan_uid = p.id AND w.revision = p.revision
  WHERE p.kind = 'scan' AND p.placed_at <= $1 AND $1 < coalesce(p.ended_at, 'infinity') $$;

COMMENT ON FUNCTION scanstream.tumour_presence_as_of IS 'tumour_presence as it stood at a moment';

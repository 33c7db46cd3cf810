-- Runs with its owner's rights, so that a reader needs no right on any table.
CREATE OR REPLACE FUNCTION scanstream.lesion_as_of(day timestamptz) RETURNS SETOF scanstream.lesion
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT v.patient_id, l.lesion_id, v.line, l.role, l.organ, coalesce(l.node, false),
    min(v.at) FILTER (WHERE l.state IN ('measured', 'too_small', 'present'))
      OVER (PARTITION BY v.patient_id, l.lesion_id),
    l.evidence, l.score, v.scan_uid, v.at, l.lesion_uid, l.label, l.state,
    l.long_axis_mm, l.short_axis_mm, l.volume_ml, v.superseded_at, l.perhaps, coalesce(l.progressed, false)
  FROM visits v
  CROSS JOIN LATERAL jsonb_to_recordset(v.lesions::jsonb) AS l(
    lesion_id text, role text, organ text, node boolean, evidence text, score float8, lesion_uid text, label text,
    state text, long_axis_mm float8, short_axis_mm float8, volume_ml float8, perhaps text,
    progressed boolean)
  WHERE v.computed_at <= day AND day < coalesce(v.superseded_at, 'infinity') $$;

COMMENT ON FUNCTION scanstream.lesion_as_of IS 'lesion as it stood at a moment';

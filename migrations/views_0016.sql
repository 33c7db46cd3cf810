CREATE OR REPLACE VIEW scanstream.visit AS
  SELECT v.patient_id, v.scan_uid AS visit_id, v.line, v.at AS acquired_at, v.scans, v.time_point AS instances_of,
    (SELECT r.completeness FROM core.revisions r WHERE r.scan_uid = v.scan_uid ORDER BY r.revision DESC LIMIT 1)
      AS completeness,
    v.superseded_at, v.superseded_because, v.computed_at,
    v.at + g.gap AS next_usual_at, v.at + g.gap * 1.5 AS overdue_after
  FROM core.visits v
  -- by the visits that stand with it, or stood with it last
  CROSS JOIN LATERAL (
    SELECT core.usual_gap(v.at, (
      SELECT max(b.at) FROM core.visits b
      WHERE b.patient_id = v.patient_id AND b.at < v.at
        AND b.computed_at < coalesce(v.superseded_at, 'infinity')
        AND coalesce(v.superseded_at, 'infinity') <= coalesce(b.superseded_at, 'infinity'))) AS gap) g;

COMMENT ON VIEW scanstream.visit IS
  'The scans of each assessment: one timepoint, one step, one verdict';
COMMENT ON COLUMN scanstream.visit.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.visit.visit_id IS 'Pseudonym of its last scan: what rows of the visit stand under';
COMMENT ON COLUMN scanstream.visit.line IS
  'Line of therapy: that whose baseline it is, else the one in force before it';
COMMENT ON COLUMN scanstream.visit.acquired_at IS 'When its first scan was acquired';
COMMENT ON COLUMN scanstream.visit.scans IS 'Pseudonyms of its scans in their order';
COMMENT ON COLUMN scanstream.visit.instances_of IS
  'Clinical Trial Time Point ID that joins them; null where none is stated';
COMMENT ON COLUMN scanstream.visit.completeness IS 'Why its last scan was taken as complete';
COMMENT ON COLUMN scanstream.visit.superseded_at IS 'When it stopped standing; null: it stands';
COMMENT ON COLUMN scanstream.visit.superseded_because IS 'Why it no longer stands';
COMMENT ON COLUMN scanstream.visit.computed_at IS 'When it was computed';
COMMENT ON COLUMN scanstream.visit.next_usual_at IS
  'When the next visit is usual: as long after it as it came after the one before, of a first visit seven weeks';
COMMENT ON COLUMN scanstream.visit.overdue_after IS
  'After which moment the next visit is overdue: half as long again';

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

-- Runs with its owner's rights, so that a reader needs no right on any table.
CREATE OR REPLACE FUNCTION scanstream.lesion_as_of(day timestamptz) RETURNS SETOF scanstream.lesion
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT v.patient_id, l.lesion_id, v.line, l.role, l.organ, coalesce(l.node, false),
    min(v.at) FILTER (WHERE l.state IN ('measured', 'too_small', 'present'))
      OVER (PARTITION BY v.patient_id, l.lesion_id),
    l.evidence, l.score, v.scan_uid, v.at, l.lesion_uid, l.label, l.state,
    l.long_axis_mm, l.short_axis_mm, l.volume_ml, v.superseded_at, l.perhaps
  FROM visits v
  CROSS JOIN LATERAL jsonb_to_recordset(v.lesions::jsonb) AS l(
    lesion_id text, role text, organ text, node boolean, evidence text, score float8, lesion_uid text, label text,
    state text, long_axis_mm float8, short_axis_mm float8, volume_ml float8, perhaps text)
  WHERE v.computed_at <= day AND day < coalesce(v.superseded_at, 'infinity') $$;

COMMENT ON FUNCTION scanstream.lesion_as_of IS 'lesion as it stood at a moment';

GRANT EXECUTE ON FUNCTION scanstream.visit_as_of, scanstream.lesion_as_of TO
  scanstream_gateway, scanstream_worker, scanstream_dashboard, scanstream_reader, scanstream_vault;

-- Runs with its owner's rights, so that who reads a view that calls it needs no right on any table.
CREATE OR REPLACE FUNCTION core.scan_clock(at timestamptz, utc_offset_minutes integer) RETURNS timestamp
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT coalesce(
    at AT TIME ZONE 'UTC' + make_interval(mins => utc_offset_minutes),
    at AT TIME ZONE coalesce((SELECT value FROM service WHERE name = 'time_zone'), 'UTC')) $$;

COMMENT ON FUNCTION core.scan_clock IS
  'What the clock showed in the zone of a scan, in that of the service where it is not known';
CREATE OR REPLACE VIEW scanstream.trajectory AS
  SELECT p.patient_id, p.at AS acquired_at,
    p.day - p.first_day AS day,
    p.id AS scan_uid, p.revision, m.lesion_uid, m.lesion_label, m.body_site, m.measurement, m.value, m.unit, m.source
  FROM (SELECT *, min(day) OVER (PARTITION BY patient_id) AS first_day
        FROM (SELECT p.patient_id, p.at, p.id, p.revision, core.scan_clock(p.at, r.utc_offset_minutes)::date AS day
              FROM core.placements p JOIN core.revisions r ON r.scan_uid = p.id AND r.revision = p.revision
              WHERE p.kind = 'scan' AND p.ended_by IS NULL) s) p
  JOIN core.measurements m ON m.scan_uid = p.id AND m.revision = p.revision;

COMMENT ON VIEW scanstream.trajectory IS 'Measured values of the standing scans over time';
COMMENT ON COLUMN scanstream.trajectory.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.trajectory.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.trajectory.day IS 'Whole calendar days since the first standing scan, each in its own zone';
COMMENT ON COLUMN scanstream.trajectory.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.trajectory.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.trajectory.lesion_uid IS 'Pseudonym of the lesion; null: whole patient';
COMMENT ON COLUMN scanstream.trajectory.lesion_label IS 'The report''s name for the lesion';
COMMENT ON COLUMN scanstream.trajectory.body_site IS 'Where the lesion is';
COMMENT ON COLUMN scanstream.trajectory.measurement IS 'What was measured';
COMMENT ON COLUMN scanstream.trajectory.value IS 'Value in the unit beside it';
COMMENT ON COLUMN scanstream.trajectory.unit IS 'mm, ml, % or 1';
COMMENT ON COLUMN scanstream.trajectory.source IS 'SR, SEG, model or import';
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
CREATE OR REPLACE VIEW scanstream.scan_status AS
  SELECT w.scan_uid, w.revision, core.root(coalesce(a.patient_id, s.received_as)) AS patient_id,
    ARRAY(
      SELECT DISTINCT i.modality FROM core.instances i
      WHERE i.scan_uid = w.scan_uid AND (r.scan_uid IS NULL OR EXISTS (
        SELECT FROM core.revision_instances ri
        WHERE ri.scan_uid = w.scan_uid AND ri.revision = w.revision AND ri.instance_uid = i.instance_uid))
      ORDER BY i.modality) AS modality,
    -- before the revision is made, all instances of the scan that have come so far
    CASE
      WHEN r.scan_uid IS NULL THEN (SELECT count(*)::int FROM core.instances i WHERE i.scan_uid = w.scan_uid)
      ELSE (
        SELECT count(*)::int FROM core.revision_instances ri
        WHERE ri.scan_uid = w.scan_uid AND ri.revision = w.revision)
    END AS instances,
    CASE
      WHEN d.decision = 'rejected' THEN 'rejected'
      WHEN g.fold_id IS NULL OR w.status = 'set_aside' THEN w.status
      WHEN p.id IS NOT NULL THEN 'applied'
      ELSE coalesce((
        SELECT j.kind FROM core.standing_rejections j
        WHERE j.scan_uid = w.scan_uid AND j.revision >= w.revision
        ORDER BY j.revision LIMIT 1), 'superseded')
    END AS status,
    w.reason_code,
    coalesce(
      w.reason,
      nullif(concat_ws('; ', f.note, CASE WHEN r.dated_apart IS NOT NULL THEN format(
        'of another day than the scan: image %s', array_to_string(r.dated_apart, ', ')) END), ''),
      CASE WHEN p.id IS NOT NULL AND NOT EXISTS (
        SELECT FROM core.states t WHERE t.scan_uid = w.scan_uid AND t.superseded_by IS NULL)
      THEN 'no model applies' END) AS reason,
    coalesce(r.completeness, w.completeness) AS completeness,
    r.final_at IS NULL AS provisional,
    coalesce(r.accepted_at, w.changed_at) AS accepted_at,
    o.computed_at AS applied_at,
    r.acquired_at,
    core.scan_clock(r.acquired_at, r.utc_offset_minutes) AS acquired_local
  FROM core.assembly w
  JOIN core.scans s ON s.scan_uid = w.scan_uid
  LEFT JOIN core.assignments a ON a.scan_uid = w.scan_uid
  LEFT JOIN core.revisions r ON r.scan_uid = w.scan_uid AND r.revision = w.revision
  -- a scan may have features of its image beside these: one row for each scan all the same
  LEFT JOIN core.features f ON f.scan_uid = w.scan_uid AND f.revision = w.revision
    AND f.feature_version = 'measurements-1'
  LEFT JOIN core.ledger g ON g.kind = 'scan' AND g.id = w.scan_uid AND g.revision = w.revision
  LEFT JOIN core.folds o ON o.fold_id = g.fold_id
  LEFT JOIN core.placements p ON p.kind = 'scan' AND p.id = w.scan_uid AND p.revision = w.revision
    AND p.ended_by IS NULL
  LEFT JOIN LATERAL (
    SELECT i.decision FROM core.set_asides i
    WHERE i.scan_uid = w.scan_uid AND i.revision = w.revision
    ORDER BY i.set_aside_at DESC LIMIT 1) d ON true;

COMMENT ON VIEW scanstream.scan_status IS 'How far each revision of each scan has come';
COMMENT ON COLUMN scanstream.scan_status.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.scan_status.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.scan_status.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.scan_status.modality IS 'Sorted list of the modalities in the revision';
COMMENT ON COLUMN scanstream.scan_status.instances IS 'Number of instances in the revision';
COMMENT ON COLUMN scanstream.scan_status.status IS
  'receiving, measuring, waiting, applied, superseded, rejected, retracted or set_aside';
COMMENT ON COLUMN scanstream.scan_status.reason_code IS 'Why it was set aside, as a code';
COMMENT ON COLUMN scanstream.scan_status.reason IS 'Why, in words';
COMMENT ON COLUMN scanstream.scan_status.completeness IS 'Why the scan was taken as complete';
COMMENT ON COLUMN scanstream.scan_status.provisional IS 'True until the scan revision is final';
COMMENT ON COLUMN scanstream.scan_status.accepted_at IS 'When the revision was accepted';
COMMENT ON COLUMN scanstream.scan_status.applied_at IS 'When it first counted on the timeline';
COMMENT ON COLUMN scanstream.scan_status.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.scan_status.acquired_local IS 'What the clock showed then in the zone of the scan';

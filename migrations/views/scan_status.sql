CREATE OR REPLACE VIEW scanstream.scan_status AS
  SELECT w.scan_uid, w.revision, core.root(coalesce(a.patient_id, s.received_as)) AS patient_id,
    -- before the revision is made, of all instances of the scan that have come so far
    coalesce(w.modality, ARRAY(
      SELECT DISTINCT i.modality FROM core.instances i WHERE i.scan_uid = w.scan_uid ORDER BY i.modality)) AS modality,
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
      THEN CASE WHEN EXISTS (
        SELECT FROM core.visits v
        WHERE v.patient_id = p.patient_id AND v.superseded_by IS NULL AND p.id = ANY (v.scans) AND v.scan_uid <> p.id)
      THEN 'counts with a later scan of the same visit' ELSE 'no model applies' END END) AS reason,
    coalesce(r.completeness, w.completeness) AS completeness,
    r.final_at IS NULL AS provisional,
    coalesce(r.accepted_at, w.changed_at) AS accepted_at,
    o.computed_at AS applied_at,
    r.acquired_at,
    core.scan_clock(r.acquired_at, r.utc_offset_minutes) AS acquired_local,
    (SELECT o.calling_ae FROM core.receipts c JOIN core.associations o USING (association_id)
      WHERE c.scan_uid = w.scan_uid ORDER BY c.received_at LIMIT 1) AS sender,
    w.begun_at,
    (SELECT c.received_at FROM core.receipts c WHERE c.scan_uid = w.scan_uid ORDER BY c.received_at LIMIT 1)
      AS received_at,
    w.measured_at
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
COMMENT ON COLUMN scanstream.scan_status.sender IS 'AE title that sent its first file; null: imported from a table';
COMMENT ON COLUMN scanstream.scan_status.begun_at IS 'When the first of the revision was there';
COMMENT ON COLUMN scanstream.scan_status.received_at IS 'When the first file of the scan was received';
COMMENT ON COLUMN scanstream.scan_status.measured_at IS
  'When it was measured; null: it was not, or before that was noted';

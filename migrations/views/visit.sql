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
